import numpy as np
import pytest

from hw_specs import CalibrationPool
from validation.fitting import residuals
from validation.fitting.residuals import residual_summaries


def test_summaries_hold_quantiles_of_both_scopes(calibrated_files):
    measured, calibrations = calibrated_files
    summaries = residual_summaries(measured, calibrations, relatives=CalibrationPool.empty())["turing"]
    scopes = {s.scope for s in summaries}
    assert scopes == {"held_out_shapes", "left_out_device"}
    whole = next(s for s in summaries if s.scope == "left_out_device" and s.regime == "all")
    assert whole.count == sum(len(m) for m in measured)
    assert whole.quantiles["0.05"] <= whole.quantiles["0.5"] <= whole.quantiles["0.95"]
    # No other part was left out whose residuals could have held these.
    assert whole.coverage is None
    assert whole.mape == pytest.approx(abs(whole.bias), rel=1.0)


def test_coverage_of_the_other_half_is_nominal_for_rows_that_are_alike():
    rows = np.random.default_rng(3).normal(size=4000)
    assert residuals._cross_coverage(rows) == pytest.approx(0.8, abs=0.02)
    assert residuals._cross_coverage(rows[:10]) is None
