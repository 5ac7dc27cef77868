"""Comparisons that the command prints."""

from __future__ import annotations


def test_what_is_unchecked_is_said_beside_a_comparison_too(run) -> None:
    done = run("--hw", "h100", "--model", "flux-dev", "--step-cache", "teacache=0.4", "--versus", "step-cache=0.2")
    assert done.status == 0
    for text in ("teacache=0.4", "0.2"):
        assert f"step cache {text}: mechanism only, unchecked" in done.out
