"""Some groups fitted again: what they become, and that all else stays."""

from __future__ import annotations

import pytest

from hw_specs import Calibration, CalibrationPool, Evidence, FittedCalibration, FittedOn, ResidualSummary
from validation.fitting.calibrate import calibrate, shipped_observations
from validation.fitting.generic import generic_calibration
from validation.fitting.refit import merged, refitted
from validation.measured.tables import MeasurementError, read_measured


def _record(group, count):
    return FittedOn(source="neusight", device="T4", op="aten::mm", dtype="float32", group=group, count=count, mape=0.1)


def _residual(group):
    return ResidualSummary(
        group=group, scope="held_out_shapes", regime="all", count=1, mape=0.1, bias=0.0, quantiles={"0.5": 0.0}
    )


def _fitted(parameters, groups, **fields):
    calibration = Calibration(
        name="turing", architecture="turing", sources=("s",), groups=groups, parameters=parameters, **fields
    )
    evidence = Evidence(
        name="turing",
        fitted_on=tuple(_record(group, 7) for group in groups),
        residuals=tuple(_residual(group) for group in groups),
    )
    return FittedCalibration(calibration, evidence)


@pytest.fixture(scope="module")
def tables(synthetic_file):
    return [read_measured(synthetic_file(*each)) for each in (("NVIDIA T4", 0.6), ("NVIDIA V100-PCIE-32GB", 0.9))]


@pytest.fixture(scope="module")
def earlier():
    """A calibration of products and of element-wise kernels, the latter wrong."""
    return _fitted(
        {"matmul.rate": 0.9, "stream.dram": 0.3},
        {"matmul": ("T4",), "stream": ("T4", "T4G")},
        held=("matmul.feed", "stream.floor"),
        at_bound=("matmul.store", "stream.l2"),
    )


def test_other_groups_stay(tables, earlier):
    (turing,) = refitted(tables, ["stream"], CalibrationPool.of(earlier), accelerator="t4")
    calibration, evidence = turing.calibration, turing.evidence
    assert calibration.parameters["matmul.rate"] == 0.9
    assert calibration.parameters["stream.dram"] == pytest.approx(0.6, abs=0.02)
    assert calibration.groups == {"matmul": ("T4",), "stream": ("T4",)}
    assert calibration.accelerators == ("T4",)
    assert "matmul.feed" in calibration.held
    assert [name for name in calibration.at_bound if name.startswith("matmul")] == ["matmul.store"]
    assert [(r.group, r.count) for r in evidence.fitted_on if r.group == "matmul"] == [("matmul", 7)]
    assert [r for r in evidence.residuals if r.group == "matmul"] == [_residual("matmul")]


def test_nothing_of_the_old_fit_remains_in_the_new(tables, earlier):
    (turing,) = refitted(tables, ["stream"], CalibrationPool.of(earlier), accelerator="t4")
    alone = next(c for c in calibrate(tables) if c.name == "turing")
    own = [name for name in turing.calibration.parameters if name.startswith("stream.")]
    assert {name: turing.calibration.parameters[name] for name in own} == alone.calibration.parameters
    assert [r for r in turing.evidence.fitted_on if r.group == "stream"] == list(alone.evidence.fitted_on)


def test_all_groups_that_there_are_make_the_whole_calibration(tables):
    whole = calibrate(tables)
    whole = (*whole, generic_calibration(tables, whole, observed=shipped_observations()))
    others = CalibrationPool.shipped().without({entry.name for entry in whole})
    again = refitted(tables[::-1], ["stream"], CalibrationPool.of(*whole, *others.members))
    assert [c.calibration for c in again] == [c.calibration for c in whole]
    assert [c.evidence for c in again] == [c.evidence for c in whole]


def test_groups_that_are_fitted_together_go_together():
    old = _fitted({"matmul8.rate": 0.5, "quantize.dram": 0.5}, {"matmul8": ("T4",), "quantize": ("T4",)})
    new = _fitted({"matmul8.rate": 0.7}, {"matmul8": ("T4",)})
    assert merged(old, new).calibration.parameters == {"matmul8.rate": 0.7}


def test_parameters_that_no_longer_exist_are_dropped():
    old = _fitted({"stream.of_old": 0.5, "stream.dram": 0.5}, {"stream": ("T4",)})
    new = _fitted({"matmul.rate": 0.7}, {"matmul": ("T4",)})
    assert merged(old, new).calibration.parameters == {"matmul.rate": 0.7, "stream.dram": 0.5}


def test_a_group_without_rows_changes_nothing(tables, earlier):
    assert refitted(tables, ["collective"], CalibrationPool.of(earlier)) == ()


def test_an_unknown_group_is_refused(tables, earlier):
    with pytest.raises(MeasurementError, match="unknown parameter group 'rows'; valid: matmul, matmul8, "):
        refitted(tables, ["rows"], CalibrationPool.of(earlier))
