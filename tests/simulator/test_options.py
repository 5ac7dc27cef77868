"""Options of ``simulate``: each one is used by the command, and says what it is for."""

from __future__ import annotations

import typing

from simulator import options
from simulator.options import SimulateOptions
from simulator.reference import SETTINGS

_RECORDS = {"RunOptions", "SimulateOptions"}


def test_every_option_is_a_parameter_of_the_command() -> None:
    used = list(typing.get_type_hints(SimulateOptions, include_extras=True).values())
    assert all(getattr(options, name) in used for name in options.__all__ if name not in _RECORDS)


def test_every_option_has_a_help_text() -> None:
    for name in set(options.__all__) - _RECORDS:
        (declared,) = getattr(options, name).__metadata__
        assert declared.help.endswith("."), name


def test_settings_of_a_workload_are_those_that_can_be_compared() -> None:
    assert SimulateOptions(batch=4, model="sdxl").settings() == {**dict.fromkeys(SETTINGS), "batch": 4}
