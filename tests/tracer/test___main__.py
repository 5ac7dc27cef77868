"""The ``trace`` command: graphs, lengths and the bundle, and one line for everything that a user can mend."""

from __future__ import annotations

import csv
import io
import json

import pytest

from tracer import __main__ as command_line
from tracer.storage.graph_file import load_graph


@pytest.fixture
def run(command):
    """Function that runs ``trace`` with some arguments in this process."""
    return command("trace", command_line.main)


@pytest.fixture
def quick(monkeypatch, stable_diffusion_graph) -> None:
    """Every workload is a graph that has been traced already."""
    monkeypatch.setattr(command_line, "graph_of", lambda name, settings, **kwargs: stable_diffusion_graph)


@pytest.mark.torch
def test_a_graph_file(run, tmp_path):
    path = tmp_path / "sd.npz"
    settings = ("--height", 64, "--width", 64, "--num-inference-steps", 2, "--guidance-scale", 1)
    done = run("graph", "--model", "sd1.5", "--output", path, *settings)
    assert done.status == 0
    graph = load_graph(path)
    assert (graph.workload.height, graph.workload.num_inference_steps) == (64, 2)
    assert str(graph.num_parameters) in done.out


@pytest.mark.usefixtures("quick")
class TestLengths:
    def test_json(self, run):
        calls = json.loads(run("lengths", "--model", "sd1.5", "--format", "json").out)
        unet = [c for c in calls if c["stage"] == "unet"]
        assert [c["kind"] for c in unet] == ["spatial", "cross"] * 16
        assert {c["query_length"] for c in unet} == {4096, 1024, 256, 64}

    def test_csv_and_table_have_the_same_rows(self, run):
        rows = list(csv.DictReader(io.StringIO(run("lengths", "--model", "sd1.5", "--format", "csv").out)))
        lines = run("lengths", "--model", "sd1.5").out.splitlines()
        assert len(lines) == len(rows) + 1
        assert [line.split()[0] for line in lines[1:]] == [row["module"] for row in rows]

    def test_repeats(self, run):
        def unet(repeats: int) -> int:
            out = run("lengths", "--model", "sd1.5", "--format", "json", "--repeats", repeats).out
            return sum(c["stage"] == "unet" for c in json.loads(out))

        assert (unet(1), unet(3)) == (32, 96)

    def test_a_figure(self, run, tmp_path):
        pytest.importorskip("matplotlib", reason="figures need matplotlib")
        assert run("lengths", "--model", "sd1.5", "--plot", tmp_path / "lengths.svg").status == 0
        assert "<svg" in (tmp_path / "lengths.svg").read_text()


def test_parameters_are_a_table(run):
    out = run("parameters").out
    assert "859,520,964" in out or "859.5" in out


def test_help(run):
    done = run("--help")
    assert done.status == 0
    assert "lengths" in done.out


_BAD = {
    "unknown model": (("graph", "--model", "stable-difusion", "-o", "x.npz"), ["'stable-difusion'", "did you mean"]),
    "no output": (("graph", "--model", "sd1.5"), ["--output"]),
    "odd height": (("graph", "--model", "sd1.5", "-o", "x.npz", "--height", "513"), ["height 513", "multiples of 8"]),
    "frames": (("graph", "--model", "sd1.5", "-o", "x.npz", "--num-frames", "5"), ["num_frames"]),
    "batch": (("graph", "--model", "sd1.5", "-o", "x.npz", "--batch", "0"), ["batch is 0"]),
    "dtype": (("graph", "--model", "sd1.5", "-o", "x.npz", "--dtype", "fp17"), ["fp17", "valid"]),
    "folder": (("graph", "--model", "sd1.5", "-o", "absent/x.npz", "--height", "64", "--width", "64"), ["absent"]),
    "repeats": (("lengths", "--model", "sd1.5", "--repeats", "0"), ["--repeats is 0", "at least 1"]),
    "format": (("lengths", "--model", "sd1.5", "--format", "xml"), ["'xml'", "valid: table, json, csv"]),
    "figure": (("lengths", "--model", "sd1.5", "--plot", "x.zzz"), ["x.zzz"]),
    "figure's folder": (("lengths", "--model", "sd1.5", "--plot", "absent/x.png"), ["absent/x.png", "cannot write"]),
    "run into nowhere": (
        ("run", "--model", "sd1.5", "-o", "absent/x.trace"),
        ["absent/x.trace: cannot write: absent is no folder"],
    ),
    "run into a folder": (("run", "--model", "sd1.5", "-o", ".."), ["..: is a folder"]),
    "chrome": (("run", "--model", "sd1.5", "-o", "x", "--chrome", "c.txt"), ["c.txt", ".json or .json.gz"]),
    "chrome's folder": (("run", "--model", "sd1.5", "-o", "x", "--chrome", "absent/c.json"), ["absent is no folder"]),
    "bundle": (("bundle", "stable-difusion"), ["'stable-difusion'"]),
    "command": (("nonsense",), ["nonsense", "valid: graph, run"]),
    "option": (("graph", "--nonsense"), ["--nonsense"]),
}


@pytest.mark.parametrize("case", _BAD)
def test_one_line_says_what_where_and_what_would_be_valid(case, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments, words = _BAD[case]
    done = run(*arguments)
    assert (done.status, done.out) == (2, "")
    (line,) = done.err.splitlines()
    assert line.startswith("trace: error: ")
    assert all(word in line for word in words)
    assert list(tmp_path.iterdir()) == []


def test_a_model_is_needed_and_a_format_is_one_that_there_is(run, tmp_path):
    for arguments, word in (((), "--model is missing"), (("--model", "sdxl", "--dtype", "fp99"), "'fp99': unknown")):
        done = run("graph", *arguments, "--output", tmp_path / "x.npz")
        assert (done.status, done.out, list(tmp_path.iterdir())) == (2, "", [])
        assert word in done.err


@pytest.mark.torch
def test_a_graph_has_every_setting_that_a_prediction_has(run, tmp_path):
    path = tmp_path / "sd.npz"
    settings = ("--height", 64, "--width", 64, "--num-inference-steps", 3, "--scheduler", "heun", "--dtype", "bf16")
    assert run("graph", "--model", "stable-diffusion", "--output", path, *settings).status == 0
    workload = load_graph(path).workload
    assert (workload.scheduler, workload.dtype) == ("heun", "bfloat16")
