"""Records of options: each one that is declared is used by the command."""

from __future__ import annotations

import typing

from simulator.options import SimulateOptions, machine, printing, running, workload
from simulator.reference import SETTINGS


def test_every_option_is_a_parameter_of_the_command() -> None:
    used = list(typing.get_type_hints(SimulateOptions, include_extras=True).values())
    for module in (machine, printing, running, workload):
        assert [name for name in module.__all__ if name != "PANEL" and getattr(module, name) not in used] == []


def test_settings_of_a_workload_are_those_that_can_be_compared() -> None:
    assert SimulateOptions(batch=4, model="sdxl").settings() == {**dict.fromkeys(SETTINGS), "batch": 4}
