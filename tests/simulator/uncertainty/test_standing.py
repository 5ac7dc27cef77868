from __future__ import annotations

import math

import numpy as np
import pytest

from hw_specs import Calibration, CalibrationPool, load_accelerator
from simulator.uncertainty.standing import REGIMES, inherited_half_widths, kernel_ranges, regime_of

from .conftest import calibration, product, residuals


def test_ranges_of_a_measured_part_are_those_of_its_unseen_shapes() -> None:
    part = load_accelerator("h100")
    own = calibration(
        "hopper",
        residuals("matmul", "held_out_shapes", 0.0, 0.1, 0.81),
        residuals("matmul", "left_out_device", 0.2, 0.3),
        parts=(part.name,),
    )
    ranges = kernel_ranges(product(), np.array([1e-3]), part, CalibrationPool.of(own))
    assert (ranges.basis, ranges.coverage[0]) == (("calibrated",), 0.81)
    assert (math.log(ranges.low[0]), math.log(ranges.high[0])) == (pytest.approx(-0.1), pytest.approx(0.1))


def test_ranges_of_a_relative_are_of_common_and_single_deviations() -> None:
    first = calibration("ada", residuals("matmul", "left_out_device", -0.2, 0.1, 0.7), parts=("L40S",))
    second = calibration("hopper", residuals("matmul", "left_out_device", 0.1, 0.2, 0.9), parts=("H100-SXM5-80GB",))
    ranges = kernel_ranges(product(), np.array([1e-3]), load_accelerator("h200"), CalibrationPool.of(first, second))
    assert (ranges.basis, ranges.coverage[0]) == (("inherited",), pytest.approx(0.8))
    # Two parts, and all groups of both as a third: (0.04 + 0.01 + 0.025) / 3. Half of 2.563 deviations is 80 %.
    common, spread = (0.04 + 0.01 + 0.025) / 3, (0.1**2 + 0.2**2) / 2 * (2 / 2.563) ** 2
    half = 2.563 / 2 * math.sqrt(common + spread)
    assert math.log(ranges.high[0]) == pytest.approx(half)
    assert math.log(ranges.low[0]) == pytest.approx(-half)


def test_other_groups_tell_what_a_single_part_left_out_does_not() -> None:
    lone = [residuals("matmul", "left_out_device", 0.0, 0.1)]
    with_others = [*lone, residuals("softmax", "left_out_device", 0.4, 0.1)]
    assert (inherited_half_widths("matmul", with_others) > inherited_half_widths("matmul", lone)).all()


def test_a_probed_machine_without_residuals_is_no_surer_than_its_relatives() -> None:
    part = load_accelerator("h100")
    own = Calibration(
        name="mine", architecture="hopper", groups={"matmul": (part.name,)}, parameters={}, sources=("s",)
    )
    other = calibration("ada", residuals("matmul", "left_out_device", 0.2, 0.1), parts=("L40S",))
    ranges = kernel_ranges(product(), np.array([1e-3]), part, CalibrationPool.of(own, other))
    assert ranges.basis == ("calibrated",)
    assert ranges.high[0] == pytest.approx(math.exp(inherited_half_widths("matmul", other.evidence.residuals)[-1]))


def test_a_group_that_nobody_measured_is_wider_than_any_part_left_out() -> None:
    other = calibration("hopper", residuals("softmax", "left_out_device", 0.0, 0.2, 0.8), parts=("H100-SXM5-80GB",))
    ranges = kernel_ranges(product(), np.array([1e-3]), load_accelerator("h100"), CalibrationPool.of(other))
    assert ranges.basis == ("datasheet",)
    assert math.log(ranges.high[0]) == pytest.approx(1.5 * 0.2)  # without a common deviation, the spread alone
    assert math.isnan(ranges.coverage[0])


def test_regimes_by_predicted_time():
    names = [REGIMES[code][1] for code in regime_of(np.array([1e-6, 20e-6, 49e-6, 1e-4, 1.0]))]
    assert names == ["<20us", "20-50us", "20-50us", "50-500us", ">500us"]
