"""Every combination of lists, in order."""

from __future__ import annotations

import pytest

from hw_specs import SpecError
from simulator.reference import ComparedRunError
from simulator.whatif.setups import AXES, every_setup


def test_the_last_axis_varies_fastest() -> None:
    found = every_setup(["a", "b"], ["a100", "h100"], axes={"batch": [1, 2], "execution": ["eager", "compiled"]})
    assert len(found) == 16
    assert [setup.model for setup in found] == ["a"] * 8 + ["b"] * 8
    assert [setup.accelerator.name.partition("-")[0] for setup in found[:8]] == ["A100"] * 4 + ["H100"] * 4
    assert [(s.execution.mode, s.settings["batch"]) for s in found[:4]] == [
        ("eager", 1),
        ("eager", 2),
        ("compiled", 1),
        ("compiled", 2),
    ]


def test_values_are_typed_and_kept_as_asked_for() -> None:
    (setup,) = every_setup(["a"], ["a100"], axes={"dtype": ["bf16"], "batch": ["3"], "host": ["server-2020"]})
    assert setup.settings == {"dtype": "bfloat16", "batch": 3}
    assert setup.chosen == {"dtype": "bf16", "batch": "3", "host": "server-2020"}
    assert setup.host.name == "server-2020"


def test_changes_stand_beside_the_accelerator_as_it_is() -> None:
    plain, changed = every_setup(["a"], ["a100"], ["cores.clock=2x"])
    assert changed.accelerator.cores.clock == 2 * plain.accelerator.cores.clock
    assert changed.calibrations is plain.calibrations


def test_axes_are_all_but_model_and_accelerator() -> None:
    assert "batch" in AXES
    assert {"model", "hw"}.isdisjoint(AXES)


def test_what_an_axis_cannot_have_is_refused() -> None:
    with pytest.raises(ComparedRunError, match="batch=many: batch needs an integer"):
        every_setup(["a"], ["a100"], axes={"batch": ["many"]})
    with pytest.raises(SpecError):
        every_setup(["a"], ["no such thing"])
