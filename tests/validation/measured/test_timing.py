import numpy as np

from hw_specs import Calibration, CalibrationPool, Evidence, FittedCalibration, FittedOn
from validation.measured.timing import Timing, timings_of, with_timing


def _fitted(device, floor, offset):
    return FittedOn(
        source="neusight",
        device=device,
        op="aten::add",
        dtype="float32",
        group="stream",
        count=1,
        mape=0.0,
        timing_floor=floor,
        timing_offset=offset,
    )


def test_short_kernels_show_the_floor_and_long_ones_their_time():
    shown = with_timing(np.array([1e-6, 100e-6]), floor=np.array([26e-6] * 2), offset=np.array([16e-6] * 2))
    assert shown.tolist() == [26e-6, 116e-6]


def test_own_timing_first_then_the_median_of_others():
    fitted = (_fitted("a", 1.0, 0.5), _fitted("b", 2.0, 1.0), _fitted("c", 4.0, 1.5))
    calibration = Calibration(name="x", parameters={}, sources=("test",))
    pool = CalibrationPool.of(FittedCalibration(calibration, Evidence(name="x", fitted_on=fitted)))
    assert timings_of(pool, "a")["neusight", "aten::add"] == Timing(floor=1.0, offset=0.5)
    assert timings_of(pool, "z")["neusight", "aten::add"] == Timing(floor=2.0, offset=1.0)
