import datetime

import yaml

from hw_specs import Calibration, Evidence, FittedCalibration, FittedOn, load_calibration
from hw_specs.calibration import load_evidence
from validation.fitting.calibration_file import write_calibration


def test_written_files_are_read_back(calibrated_files, tmp_path):
    _, calibrations = calibrated_files
    path = write_calibration(calibrations[0], tmp_path)
    assert load_calibration(path) == calibrations[0].calibration
    assert load_evidence(path) == calibrations[0].evidence


def test_a_person_reads_what_was_fitted_on_what_and_a_line_for_each_parameter(tmp_path):
    row = FittedOn(source="s", device="d", op="o", dtype="float32", group="stream", count=3, mape=0.1)
    calibration = Calibration(
        name="x",
        groups={"stream": ("T4", "V100")},
        parameters={"stream.dram": 0.9, "stream.floor": 1e-6},
        sources=("somewhere",),
        date=datetime.date(2026, 1, 2),
    )
    path = write_calibration(FittedCalibration(calibration, Evidence(name="x", fitted_on=(row,))), tmp_path)
    assert path.read_text().splitlines() == [
        "format: 2",
        "name: x",
        "scope: architecture",
        "date: '2026-01-02'",
        "sources:",
        "- somewhere",
        "groups:",
        "  stream: [T4, V100]",
        "parameters:",
        "  stream.dram: 0.9",
        "  stream.floor: 1.0e-06",
    ]
    beside = tmp_path / "x.evidence.yaml"
    assert yaml.safe_load(beside.read_text())["fitted_on"][0]["count"] == 3
