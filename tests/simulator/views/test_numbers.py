"""Numbers as they are printed."""

from __future__ import annotations

import pytest

from hw_specs.terminal.tables import FittedConsole
from simulator.report import Ends
from simulator.views.numbers import ends_text, more_line, print_hanging, quantity


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (2.039e12, "B/s", "2.039 TB/s"),
        (859_520_964, "", "859.5 M"),
        (0.00317, "s", "3.17 ms"),
        (4.2e-6, "s", "4.2 us"),
        (1.3e-9, "s", "1.3 ns"),
        (0, "B", "0 B"),
        (0.0, "", "0"),
        (1.0, "s", "1 s"),
        (1238.04, "s", "1238 s"),
        (123804.2, "s", "123804 s"),
        (-1500.0, "B", "-1.5 kB"),
        (999_999, "B", "1000 kB"),
        (3.2e18, "FLOP", "3200 PFLOP"),
    ],
)
def test_quantities(value, unit, text):
    assert quantity(value, unit) == text


def test_ends_have_three_digits():
    assert ends_text(Ends(low=0.80049, high=1.0441)) == "800 ms to 1.04 s"
    assert ends_text(None) == ""


def test_what_is_left_out():
    assert more_line(12, 0.0123) == "12 more, 1.2 %"


def test_long_facts_hang_below_their_beginning():
    console = FittedConsole(width=40)
    with console.capture() as capture:
        print_hanging(console, "memory", "weights, activations, workspaces and [more]")
    assert capture.get().splitlines() == [
        "  memory        weights, activations,",
        "                workspaces and [more]",
    ]
