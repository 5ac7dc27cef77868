"""The command line: commands, and one line with status 2 for what a user can mend."""

from __future__ import annotations

import pytest

from simulator.whatif.__main__ import app


def test_every_command_says_what_it_does() -> None:
    assert all(command.callback.__doc__ for command in app.registered_commands)


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("guess",), "No such command 'guess'; valid: compare"),
        (("compare",), "give --model NAME and --hw NAME"),
        (("compare", "--model", "sdxl", "--hw", "h10"), "no accelerator 'h10'"),
        (("compare", "--model", "sdx", "--hw", "h100"), "unknown"),
        (("compare", "--model", "sdxl", "--hw", "h100", "--set", "memory=2x"), "unknown path"),
        (("compare", "--model", "sdxl", "--hw", "h100", "--batch", "0"), "batch is 0"),
        (("compare", "--model", "sdxl", "--hw", "h100", "--batch", "many"), "batch"),
        (("compare", "--model", "sdxl", "--hw", "h100", "--execution", "fast"), "unknown execution 'fast'"),
        (("compare", "--model", "sdxl", "--hw", "h100", "--format", "xml"), "valid: table, json"),
        (("compare", "--model", "sdxl", "--hw", "h100", "--fidelity", "exact"), "valid: roofline, calibrated"),
    ],
)
def test_errors_are_one_line(run, arguments, part) -> None:
    done = run(*arguments)
    assert done.status == 2
    assert part in done.err
    assert done.err.count("\n") == 1
    assert done.out == ""
