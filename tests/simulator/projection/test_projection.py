"""Projection by ratios."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hw_specs import CalibrationPool, load_accelerator
from simulator.projection.operator_times import operator_times
from simulator.projection.projection import MeasuredCalls, project_operators
from tracer.events.attribution import ON_LINK, ApartKernels
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
    assert found.speedup == pytest.approx(found.measured_time / found.combined_time)
    assert found.direct_time < found.combined_time < found.projected_time
    assert [row.calls for row in found.operators] == [2, 1]


def test_onto_itself_nothing_changes() -> None:
    calls, times = np.array([0, 1, 2]), np.array([1e-4, 2e-5, 5e-6])
    found = project_operators(
        MeasuredCalls(
            operators=_OPERATORS,
            calls=calls,
            device_time=times,
            apart=(ApartKernels(reason="stray", name="k", events=1, time=1e-6),),
            idle_time=1e-3,
            busy_time=2e-4,
        ),
        to=_H100,
        from_=_H100,
        calibrations=SHIPPED,
    )
    assert found.projected_time == pytest.approx(found.measured_time) == pytest.approx(1.26e-4)
    assert [part.measured for part in found.parts] == pytest.approx([1.2e-4, 0.0, 0.0, 6e-6])
    assert found.combined_time == pytest.approx(1.26e-4)
    assert found.elapsed_time == pytest.approx(1.2e-3)
    assert found.speedup == pytest.approx(1.0)
    assert found.projected_interval.low == pytest.approx(found.projected_interval.high) == pytest.approx(1.26e-4)


def test_what_has_no_prediction_moves_between_the_rooflines_and_copies_to_the_host_stay() -> None:
    """H100 over A100: memory 3.35 / 2.039, fp16 989.4 / 312; a kernel of 50 us is bound by either."""
    found = project_operators(
        MeasuredCalls(
            operators=_OPERATORS,
            calls=np.array([0, 2]),
            device_time=np.array([1e-4, 5e-5]),
            apart=(
                ApartKernels(reason="kernel of no operator", name="long", events=1, time=4e-5),
                ApartKernels(reason="kernel of no operator", name="short", events=4, time=1e-5),
                ApartKernels(reason=ON_LINK, name="Memcpy HtoD", events=1, time=2e-5),
            ),
        ),
        to=_H100,
        from_=_A100,
        calibrations=SHIPPED,
    )
    least, most = 312e12 / 989.4e12, 2.039e12 / 3.35e12
    rows = {row.reason: row for row in found.unscaled}
    foreign, stray, link = rows["other::thing: no formula"], rows["kernel of no operator"], rows[ON_LINK]
    assert (foreign.low, foreign.high) == pytest.approx((5e-5 * least, 5e-5 * most), rel=1e-2)
    # Short kernels may also stay as they are.
    assert (stray.low, stray.high) == pytest.approx((5e-5 * least, 4e-5 * most + 1e-5), rel=1e-2)
    assert (stray.kernel, stray.events) == ("long", 5)
    assert (link.kept, link.low, link.projected, link.high) == (True, 2e-5, 2e-5, 2e-5)
    predicted, _, kept, unknown = found.parts
    assert (kept.measured, unknown.measured) == pytest.approx((2e-5, 1e-4))
    assert found.combined_time == pytest.approx(predicted.projected + 2e-5 + unknown.projected)
    assert unknown.low < unknown.projected < unknown.high
    interval = found.combined_interval
    assert interval.low == pytest.approx(predicted.low + kept.low + unknown.low)
    assert interval.high == pytest.approx(predicted.high + kept.high + unknown.high)
    assert found.direct_share == pytest.approx(1e-4 / 2.2e-4)
    row = next(row for row in found.operators if row.operator == "other::thing")
    assert (row.direct, row.combined) == (None, row.projected)
    assert found.elapsed_time is None


def test_idle_time_is_the_target_hosts_where_that_is_given() -> None:
    found = project_operators(
        MeasuredCalls(
            operators=_OPERATORS,
            calls=np.array([0]),
            device_time=np.array([1e-2]),
            idle_time=5e-3,
            busy_time=1e-2,
            idle_on_target=1e-6,
        ),
        to=_H100,
        from_=_A100,
        calibrations=SHIPPED,
    )
    assert found.idle_predicted
    assert found.elapsed_time == pytest.approx(found.combined_time + 1e-6)


def test_parts_that_are_alike_have_a_narrower_interval_than_two_predictions() -> None:
    run = MeasuredCalls(operators=_OPERATORS, calls=np.array([0]), device_time=np.array([1e-4]))
    found = project_operators(run, to=_H100, from_=_A100, calibrations=SHIPPED)
    ratio, direct = found.projected_interval, found.direct_interval
    assert 1 < ratio.high / ratio.low < (direct.high / direct.low) ** math.sqrt(2)


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
    assert found.projected_time == pytest.approx(1e-5 * 3.35 / 2.039, rel=1e-2)


def test_a_call_that_took_no_time_projects_to_little() -> None:
    found = project_operators(
        MeasuredCalls(operators=[_MM], calls=np.array([0]), device_time=np.array([0.0])),
        to=_H100,
        from_=_A100,
        calibrations=SHIPPED,
    )
    assert found.projected_time == 0.0
    assert math.isfinite(found.combined_time)
