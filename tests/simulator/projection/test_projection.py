"""Projection by ratios."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw_specs import CalibrationPool, load_accelerator
from simulator.projection.operator_times import operator_times
from simulator.projection.projection import SCATTER, MeasuredCalls, carried_over, project_operators
from tracer.graph import Op, TensorSpec

SHIPPED = CalibrationPool.shipped()

_HALF = TensorSpec((2048, 2048), "float16")
_MM = Op("aten::mm", (_HALF, _HALF), (_HALF,))
_ADD = Op("aten::add", (_HALF, _HALF), (_HALF,))
_FOREIGN = Op("other::thing", (_HALF,), ())
_OPERATORS = [_MM, _ADD, _FOREIGN]
_A100, _H100 = load_accelerator("a100_sxm4_80gb"), load_accelerator("h100_sxm5_80gb")


def test_a_model_that_is_wrong_by_a_factor_projects_right() -> None:
    """Times that are twice the prediction on the source are twice the prediction on the target."""
    source, target = (
        operator_times(_OPERATORS, _A100, calibrations=SHIPPED).time,
        operator_times(_OPERATORS, _H100, calibrations=SHIPPED).time,
    )
    calls = np.array([0, 0, 1])
    found = project_operators(
        MeasuredCalls(operators=_OPERATORS, calls=calls, device_time=2 * source[calls]),
        to=_H100,
        from_=_A100,
        calibrations=SHIPPED,
    )
    assert found.projected_time == pytest.approx(2 * (2 * target[0] + target[1]))
    assert found.direct_time == pytest.approx(2 * target[0] + target[1])
    assert found.direct_on_source_time == pytest.approx(2 * source[0] + source[1])
    assert found.speedup == pytest.approx(found.measured_time / found.projected_time)
    assert found.direct_time < found.combined_time < found.projected_time
    assert [row.calls for row in found.operators] == [2, 1]


def test_onto_itself_nothing_changes() -> None:
    calls, times = np.array([0, 1, 2]), np.array([1e-4, 2e-5, 5e-6])
    found = project_operators(
        MeasuredCalls(
            operators=_OPERATORS,
            calls=calls,
            device_time=times,
            unattributed={"stray": 1e-6},
            idle_time=1e-3,
            busy_time=2e-4,
        ),
        to=_H100,
        from_=_H100,
        calibrations=SHIPPED,
    )
    assert found.projected_time == pytest.approx(found.measured_time) == pytest.approx(1.26e-4)
    assert found.elapsed_time == pytest.approx(1.2e-3)
    assert found.speedup == pytest.approx(1.0)


def test_what_has_no_prediction_stays_as_measured_and_is_listed() -> None:
    calls, times = np.array([0, 2]), np.array([1e-4, 5e-5])
    found = project_operators(
        MeasuredCalls(
            operators=_OPERATORS, calls=calls, device_time=times, unattributed={"kernel of no operator": 5e-5}
        ),
        to=_H100,
        from_=_A100,
        calibrations=SHIPPED,
    )
    assert {u.reason: (u.time, u.share) for u in found.unscaled} == {
        "kernel of no operator": (pytest.approx(5e-5), pytest.approx(0.25)),
        "other::thing: no formula": (pytest.approx(5e-5), pytest.approx(0.25)),
    }
    assert found.direct_share == pytest.approx(0.5)
    foreign = next(row for row in found.operators if row.operator == "other::thing")
    assert (foreign.direct, foreign.ratio, foreign.projected, foreign.combined) == (None, 1.0, 5e-5, 5e-5)
    assert found.elapsed_time is None


def test_a_format_that_the_target_lacks_is_not_scaled() -> None:
    fp8 = TensorSpec((256, 256), "float8_e4m3fn")
    scaled = Op("aten::_scaled_mm", (fp8, fp8), (TensorSpec((256, 256), "bfloat16"),))
    found = project_operators(
        MeasuredCalls(operators=[scaled], calls=np.array([0]), device_time=np.array([1e-5])),
        to=_A100,
        from_=_H100,
        calibrations=SHIPPED,
    )
    assert [u.reason for u in found.unscaled] == ["aten::_scaled_mm: no peak for fp8 on A100-SXM4-80GB"]
    assert found.projected_time == pytest.approx(1e-5)


@given(st.floats(1e-3, 1e3))
def test_scatter_is_not_carried_over(residual: float) -> None:
    part = float(carried_over(residual))
    if abs(math.log(residual)) <= SCATTER:
        assert part == 1.0
    else:
        assert math.log(part) == pytest.approx(math.log(residual) - math.copysign(SCATTER, math.log(residual)))


def test_a_call_that_took_no_time_projects_to_little() -> None:
    found = project_operators(
        MeasuredCalls(operators=[_MM], calls=np.array([0]), device_time=np.array([0.0])),
        to=_H100,
        from_=_A100,
        calibrations=SHIPPED,
    )
    assert found.projected_time == 0.0
    assert math.isfinite(found.combined_time)
