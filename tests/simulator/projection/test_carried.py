"""Measured operators beside their predictions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw_specs import CalibrationPool, load_accelerator
from simulator.projection.carried import SCATTER, CarriedOperators, carried_over, scatter_between
from simulator.projection.operator_times import operator_times
from simulator.projection.rooflines import RatioRange
from tracer.graph import Op, TensorSpec


@given(st.floats(1e-3, 1e3))
def test_scatter_is_not_carried_over(residual: float) -> None:
    part = float(carried_over(residual))
    if abs(math.log(residual)) <= SCATTER:
        assert part == 1.0
    else:
        assert math.log(part) == pytest.approx(math.log(residual) - math.copysign(SCATTER, math.log(residual)))


def test_parts_of_one_architecture_share_what_is_wrong() -> None:
    a100, h100, h200 = (load_accelerator(name) for name in ("a100", "h100", "h200"))
    assert scatter_between(h100, h200) == 0.0
    assert scatter_between(a100, h100) == SCATTER
    assert float(carried_over(50.0, scatter_between(load_accelerator("xeon-8480plus"), h100))) == 1.0
    assert float(carried_over(1.1, scatter_between(h100, h200))) == pytest.approx(1.1)


def test_what_cannot_be_predicted_is_a_kernel_of_which_nothing_is_known() -> None:
    half = TensorSpec((256, 256), "float16")
    operators = [Op("aten::mm", (half, half), (half,)), Op("other::thing", (half,), ())]
    shipped = CalibrationPool.shipped()
    times = [operator_times(operators, load_accelerator(n), calibrations=shipped) for n in ("a100", "h100")]
    carried = CarriedOperators(
        operators, np.array([1e-4, 2e-4]), np.array([1.0, 2.0]), *times, SCATTER, np.zeros(2, np.bool_)
    )
    (unknown,) = carried.unpredicted()
    assert (unknown.reason, unknown.events, unknown.time) == ("other::thing: no formula", 2, 2e-4)
    asked: list[float] = []

    def ratio_of(name: str, mean_time: float) -> RatioRange:
        asked.append(mean_time)
        return RatioRange(low=0.25, high=1.0)

    first, _ = carried.rows(ratio_of)
    assert asked == [pytest.approx(1e-4)]
    assert (first.operator, first.ratio, first.combined) == ("other::thing", 0.5, pytest.approx(1e-4))
