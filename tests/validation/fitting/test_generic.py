"""Joint fits to several devices, and what leaving out an architecture says of them."""

import numpy as np
import pytest

from hw_specs import CalibrationPool
from simulator.cost.inheritance import REFERENCE, accelerator_origin
from validation.errors.kernels import kernel_errors
from validation.fitting.generic import LeftOut, generic_calibration, left_out_errors, preferred_groups
from validation.measured.tables import read_measured

_NONE = CalibrationPool.empty()


@pytest.fixture(scope="module")
def tables(synthetic_file):
    return [read_measured(synthetic_file(*each)) for each in (("NVIDIA T4", 0.7), ("NVIDIA V100-PCIE-32GB", 0.9))]


def test_each_device_fits_with_its_own_memory(tables):
    generic = generic_calibration(tables, observed=_NONE).calibration
    assert (generic.name, generic.scope, generic.architecture) == ("generic", "generic", None)
    assert generic.groups == {"stream": ("T4", "V100-PCIe-32GB")}
    shares = [accelerator_origin(t.accelerator).copy_share / REFERENCE.copy_share for t in tables]
    # One share serves both as far as their copies differ by what they were measured to: 0.81 and 0.86 at 0.85.
    low, high = sorted((0.7 / shares[0], 0.9 / shares[1]))
    assert low - 0.01 < generic.parameters["stream.dram"] < high + 0.01


def test_what_was_fitted_on_and_what_was_kept_out_is_recorded(tables):
    generic = generic_calibration(tables, observed=_NONE).evidence
    assert [f.device for f in generic.fitted_on] == ["NVIDIA T4", "NVIDIA V100-PCIE-32GB"]
    assert all(f.count + f.held_out == len(t) for f, t in zip(generic.fitted_on, tables, strict=True))
    assert generic.residuals == ()


def test_an_architecture_is_left_out_of_fits_and_relatives(tables, calibrated_files):
    _, relatives = calibrated_files
    trials = {trial.device: trial for trial in left_out_errors(tables, relatives, observed=_NONE)}
    assert trials.keys() == {"NVIDIA T4", "NVIDIA V100-PCIE-32GB"}
    # The relative of the T4 is the V100's own fit of 0.9, which is also all that a joint fit sees.
    t4 = trials["NVIDIA T4"]
    assert t4.error == pytest.approx(t4.nearest_error, abs=0.03)


def test_residuals_come_by_architecture(tables, calibrated_files):
    _, relatives = calibrated_files
    generic = generic_calibration(tables, relatives, observed=_NONE).evidence
    whole = [r for r in generic.residuals if r.regime == "all"]
    assert [(r.group, r.scope) for r in whole] == [("stream", "left_out_device")] * 2


def _trial(architecture, joint, nearest, group="matmul"):
    return LeftOut(
        group=group,
        architecture=architecture,
        device=architecture,
        time=np.ones(2),
        residual=np.array([joint, -joint]),
        nearest=np.array([nearest, -nearest]),
    )


@pytest.mark.parametrize(
    ("trials", "preferred"),
    [
        ([("ada", 0.1, 0.2), ("hopper", 0.1, 0.2), ("volta", 0.25, 0.2)], True),
        ([("ada", 0.1, 0.2), ("hopper", 0.3, 0.2), ("volta", 0.3, 0.2)], False),  # not on most
        ([("ada", 0.1, 0.2), ("hopper", 0.1, 0.2), ("volta", 0.8, 0.1)], False),  # worse on average
        ([("ada", 0.1, 0.2), ("hopper", 0.1, 0.2)], False),  # two say little of a third
    ],
)
def test_a_group_is_preferred_that_is_better_on_most(trials, preferred):
    assert preferred_groups(_trial(*each) for each in trials) == (("matmul",) if preferred else ())


def test_leaving_out_a_device_fits_the_generic_parameters_again(synthetic_file, tables, calibrated_files):
    files = [synthetic_file("NVIDIA T4", 0.86), synthetic_file("NVIDIA V100-PCIE-32GB", 0.9)]
    _, relatives = calibrated_files
    seen = generic_calibration(tables, observed=_NONE).calibration.model_copy(
        update={"preferred": ("stream",), "parameters": {"stream.dram": 0.4}}  # would be off by half
    )
    (record,) = kernel_errors(files, leave_out="NVIDIA T4", calibrations=CalibrationPool.of(*relatives, seen)).records
    assert record.mape_over_50us < 0.1
