"""Reports and explanations that the command prints."""

from __future__ import annotations

import csv
import io
import json

import pytest

SD = ("--hw", "a100", "--model", "stable-diffusion")


def test_json(run, graph_file):
    done = run("--hw", "a100", "--graph", graph_file, "--format", "json")
    report = json.loads(done.out)
    assert (done.status, done.err) == (0, "")
    assert report["model"] == "stable-diffusion"
    assert report["execution"] == report["execution"] | {"mode": "eager", "attention": "flash"}
    assert report["fidelity"] == "calibrated"
    assert report["by_stage"]["unet"]["flops"] == pytest.approx(51 * 1.60655e12, rel=1e-5)  # PNDM: once more
    assert sum(entry["share"] for entry in report["by_category"].values()) == pytest.approx(1)
    assert report["unmodelled"] == []


def test_csv(run, graph_file):
    rows = list(csv.DictReader(io.StringIO(run("--hw", "a100", "--graph", graph_file, "--format", "csv").out)))
    assert {row["view"] for row in rows} == {"total", "stage", "category", "module"}


def test_table(run, graph_file):
    done = run("--hw", "a100.yaml", "--graph", graph_file)
    assert done.status == 0
    assert "stable-diffusion on A100-SXM4-80GB" in done.out


def test_an_explanation(run, graph_file):
    done = run("--hw", "a100", "--graph", graph_file, "--explain", "gemm", "--format", "json")
    first = json.loads(done.out)[0]
    assert first["kernel"] == "gemm"
    assert {"name", "value", "unit", "formula"} == set(first["terms"][0])
    bound = run("--hw", "a100", "--graph", graph_file, "--explain", "gemm", "--fidelity", "roofline")
    assert "largest of the terms" in bound.out
    assert "matmul.rate" not in bound.out


def test_an_explanation_has_no_csv(run, graph_file):
    done = run("--hw", "a100", "--graph", graph_file, "--explain", "gemm", "--format", "csv")
    done.assert_refused("no CSV form", "valid: table, json")


def test_one_that_does_not_fit(run):
    arguments = ("--hw", "rtx-4090", "--model", "flux-dev")
    done = run(*arguments)
    assert done.status == 0
    assert "does not fit: the part has 25.77 GB of memory" in done.out.splitlines()[4]
    done = run(*arguments, "--must-fit", "--format", "json")
    assert done.status == 1
    report = json.loads(done.out)
    assert report["fits"] is False
    assert report["peak_memory"] == sum(report["memory"].values())


def test_one_that_fits(run):
    done = run(*SD, "--must-fit")
    assert done.status == 0
    assert "does not fit" not in done.out
    assert "images/s" in done.out
