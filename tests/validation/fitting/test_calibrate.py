from dataclasses import replace

import pytest

from hw_specs import load_accelerator
from validation.fitting.calibrate import JOBS, calibrate, present_groups, rows_not_fitted, tables_to_fit
from validation.measured.tables import MeasurementError, read_measured


def test_each_architecture_gets_its_own(calibrated_files):
    _, calibrations = calibrated_files
    by_name = {c.name: c.calibration for c in calibrations}
    assert by_name.keys() == {"turing", "volta"}
    assert by_name["turing"].parameters["stream.dram"] == pytest.approx(0.6, abs=0.02)
    assert by_name["volta"].parameters["stream.dram"] == pytest.approx(0.9, abs=0.02)
    assert by_name["turing"].accelerators == ("T4",)
    assert by_name["turing"].groups == {"stream": ("T4",)}
    assert by_name["turing"].date is not None


def test_what_was_fitted_on_is_recorded(calibrated_files):
    measured, calibrations = calibrated_files
    (fitted,) = next(c for c in calibrations if c.name == "turing").evidence.fitted_on
    assert (fitted.source, fitted.device, fitted.op) == ("synthetic", "NVIDIA T4", "aten::add")
    assert fitted.count + fitted.held_out == len(measured[0])
    assert fitted.held_out_mape < 0.05


def test_one_accelerator_or_all_but_one(synthetic_file):
    files = [synthetic_file("NVIDIA T4", 0.6), synthetic_file("NVIDIA V100-PCIE-32GB", 0.9)]
    measured = [read_measured(path) for path in files]
    assert [c.name for c in calibrate(measured, accelerator="t4")] == ["turing"]
    assert [c.name for c in calibrate(files, leave_out="NVIDIA T4")] == ["volta"]


def test_nothing_to_fit_is_an_error(calibrated_files):
    measured, _ = calibrated_files
    with pytest.raises(MeasurementError, match=r"architecture of 'mi210'; the files are of NVIDIA T4 \(turing\)"):
        calibrate(measured, accelerator="mi210")
    with pytest.raises(MeasurementError, match="no row to fit"):
        calibrate(measured, leave_out="t4")


def test_rows_of_another_library_are_not_fitted(synthetic_file):
    measured = read_measured(synthetic_file("NVIDIA T4", 0.6))
    half = len(measured) // 2
    mixed = replace(measured, source=("vidur",) * half + measured.source[half:])
    (used,) = tables_to_fit([mixed])
    assert len(used) == len(measured) - half
    assert rows_not_fitted([mixed]) == {"aten::add of vidur: its times are not of the framework's kernels alone": half}
    with pytest.raises(MeasurementError, match="no row to fit"):
        tables_to_fit([replace(measured, source=("vidur",) * len(measured))])


def test_rows_of_a_systolic_engine_belong_to_its_own_groups(synthetic_file):
    measured = replace(read_measured(synthetic_file("NVIDIA T4", 0.6)), accelerator=load_accelerator("tpu-v6e"))
    assert rows_not_fitted([measured]) == {}
    assert present_groups(("stream",), [measured]) == {}
    assert present_groups(("systolic_stream",), [measured]) == {"systolic_stream": ("TPU-v6e",)}


def test_dropping_a_device_drops_its_groups(calibrated_files):
    _, calibrations = calibrated_files
    left = {c.name: c.without_accelerator("T4", "NVIDIA T4") for c in calibrations}
    dropped = left["turing"]
    assert dropped.calibration.groups == dropped.calibration.parameters == {}
    assert dropped.calibration.fitted_on == dropped.evidence.fitted_on == dropped.evidence.residuals == ()
    assert left["volta"].calibration.groups == {"stream": ("V100-PCIe-32GB",)}


def test_jobs_name_each_group_once():
    groups = [group for job in JOBS for group in job]
    assert len(groups) == len(set(groups))
