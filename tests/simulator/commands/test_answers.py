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


def test_what_is_warned_of_a_part_is_in_json_too(run, graph_file):
    done = run("--hw", "a100", "--graph", graph_file, "--set", "memory.dram.bandwidth=2.039 EB/s", "--format", "json")
    warnings = [line for line in json.loads(done.out)["remarks"] if line.startswith("warning: ")]
    assert any("memory.dram.bandwidth" in line for line in warnings)
    assert warnings == [line for line in done.err.splitlines() if line.startswith("warning: ")]


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
    assert "will it fit no, it does not fit: the part has 25.77 GB of memory" in " ".join(done.out.split())
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


def test_one_table_by_a_key(run, graph_file):
    asked = ("--hw", "a100", "--graph", graph_file, "--by", "operator", "--top", "2")
    text = run(*asked).out
    assert text.index("how long") < text.index("operator ") < text.index(" more, ")
    assert "module (largest" not in text
    found = json.loads(run(*asked, "--format", "json").out)
    assert [len(found["parts"]), found["by"]] == [2, "operator"]
    assert len(run(*asked, "--format", "csv").out.splitlines()) == 3


def test_rows_of_the_whole_report(run, graph_file):
    asked = ("--hw", "a100", "--graph", graph_file, "--top", "2")
    assert "module (largest 2 of" in run(*asked).out
    run(*asked, "--format", "json").assert_refused("--top does not apply to a whole report")
    run(*asked, "--explain", "gemm").assert_refused("--top does not apply to an explanation")
    run(*asked[:-2], "--by", "layer").assert_refused("unknown key of --by 'layer'", "operator, module, kernel")
