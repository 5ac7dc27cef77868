"""``whatif sweep``: its summary, its complaints, and going on where it was."""

import json

import pytest
import yaml

pytest.importorskip("pyarrow")

CONTENT = {
    "title": "small",
    "models": "stable-diffusion",
    "hw": "h100",
    "sampling": {"method": "latin-hypercube", "samples": 6},
    "fields": {"memory.dram.bandwidth": {"low": "0.5x", "high": "2x"}},
    "plots": [{"kind": "line", "x": "memory.dram.bandwidth"}],
}


def _file(tmp_path, **changes):
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(CONTENT | changes), encoding="utf-8")
    return path


def test_the_summary_is_an_object(run, tmp_path):
    done = run("sweep", _file(tmp_path), "-o", tmp_path / "r", "--summary")
    assert (done.status, done.err) == (0, "")
    found = json.loads(done.out)
    assert list(found) == ["designs", "seconds", "designs_per_second", "failures"]
    assert (found["designs"], found["failures"]) == (6, 0)
    again = run("sweep", _file(tmp_path), "-o", tmp_path / "r", "--workers", 1)
    assert "all there before" in again.out
    assert (tmp_path / "r" / "_plots" / "1-line-latency.png").is_file()


def test_every_complaint_is_a_line(run, tmp_path):
    done = run("sweep", _file(tmp_path, hw="h1000", settings={"batch": "two"}), "-o", tmp_path / "r")
    lines = done.err.splitlines()
    assert done.status == 2
    assert len(lines) == 2
    assert all(line.startswith("whatif: error: study.yaml: ") for line in lines)


@pytest.mark.parametrize("content", ["", "[]", "a: b: c", "\x00", "models: {a: [b]}\n", "fields: 3\nmodels: sdxl"])
def test_nonsense_is_refused(run, tmp_path, content):
    path = tmp_path / "study.yaml"
    path.write_text(content, encoding="utf-8")
    done = run("sweep", path, "-o", tmp_path / "r")
    assert done.status == 2
    assert done.out == ""
    assert done.err.startswith("whatif: error: ")


def test_a_missing_file_and_another_study_are_refused(run, tmp_path):
    assert "cannot be read" in run("sweep", tmp_path / "none.yaml", "-o", tmp_path / "r").err
    run("sweep", _file(tmp_path), "-o", tmp_path / "r", "--summary")
    done = run("sweep", _file(tmp_path, models="llama2-7b"), "-o", tmp_path / "r")
    assert done.err.count("\n") == 1
    assert "holds results of another study; give another folder" in done.err
