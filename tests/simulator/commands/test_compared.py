"""Comparisons that the command prints."""

from __future__ import annotations

import json


def test_what_is_unchecked_is_said_beside_a_comparison_too(run) -> None:
    done = run("--hw", "h100", "--model", "flux-dev", "--step-cache", "teacache=0.4", "--versus", "step-cache=0.2")
    assert done.status == 0
    for text in ("teacache=0.4", "0.2"):
        assert f"step cache {text}: mechanism only, unchecked" in done.out


def test_a_comparison_by_a_key(run, graph_file) -> None:
    asked = ("--hw", "h100", "--graph", graph_file, "--versus", "a100", "--by", "operator")
    found = json.loads(run(*asked, "--format", "json").out)
    assert found["left_out"] == {"count": 0}
    assert {"aten::addmm", "aten::convolution"} <= {part["name"] for part in found["parts"]}
    assert "\n22 more\n" in run(*asked, "--top", "2").out
    run(*asked[:-2], "--top", "2").assert_refused("--top does not apply to a comparison without --by")


def test_a_run_that_the_memory_does_not_hold_is_named(run) -> None:
    done = run("--hw", "h100", "--model", "flux-dev", "--versus", "rtx-4090", "--format", "csv")
    assert done.status == 0
    assert done.err.startswith("RTX-4090 does not hold the run: it needs ")
