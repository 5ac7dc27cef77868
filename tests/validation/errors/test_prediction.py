import numpy as np
import pytest

from hw_specs import CalibrationPool
from validation.errors.prediction import predicted
from validation.measured.timing import Timing


def test_times_are_near_those_that_were_fitted(calibrated_files):
    (measured,), calibrations = calibrated_files
    prediction = predicted(measured, CalibrationPool.of(*calibrations))
    assert prediction.time == pytest.approx(measured.latency, rel=0.1)
    assert (prediction.roofline <= prediction.time).all()


def test_harness_hides_short_kernels(calibrated_files):
    (measured,), calibrations = calibrated_files
    timing = Timing(floor=1e-3, offset=5e-4)
    shown = predicted(measured, CalibrationPool.of(*calibrations), timings={("synthetic", "aten::add"): timing}).time
    assert shown.min() == 1e-3
    assert np.all(shown >= 5e-4 + predicted(measured, CalibrationPool.of(*calibrations)).time - 1e-12)
