"""Time of single operators."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hw_specs import Calibration, CalibrationPool, Evidence, FittedCalibration, ResidualSummary, load_accelerator
from simulator.cost import hardware_columns, kernel_times
from simulator.execution import Execution
from simulator.kernels import KernelTables
from simulator.lowering import kernels_of
from simulator.projection.operator_times import can_predict, operator_times
from simulator.uncertainty.intervals import interval_of
from tracer.graph import Op, TensorSpec

SHIPPED = CalibrationPool.shipped()

_HALF = TensorSpec((256, 256), "float16")
_MM = Op("aten::mm", (_HALF, _HALF), (_HALF,))
_PAD = Op("aten::constant_pad_nd", (_HALF,), (TensorSpec((256, 260), "float16"),), (("pad", (0, 4)),))
_VIEW = Op("aten::view", (_HALF,), (_HALF,))
_FOREIGN = Op("vllm::moe_forward", (_HALF,), ())
_BARE = Op("aten::mm", (), ())
_FP8 = TensorSpec((256, 256), "float8_e4m3fn")
_SCALED = Op("aten::_scaled_mm", (_FP8, _FP8), (_HALF,))


def test_an_operator_takes_the_sum_of_its_kernels() -> None:
    accelerator = load_accelerator("h100_sxm5_80gb")
    times = operator_times([_MM, _PAD], accelerator, calibrations=SHIPPED)
    kernels = kernels_of(_PAD, Execution())
    sustained = hardware_columns([accelerator], calibrations=SHIPPED).sustained()
    alone = kernel_times(KernelTables.from_kernels(kernels), sustained).time
    assert times.time[1] == pytest.approx(alone.sum())
    assert times.num_kernels.tolist() == [1, 2]
    assert times.reasons == ("", "")


def test_what_cannot_be_predicted_says_why() -> None:
    times = operator_times([_VIEW, _FOREIGN, _BARE], load_accelerator("h100_sxm5_80gb"), calibrations=SHIPPED)
    assert times.reasons == ("", "no formula", "arguments not recorded")
    assert times.time[0] == 0.0
    assert np.isnan(times.time[1:]).all()
    assert [can_predict(op) for op in (_MM, _VIEW, _FOREIGN, _BARE)] == [True, False, False, False]


def test_a_missing_unit_loses_one_operator_alone() -> None:
    times = operator_times([_MM, _SCALED], load_accelerator("a100_sxm4_80gb"), calibrations=SHIPPED)
    assert times.time[0] > 0
    assert np.isnan(times.time[1])
    assert times.reasons == ("", "no peak for fp8 on A100-SXM4-80GB")


def test_nothing_takes_nothing() -> None:
    assert operator_times([], load_accelerator("h100_sxm5_80gb"), calibrations=SHIPPED).time.shape == (0,)


def test_operators_have_ranges_and_their_sum_an_interval() -> None:
    times = operator_times([_MM, _PAD, _FOREIGN], load_accelerator("h100_sxm5_80gb"), calibrations=SHIPPED)
    assert (times.low[:2] < times.time[:2]).all()
    assert (times.high[:2] > times.time[:2]).all()
    assert np.isnan([times.low[2], times.high[2]]).all()
    interval = times.interval(np.array([3.0, 2.0, 7.0]))
    assert interval is not None
    assert np.sqrt(interval.low * interval.high) == pytest.approx(3 * times.time[0] + 2 * times.time[1])


def test_a_bound_has_neither_range_nor_interval() -> None:
    times = operator_times([_MM], load_accelerator("h100_sxm5_80gb"), fidelity="roofline", calibrations=SHIPPED)
    assert np.isnan(times.low).all()
    assert times.interval(np.ones(1)) is None


def test_the_roofline_is_a_lower_bound() -> None:
    accelerator = load_accelerator("h100_sxm5_80gb")
    least = operator_times([_MM, _PAD], accelerator, fidelity="roofline", calibrations=SHIPPED).time
    assert (least <= operator_times([_MM, _PAD], accelerator, calibrations=SHIPPED).time).all()


def test_the_power_limit_acts_on_kernels_too_short_to_meet_it_alone() -> None:
    big = TensorSpec((2048, 2048), "float16")
    op = Op("aten::mm", (big, big), (big,))
    accelerator = load_accelerator("h100_sxm5_80gb")
    table = KernelTables.from_kernels(kernels_of(op, Execution()))
    by_itself = kernel_times(table, hardware_columns([accelerator], calibrations=SHIPPED)).time[0, 0]
    assert operator_times([op], accelerator, calibrations=SHIPPED).time[0] > 1.02 * by_itself


def test_times_are_split_by_what_they_rest_on() -> None:
    whole = TensorSpec((4096, 4096), "float16")
    product = Op("aten::mm", (whole, whole), (whole,))
    times = operator_times([product, _PAD, _FOREIGN], load_accelerator("h100_sxm5_80gb"), calibrations=SHIPPED)
    assert times.by_basis[:2].sum(axis=1) == pytest.approx(times.time[:2])
    assert times.by_basis[0].tolist() == [0.0, pytest.approx(times.time[0]), 0.0]  # products were measured
    assert times.by_basis[1, 1] == 0.0  # copies were not
    assert times.by_basis[2].tolist() == [0.0, 0.0, 0.0]


def test_ranges_and_intervals_are_those_of_a_users_own_calibration() -> None:
    part = load_accelerator("h100_sxm5_80gb")
    rows = ResidualSummary(
        group="matmul",
        scope="held_out_shapes",
        regime="all",
        count=100,
        mape=0.1,
        bias=0.0,
        quantiles={"0.1": -0.2, "0.5": 0.1, "0.9": 0.4},
    )
    entry = Calibration(name="aaa", groups={"matmul": (part.name,)}, parameters={}, sources=("s",))
    own = FittedCalibration(entry, Evidence(name="aaa", residuals=(rows,)))
    times = operator_times([_MM], part, calibrations=CalibrationPool.of(own))
    assert times.low[0] == pytest.approx(times.time[0] * math.exp(-0.2))
    assert times.high[0] == pytest.approx(times.time[0] * math.exp(0.4))
    # Common deviation 0.1 and spread 0.6 / 2.563, and nothing known of how groups go together.
    interval = times.interval(np.array([1.0]))
    expected = interval_of(times.time[0], math.hypot(0.1, 0.6 / 2.563))
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high))
