"""``whatif scale``: one value as JSON and as a table, and what is refused."""

from __future__ import annotations

import json

import pytest

_SD = ("scale", "--model", "stable-diffusion", "--hw", "a100", "--axis", "steps", "--no-search")


def test_json_has_the_runs_and_what_they_tell_together(run) -> None:
    found = json.loads(run(*_SD, "--values", "50", "--format", "json").out)
    assert (found["model"], found["axis"]) == ("stable-diffusion", "steps")
    assert [row["value"] for row in found["runs"]] == [50]
    assert found["memory_capacity"] == 80 * 2**30


def test_changes_and_settings_reach_the_run(run) -> None:
    plain, changed = (
        json.loads(run(*_SD, "--values", "50", "--format", "json", *more).out)["runs"][0]["latency"]
        for more in ((), ("--set", "cores.clock=2x", "--execution", "compiled"))
    )
    assert changed < plain


def test_a_change_that_does_nothing_says_so(run) -> None:
    done = run(*_SD, "--values", "50", "--set", "links.pcie.bandwidth=2x")
    assert "no term reads links.pcie.bandwidth: the change has no effect" in done.out


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("--values", "1,two"), "'two' is no positive integer"),
        (("--values", "0"), "'0' is no positive integer"),
        (("--values", "50", "--plot", "a.txt"), "cannot write .txt"),
        (("--values", "50", "--execution", "fast"), "unknown execution"),
    ],
)
def test_errors_are_one_line(run, arguments, part) -> None:
    done = run(*_SD, *arguments)
    assert (done.status, done.err.count("\n"), done.out) == (2, 1, "")
    assert part in done.err
