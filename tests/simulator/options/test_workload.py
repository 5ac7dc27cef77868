"""Options that say what runs: one group of ``--help``."""

from __future__ import annotations

from simulator.options import workload


def test_they_are_one_group_and_each_has_a_help_text() -> None:
    declared = [getattr(getattr(workload, name), "__metadata__", ()) for name in workload.__all__]
    options = [option for found in declared for option in found]
    assert len(options) >= 4
    assert {option.rich_help_panel for option in options} == {"What runs"}
    assert all(option.help.endswith(".") for option in options)
