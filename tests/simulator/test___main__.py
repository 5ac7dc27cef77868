"""The command line: what it prints, and one line with status 2 for everything that a user can mend."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

SD = ("--hw", "a100", "--model", "stable-diffusion")


def test_output_goes_to_the_file_alone(run, graph_file, tmp_path):
    done = run("--hw", "a100", "--graph", graph_file, "--format", "json", "--output", tmp_path / "report.json")
    assert (done.status, done.out, done.err) == (0, "", "")
    assert json.loads((tmp_path / "report.json").read_text())["model"] == "stable-diffusion"


def test_list(run):
    done = run("--list", "--format", "json")
    assert done.status == 0
    assert "make-a-video" in {row["name"] for row in json.loads(done.out)}


def test_help(run):
    done = run("--help")
    assert done.status == 0
    assert "--num-inference-steps" in done.out


# Arguments, and what the line must say: what is wrong, where, and what would be valid.
_BAD = {
    "unknown accelerator": (("--hw", "a1000", "--model", "sdxl"), ["'a1000'", "did you mean"]),
    "unknown model": (("--hw", "a100", "--model", "stable-difusion"), ["'stable-difusion'", "mean 'stable-diffusion'"]),
    "misspelt path": ((*SD, "--set", "memory.dram.bandwith=2x"), ["memory.dram.bandwith", "'memory.dram.bandwidth'"]),
    "no value": ((*SD, "--set", "memory.dram.bandwidth"), ["memory.dram.bandwidth"]),
    "negative": ((*SD, "--set", "memory.dram.bandwidth=-3 TB/s"), ["memory.dram.bandwidth"]),
    "wrong unit": ((*SD, "--set", "memory.dram.bandwidth=1 TFLOP/s"), ["memory.dram.bandwidth", "B/s"]),
    "odd height": ((*SD, "--height", "513"), ["height 513", "stable-diffusion", "multiples of 8"]),
    "odd width": ((*SD, "--width", "7"), ["width 7", "multiples of 8"]),
    "frames of an image": ((*SD, "--num-frames", "8"), ["num_frames", "valid: batch, height, width"]),
    "tokens of an image": ((*SD, "--max-new-tokens", "8"), ["max_new_tokens", "valid: batch, height, width"]),
    "batch 0": ((*SD, "--batch", "0"), ["batch is 0", "at least 1"]),
    "batch -3": ((*SD, "--batch", "-3"), ["batch is -3", "at least 1"]),
    "batch of words": ((*SD, "--batch", "many"), ["--batch", "whole number"]),
    "huge batch": ((*SD, "--batch", "9" * 30), ["batch is 999", "at most 1000000000"]),
    "huge image": ((*SD, "--height", "8" + "0" * 20), ["height is 8", "at most 1000000000"]),
    "huge steps": ((*SD, "--num-inference-steps", "1" + "0" * 18), ["num_inference_steps", "at most 1000000000"]),
    "steps 0": ((*SD, "--num-inference-steps", "0"), ["num_inference_steps is 0", "at least 1"]),
    "guidance": ((*SD, "--guidance-scale", "nan"), ["guidance_scale is nan", "finite"]),
    "unknown host": ((*SD, "--host", "server-2032"), ["'server-2032'", "server-2023", "desktop-2022"]),
    "host of a bound": ((*SD, "--host", "server-2020", "--fidelity", "roofline"), ["--host", "roofline"]),
    "unknown dtype": ((*SD, "--dtype", "fp17"), ["'fp17'", "fp16, bf16"]),
    "dtype of no model": ((*SD, "--dtype", "fp8"), ["float8_e4m3fn", "valid: float16, bfloat16"]),
    "format": ((*SD, "--format", "xml"), ["'xml'", "valid: table, json, csv"]),
    "attention": ((*SD, "--attention", "quick"), ["'quick'", "valid: naive, flash"]),
    "execution": ((*SD, "--execution", "jit"), ["'jit'", "valid: eager, cuda-graph, compiled"]),
    "fidelity": ((*SD, "--fidelity", "exact"), ["'exact'", "valid: roofline, calibrated"]),
    "unknown option": ((*SD, "--color"), ["--color"]),
    "option without a value": (("--hw",), ["--hw"]),
    "no model": (("--hw", "a100"), ["--model NAME", "--graph FILE"]),
    "model and graph": ((*SD, "--graph", "x.npz"), ["--model NAME", "--graph FILE"]),
    "nothing": ((), ["--hw NAME"]),
    "no graph file": (("--hw", "a100", "--graph", "none.npz"), ["none.npz", "no such file"]),
    "no folder": (("--hw", "a100", "--model", "./none"), ["none"]),
    "no specification": (("--hw", "./none.yaml", "--model", "sdxl"), ["none.yaml"]),
}


@pytest.mark.parametrize("case", _BAD)
def test_one_line_says_what_where_and_what_would_be_valid(case, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments, words = _BAD[case]
    done = run(*arguments, *(["--output", "report.txt"] if arguments != ("--hw",) else []))
    done.assert_refused(*words)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("target", "why"), [("absent/report.json", "cannot write"), ("folder", "is a folder")])
def test_an_output_that_cannot_be_written(target, why, run, graph_file, tmp_path):
    (tmp_path / "folder").mkdir()
    before = sorted(p.name for p in tmp_path.iterdir())
    done = run("--hw", "a100", "--graph", graph_file, "--output", tmp_path / target)
    done.assert_refused(str(tmp_path / target), why)
    assert sorted(p.name for p in tmp_path.iterdir()) == before


class TestProcess:
    """What only a process of its own can show."""

    def _process(self, *arguments: object, **settings: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "simulator", *map(str, arguments)]
        return subprocess.run(command, text=True, check=False, **{"capture_output": True, **settings})  # noqa: S603

    def test_as_a_module(self, graph_file):
        done = self._process("--hw", "h100", "--graph", graph_file, "--format", "json")
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads(done.stdout)["latency"] > 0

    def test_an_error_has_status_2_and_no_traceback(self):
        done = self._process("--hw", "h1000", "--model", "sdxl")
        assert (done.returncode, done.stdout) == (2, "")
        assert len(done.stderr.splitlines()) == 1

    def test_a_reader_that_stops_early(self, graph_file):
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "w") as closed:
            done = self._process(
                "--hw", "h100", "--graph", graph_file, capture_output=False, stdout=closed, stderr=subprocess.PIPE
            )
        assert (done.returncode, done.stderr) == (141, "")
