"""What fields are worth as tables and as a tornado plot."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.schedule.pieces import BoundShares
from simulator.views.terminal import captured
from simulator.whatif.sensitivity import FieldSensitivity, ResourceSensitivity, Sensitivity
from simulator.whatif.sensitivity_presentation import plot_sensitivity, print_sensitivity

_BOUND = BoundShares(compute=0.7, memory=0.3, launch=0.0)


def _field(name: str, elasticity: float, **more) -> FieldSensitivity:
    gains = {"gain_2x": 2**-elasticity, "gain_half": 0.5**-elasticity}
    return FieldSensitivity(field=name, elasticity=elasticity, unit="B/s", **gains, **more)


@pytest.fixture
def found() -> Sensitivity:
    return Sensitivity(
        model="toy",
        accelerator="Part",
        latency=2.0,
        bound=_BOUND,
        fields=(
            _field("memory.dram.bandwidth", -0.3, bound_2x=_BOUND),
            _field("cores.count", -0.2, step=(0.1, 0.0)),
            _field("memory.l2.latency", 1e-6),
        ),
        resources=(ResourceSensitivity(resource="power", share=0.5, elasticity=-1.2, gain_2x=1.5, gain_half=0.5),),
    )


def test_the_tables_keep_to_80_columns_and_leave_out_what_is_worth_nothing(found) -> None:
    text = captured(lambda console: print_sensitivity(found, console, ["a remark"]), width=80)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    assert ["memory.dram.bandwidth", "-0.300", "1.231", "0.812", "compute", "70", "%"] in map(str.split, lines)
    assert "memory.l2.latency" not in text
    assert "1 more fields act, none of them by 0.05 %." in lines
    assert "* cores.count is at a step: latency +10 % with a little less, +0 % with more." in lines
    assert "elasticities add up to 1.20" in text
    assert lines[-1] == "a remark"


def test_the_plot_is_written(found, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    plot_sensitivity(found, tmp_path / "tornado.png")
    assert (tmp_path / "tornado.png").stat().st_size > 10_000
