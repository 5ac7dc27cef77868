"""``whatif explore``: what is refused before anything listens, and what is printed when it does."""

from __future__ import annotations

import importlib.util
import socket
import sys

import pytest

DESIGN = ("--model", "dit-xl-2", "--hw", "h100")
EVERYWHERE = "0.0.0.0"  # noqa: S104
needs_flask = pytest.mark.skipif(
    importlib.util.find_spec("flask") is None or importlib.util.find_spec("waitress") is None,
    reason="no Flask or no waitress: pip install 'roofcast[explore]'",
)


@needs_flask
@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ((), "give --model NAME and --hw NAME"),
        (("--model", "sdxl", "--hw", "h101"), "no accelerator 'h101'"),
        (("--model", "nothing", "--hw", "h100"), "unknown model 'nothing'"),
        ((*DESIGN, "--set", "memory.dram.bandwith=2x"), "unknown path"),
        ((*DESIGN, "--address", "no.such.host.invalid"), "cannot listen on no.such.host.invalid"),
    ],
)
def test_errors_are_one_line(run, arguments, part):
    done = run("explore", "--port", "0", *arguments)
    assert (done.status, done.err.count("\n"), done.out) == (2, 1, "")
    assert part in done.err


@needs_flask
def test_a_port_in_use_is_said(run):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("explore", *DESIGN, "--port", port)
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert (
        f"cannot listen on 127.0.0.1 port {port}: Address already in use; --port 0 takes one that is free" in done.err
    )


def test_without_its_libraries_it_says_what_to_install(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "flask", None)
    done = run("explore")
    assert (done.status, done.err) == (2, "whatif: error: this needs flask: pip install 'roofcast[explore]'\n")


@needs_flask
@pytest.mark.parametrize(("address", "begins"), [("127.0.0.1", "http://127.0.0.1:"), (EVERYWHERE, "http://0.0.0.0:")])
def test_it_says_where_it_answers(run, monkeypatch, address, begins):
    import waitress

    served = []

    class Running:
        def run(self):
            """End at once."""

    def create(app, sockets, threads):
        served.append(app)
        sockets[0].close()
        return Running()

    monkeypatch.setattr(waitress, "create_server", create)
    done = run("explore", *DESIGN, "--port", "0", "--address", address)
    page, line = done.out.splitlines()
    assert page.startswith(begins)
    assert line == "Ctrl-C ends it."
    client = served[0].test_client()
    if address == "127.0.0.1":
        assert page.endswith("/")
        assert b"What would other hardware bring?" in client.get("/").data
    else:
        assert client.get("/").status_code == 403
        assert client.get(f"/?{page.partition('?')[2]}").status_code == 302
