"""The page over HTTP: what it answers, and whom it lets in."""

from __future__ import annotations

import re

import pytest
import yaml

pytest.importorskip("flask", reason="no Flask: pip install 'roofcast[explore]'")

from simulator.whatif.explore.server import COOKIE, Server

DESIGN = "model=dit-xl-2&hw=h100"
SECOND = "&b.model=dit-xl-2&b.hw=h100&b.set=memory.dram.bandwidth%3D2x"


@pytest.fixture(scope="module")
def server(offer):
    made = Server(offer, DESIGN)
    made.workshop.patience = 60.0
    return made


@pytest.fixture
def client(server):
    return server.app.test_client()


def test_the_page_forbids_all_but_its_own_code(client):
    answer = client.get("/")
    assert answer.status_code == 200
    assert "default-src 'none'; script-src 'self';" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert '"start":"model=dit-xl-2\\u0026hw=h100"' in answer.text
    for name in ("explore.js", "explore.css", "report.css", "plotly.js"):
        assert client.get(f"/{name}").status_code == 200
    assert client.get("/server.py").status_code == 404


def test_figures_of_a_design(client):
    found = client.get(f"/api/figures?{DESIGN}").json
    assert found["low"] < found["latency"] < found["high"]
    faster = client.get(f"/api/figures?{DESIGN}&set=cores.clock%3D1.5x").json
    assert faster["latency"] < found["latency"]
    assert client.get(f"/api/form?{DESIGN}").json["design"]["hw"] == "h100-sxm5-80gb"
    assert len(client.get(f"/api/parts?{DESIGN}").json["kernels"]) > 10


def test_two_designs_have_a_ratio(client):
    found = client.get(f"/api/details?{DESIGN}{SECOND}").json
    assert len(found["designs"]) == 2
    assert found["ratio"]["low"] < found["ratio"]["ratio"] < found["ratio"]["high"]
    assert client.get(f"/api/details?{DESIGN}").json["ratio"] is None


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("", "give model=NAME"),
        ("model=dit-xl-2", "give hw=NAME"),
        (f"{DESIGN}&batch=four", "batch needs an integer"),
        (f"{DESIGN}&batch=0", "batch"),
        (f"{DESIGN}&set=cores.count%3D-1", "cores.count"),
        (f"{DESIGN}&set=nonsense", "is not 'path=value'"),
        (f"{DESIGN}&set=memory.dram.bandwidth%3D1e30x", "memory.dram.bandwidth"),
        (f"{DESIGN}&num_frames=4", "dit-xl-2 has no setting num_frames"),
        (f"{DESIGN}&parallel=sideways%3D2", "is no split"),
        (f"{DESIGN}&attention=sideways", "sideways"),
        (f"{DESIGN}&<script>=1", "nothing that a design has"),
    ],
)
@pytest.mark.parametrize("path", ["api/figures", "api/details", "save/report.html"])
def test_nonsense_is_answered_in_a_line(client, path, query, says):
    answer = client.get(f"/{path}?{query}")
    assert answer.status_code == 400
    assert says in answer.json["error"]
    assert "\n" not in answer.json["error"]


def test_what_is_saved(client):
    part = client.get(f"/save/accelerator.yaml?{DESIGN}&set=memory.dram.bandwidth%3D2x")
    assert part.headers["Content-Disposition"] == 'attachment; filename="accelerator.yaml"'
    assert yaml.safe_load(part.text)["memory"]["dram"]["bandwidth"] == "6700000000000.0 B/s"
    both = client.get(f"/save/study.yaml?{DESIGN}{SECOND}")
    assert len(yaml.safe_load(both.text)["designs"]) == 2
    report = client.get(f"/save/report.html?{DESIGN}&parallel=ulysses%3D2")
    assert report.text.startswith("<!DOCTYPE html>")
    assert "simulate --model dit-xl-2" in report.text
    assert re.search(r"2 \(.*ulysses.*\), speed-up \d", report.text)
    assert client.get(f"/save/report.html?{DESIGN}{SECOND}").status_code == 400


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8640", 200),
        ("localhost", 200),
        ("[::1]:8640", 200),
        ("evil.example:8640", 403),
        ("127.0.0.1.evil.example", 403),
    ],
)
def test_other_names_of_this_machine_are_refused(client, host, status):
    assert client.get("/", headers={"Host": host}).status_code == status


def test_pages_of_other_sites_ask_in_vain(client):
    asked = client.get(f"/api/figures?{DESIGN}", headers={"Sec-Fetch-Site": "cross-site"})
    assert asked.status_code == 403
    assert client.get("/", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200
    assert client.get(f"/?{'a' * 40000}").status_code == 414
    assert client.post("/").status_code == 405


def test_elsewhere_everything_needs_the_token(offer):
    client = Server(offer, DESIGN, token="secret").app.test_client()  # noqa: S106
    for path in ("/", "/plotly.js", f"/api/figures?{DESIGN}", "/?token=wrong", f"/api/figures?token=secret&{DESIGN}"):
        assert client.get(path).status_code == 403
    given = client.get(f"/?token=secret&{DESIGN}")
    assert given.status_code == 302
    assert given.headers["Location"] == "/?model=dit-xl-2&hw=h100"
    assert "HttpOnly" in given.headers["Set-Cookie"]
    assert "SameSite=Strict" in given.headers["Set-Cookie"]
    assert client.get_cookie(COOKIE).value == "secret"
    assert client.get(f"/api/form?{DESIGN}").status_code == 200


def test_with_a_token_the_machine_may_have_any_name(offer):
    client, elsewhere = Server(offer, DESIGN, token="secret").app.test_client(), "http://machine.example"  # noqa: S106
    assert client.get("/", base_url=elsewhere).status_code == 403
    assert client.get("/?token=secret", base_url=elsewhere).status_code == 302
    assert client.get("/", base_url=elsewhere).status_code == 200
