"""The table of runs side by side."""

from __future__ import annotations

from simulator.views.terminal import captured
from simulator.whatif.compare import compare_setups
from simulator.whatif.compare_presentation import print_side_by_side
from simulator.whatif.setups import every_setup


def test_each_run_is_listed_with_its_figures_and_bounds() -> None:
    found = compare_setups(every_setup(["stable-diffusion"], ["h100", "t4"], axes={"batch": [1, 8]}))
    text = captured(lambda console: print_side_by_side(found, console), width=80)
    lines = text.splitlines()
    assert ["1", "H100-SXM5-80GB,", "batch", "1"] in map(str.split, lines)
    assert ["4", "T4,", "batch", "8"] in map(str.split, lines)
    (row,) = (line for line in lines if line.startswith("convolution"))
    assert "host" in row
    assert "compute" in row
    assert "Not certain" not in text


def test_the_first_line_names_runs_on_parts_without_a_measured_relative_and_doubts_have_a_probability() -> None:
    found = compare_setups(every_setup(["stable-diffusion"], ["a100", "m1-max", "a100-pcie-80gb"]))
    text = captured(lambda console: print_side_by_side(found, console), width=80)
    assert text.splitlines()[0] == "Nothing measured: 2 on parts without a measured relative;"
    assert "1 is faster than 3 with " in text
    assert "their intervals overlap by " in text
