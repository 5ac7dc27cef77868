"""``whatif search``: its front as JSON and as a table, and its files."""

import json

import pytest
import yaml

pytest.importorskip("pymoo")

CONTENT = {
    "title": "small",
    "models": "stable-diffusion",
    "hw": "h100",
    "fidelity": "roofline",
    "fields": {"memory.dram.bandwidth": {"low": "0.5x", "high": "2x"}, "cores.count": {"low": 66, "high": 264}},
    "search": {"objectives": ["latency", "peak_memory"], "population": 8, "generations": 2},
}


def test_a_front_is_printed_and_written(run, tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(CONTENT), encoding="utf-8")
    done = run("search", path, "-o", tmp_path / "front", "--format", "json")
    rows = json.loads(done.out)
    assert rows
    assert {"design", "memory.dram.bandwidth", "cores.count", "latency", "fits"} <= set(rows[0])
    assert len(list((tmp_path / "front").glob("design-*.yaml"))) == len(rows)
    table = run("search", path, "-o", tmp_path / "front", "--report", tmp_path / "front.html")
    assert table.out.startswith("small: best in latency, peak_memory, ")
    assert "best in latency and peak memory" in (tmp_path / "front.html").read_text(encoding="utf-8")


def test_designs_one_by_one_are_no_search(run, tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump({**CONTENT, "fields": {}, "designs": [{"batch": 1}]}), encoding="utf-8")
    done = run("search", path, "-o", tmp_path / "front")
    assert done.status == 2
    assert "designs: " in done.err
