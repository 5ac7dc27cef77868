"""Options that are settings of a workload: a field each, in two groups of ``--help``."""

from __future__ import annotations

import dataclasses
import typing

from tracer.graph import Workload
from tracer.options import HOW_IT_RUNS, WHAT_RUNS, WorkloadOptions


def test_each_is_a_field_of_a_workload_and_has_a_help_text() -> None:
    workload = {field.name for field in dataclasses.fields(Workload)}
    hints = typing.get_type_hints(WorkloadOptions, include_extras=True)
    assert set(hints) - {"model"} <= workload
    options = [hint.__metadata__[0] for hint in hints.values()]
    assert {option.rich_help_panel for option in options} == {WHAT_RUNS, HOW_IT_RUNS}
    assert all(option.help.endswith(".") for option in options)


def test_settings_are_all_but_the_model() -> None:
    given = WorkloadOptions(model="sdxl", batch=4, scheduler="ddim").settings()
    assert {name: value for name, value in given.items() if value is not None} == {"batch": 4, "scheduler": "ddim"}
    assert "model" not in given
