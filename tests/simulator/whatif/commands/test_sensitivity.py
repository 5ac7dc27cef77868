"""``whatif sensitivity``: fields as JSON, and what is refused."""

from __future__ import annotations

import json

import pytest


def test_json_is_a_list_of_fields(run) -> None:
    done = run("sensitivity", "--model", "stable-diffusion", "--hw", "t4", "--batch", 1, "--format", "json")
    found = {row["field"]: row for row in json.loads(done.out)}
    assert found["power.board"]["elasticity"] < -0.5
    assert found["power.board"]["gain_2x"] > 1.2 > 0.8 > found["power.board"]["gain_half"]


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("--hw", "t4"), "give --model NAME and --hw NAME"),
        (("--hw", "t4", "--model", "sdxl", "--plot", "a.txt"), "cannot write .txt"),
        (("--hw", "t4", "--model", "sdxl", "--format", "csv"), "valid: table, json"),
    ],
)
def test_errors_are_one_line(run, arguments, part) -> None:
    done = run("sensitivity", *arguments)
    assert (done.status, done.err.count("\n"), done.out) == (2, 1, "")
    assert part in done.err
