import pytest

from hw_specs import CalibrationPool
from validation.errors.kernels import kernel_errors
from validation.measured.tables import MeasurementError

_KEYS = {
    *("device", "op", "dtype", "count", "mape", "mape_over_50us", "median_ape", "bias"),
    *("within_10_percent", "time_weighted", "roofline_mape"),
}


def test_records_by_device_operator_and_dtype(calibrated_files, synthetic_file):
    _, calibrations = calibrated_files
    errors = kernel_errors([synthetic_file("NVIDIA T4", 0.6)], calibrations=CalibrationPool.of(*calibrations))
    (record,) = errors.to_list()
    assert record.keys() == _KEYS
    assert (record["device"], record["op"], record["dtype"]) == ("NVIDIA T4", "aten::add", "float32")
    assert record["mape"] < 0.05
    assert record["within_10_percent"] > 0.9
    assert record["roofline_mape"] > record["mape"]
    assert errors.skipped.total() == 0


def test_unseen_rows_in_the_range_are_counted(calibrated_files, synthetic_file):
    _, calibrations = calibrated_files
    (known,) = kernel_errors([synthetic_file("NVIDIA T4", 0.6)], calibrations=CalibrationPool.of(*calibrations)).records
    # Without residuals of its group a range has no width, and no row is in it.
    bare = CalibrationPool.of(*(c.calibration for c in calibrations))
    (unknown,) = kernel_errors([synthetic_file("NVIDIA T4", 0.6)], calibrations=bare).records
    assert unknown.coverage == 0.0
    assert known.coverage is not None
    assert 0.0 <= known.coverage <= 1.0


def test_left_out_device_is_predicted_by_its_relatives(calibrated_files, synthetic_file):
    _, calibrations = calibrated_files
    files = [synthetic_file("NVIDIA T4", 0.6), synthetic_file("NVIDIA V100-PCIE-32GB", 0.9)]
    (record,) = kernel_errors(files, leave_out="NVIDIA T4", calibrations=CalibrationPool.of(*calibrations)).records
    assert record.device == "NVIDIA T4"
    # Volta's share of 0.9, times what copies reach on a T4 beside check bits (0.734 / 0.85) over a V100 (0.891), is
    # 0.873 in place of 0.6.
    assert record.mape_over_50us == pytest.approx(1 - 0.6 / 0.873, abs=0.02)


def test_unknown_device_to_leave_out(synthetic_file):
    with pytest.raises(MeasurementError, match="no file is of device 'P100'; the files are of NVIDIA T4"):
        kernel_errors([synthetic_file("NVIDIA T4", 0.6)], leave_out="P100", calibrations=CalibrationPool.empty())


def test_a_device_is_left_out_by_any_of_its_names(calibrated_files, synthetic_file):
    _, calibrations = calibrated_files
    (record,) = kernel_errors(
        [synthetic_file("NVIDIA T4", 0.6)], leave_out="t4", calibrations=CalibrationPool.of(*calibrations)
    ).records
    assert record.device == "NVIDIA T4"


def test_a_file_of_several_devices_gives_records_of_each(calibrated_files, synthetic_file, tmp_path):
    _, calibrations = calibrated_files
    one, two = (synthetic_file(device, 0.6).read_text() for device in ("NVIDIA T4", "NVIDIA V100-PCIE-32GB"))
    both = tmp_path / "both.csv"
    both.write_text(one + "".join(two.splitlines(keepends=True)[1:]))
    errors = kernel_errors([both], calibrations=CalibrationPool.of(*calibrations))
    assert [record.device for record in errors.records] == ["NVIDIA T4", "NVIDIA V100-PCIE-32GB"]


def test_two_sources_of_one_operator_are_two_records(calibrated_files, synthetic_file, tmp_path):
    _, calibrations = calibrated_files
    text = synthetic_file("NVIDIA T4", 0.6).read_text()
    both = tmp_path / "both.csv"
    both.write_text(text + "".join(text.replace("synthetic", "another").splitlines(keepends=True)[1:]))
    errors = kernel_errors([both], calibrations=CalibrationPool.of(*calibrations))
    assert [(record.source, record.count) for record in errors.records] == [
        ("another", errors.records[0].count),
        ("synthetic", errors.records[0].count),
    ]
