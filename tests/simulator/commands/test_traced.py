"""Measured traces on another accelerator."""

from __future__ import annotations

import json

import pytest

SD = ("--hw", "a100", "--model", "stable-diffusion")


def test_a_trace_with_times_is_projected(run, trace_file):
    found = json.loads(run("--hw", "h200", "--trace", trace_file, "--format", "json").out)
    assert (found["source"], found["target"]) == ("H100-SXM5-80GB", "H200-SXM5-141GB")
    assert found["direct_time"] > 0
    assert "us on H200-SXM5-141GB (" in run("--hw", "h200", "--trace", trace_file, "--from", "h100").out


def test_a_trace_without_times_is_predicted(run, bare_trace_file):
    report = json.loads(run("--hw", "h200", "--trace", bare_trace_file, "--format", "json").out)
    assert report["accelerator"] == "H200-SXM5-141GB"
    assert report["latency"] > 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--batch", "2"), ["--batch does not apply to a trace"]),
        (("--explain", "gemm"), ["--explain does not apply to a trace"]),
        (("--format", "csv"), ["no CSV form", "valid: table, json"]),
        (("--by", "module"), ["--by module does not apply to a measured trace; valid: operator"]),
        (("--top", "3", "--format", "json"), ["--top does not apply to a whole projection"]),
        (("--calibration", "none.yaml"), ["none.yaml: no such file"]),
    ],
)
def test_what_does_not_go_with_a_trace(run, trace_file, arguments, words):
    run("--hw", "h200", "--trace", trace_file, *arguments).assert_refused(*words)


def test_a_source_needs_measured_times(run, bare_trace_file):
    done = run("--hw", "h200", "--trace", bare_trace_file, "--from", "h100")
    done.assert_refused("--from needs measured times", "no device events")
    run(*SD, "--from", "h100").assert_refused("--from goes with --trace")


def test_a_measured_trace_has_a_host_of_its_own(run, trace_file):
    done = run("--hw", "a100", "--trace", trace_file, "--host", "server-2020")
    assert (done.status, "--host does not apply" in done.err) == (2, True)


def test_a_projection_by_operator(run, trace_file):
    asked = ("--hw", "h200", "--trace", trace_file, "--by", "operator")
    found = json.loads(run(*asked, "--format", "json").out)
    assert [(part["name"], part["calls"]) for part in found["parts"]] == [("aten::mm", 1)]
    rows = run(*asked, "--format", "csv").out.splitlines()
    assert rows[0] == "name,measured,projected,share,ratio,calls"
    assert "aten::mm" in run(*asked).out


def test_a_trace_that_is_predicted_has_every_key(run, bare_trace_file):
    assert "kernel " in run("--hw", "h200", "--trace", bare_trace_file, "--by", "kernel").out
