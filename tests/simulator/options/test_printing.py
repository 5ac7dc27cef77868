"""Options that say what is printed: one group of ``--help``."""

from __future__ import annotations

from simulator.options import printing


def test_they_are_one_group_and_each_has_a_help_text() -> None:
    declared = [getattr(getattr(printing, name), "__metadata__", ()) for name in printing.__all__]
    options = [option for found in declared for option in found]
    assert len(options) >= 5
    assert {option.rich_help_panel for option in options} == {"What is printed"}
    assert all(option.help.endswith(".") for option in options)
