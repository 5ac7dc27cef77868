from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from hw_specs import CalibrationPool
from validation.energy.tables import energy_tables
from validation.measured.tables import MeasurementError


def test_nothing_measured_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(MeasurementError) as caught:
        energy_tables([tmp_path], calibrations=CalibrationPool.shipped())
    assert "\n" not in str(caught.value)


def test_generations_are_predicted_without_their_own_model(measured: Path) -> None:
    tables = energy_tables([measured / "power" / "diffusion_energy.csv"], calibrations=CalibrationPool.shipped())
    plain = tables.to_dict()
    assert {run["model"] for run in plain["runs"]} >= {"sdxl", "svd-xt"}
    console = Console(width=200)
    with console.capture() as capture:
        tables.print(console)
    assert "energy of generations" in capture.get()
