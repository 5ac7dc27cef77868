"""Calibrations from measured cases."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("scipy")

from hw_specs import Calibration, CalibrationPool, FittedCalibration, load_accelerator
from simulator.cost import hardware_columns, kernel_times
from validation.fitting.fit import held_out
from validation.machine.probe.fit import fit_calibration
from validation.machine.sweeps.case import contiguous
from validation.machine.sweeps.lowered import measured_cases
from validation.measured.tables import MeasuredKernels

_TRUE = {"stream.dram": 0.55, "stream.floor": 9e-6}


@pytest.fixture(scope="module")
def measured() -> MeasuredKernels:
    """Elementwise kernels, timed by the model itself at parameters that are not its defaults."""
    cases = [
        contiguous("aten::add", (2**n + 64 * i,) * 1, (2**n + 64 * i,), dtype="float32")
        for n in range(10, 26)
        for i in (0, 1)
    ]
    accelerator = load_accelerator("h100")
    rows = measured_cases(accelerator, "here", cases, [1.0] * len(cases), cold=[True] * len(cases), source="test")
    hardware = hardware_columns([accelerator], calibrations=CalibrationPool.empty()).with_parameters(_TRUE)
    times = rows.per_row(kernel_times(rows.kernels, hardware).time[:, 0])
    return measured_cases(accelerator, "here", cases, times.tolist(), cold=[True] * len(cases), source="test")


@pytest.fixture(scope="module")
def fitted(measured: MeasuredKernels) -> FittedCalibration:
    said: list[str] = []
    found = fit_calibration(
        measured, name="here", sources=("a test",), host={"view": 1.23456e-6}, notes="none", say=said.append
    )
    assert said == ["fit stream"]
    return found


@pytest.fixture(scope="module")
def calibration(fitted: FittedCalibration) -> Calibration:
    return fitted.calibration


def test_parameters_are_found_again(calibration: Calibration) -> None:
    assert calibration.parameters["stream.dram"] == pytest.approx(0.55, rel=0.1)
    assert calibration.parameters["stream.floor"] == pytest.approx(9e-6, rel=0.2)


def test_the_calibration_says_what_it_rests_on(fitted: FittedCalibration, measured: MeasuredKernels) -> None:
    calibration = fitted.calibration
    assert calibration.accelerators == (measured.accelerator.name,)
    assert calibration.groups == {"stream": calibration.accelerators, "host": calibration.accelerators}
    assert calibration.parameters["host.view"] == 1.235e-6
    (record,) = fitted.evidence.fitted_on
    assert (record.op, record.dtype, record.group) == ("aten::add", "float32", "stream")
    assert record.count + record.held_out == len(measured)
    assert record.held_out > 0
    assert record.mape < 0.05
    assert record.held_out_mape is not None
    assert record.held_out_mape < 0.1


def test_its_residuals_are_of_shapes_that_the_fit_did_not_see(
    fitted: FittedCalibration, measured: MeasuredKernels
) -> None:
    whole = next(s for s in fitted.evidence.residuals if s.regime == "all")
    assert (whole.group, whole.scope) == ("stream", "held_out_shapes")
    assert whole.count == int(held_out(measured).sum())
    assert whole.mape < 0.1


def test_it_is_one_that_the_simulator_takes(calibration: Calibration, measured: MeasuredKernels) -> None:
    hardware = hardware_columns([measured.accelerator], calibrations=CalibrationPool.of(calibration))
    assert hardware.parameter("stream.dram")[0] == calibration.parameters["stream.dram"]
    assert np.isfinite(kernel_times(measured.kernels, hardware).time).all()
