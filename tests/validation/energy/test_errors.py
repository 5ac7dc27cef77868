import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hw_specs import CalibrationPool
from hw_specs.energy_calibration import list_energy_calibrations, load_energy_calibration
from validation.energy.ceilings import ceiling_errors
from validation.energy.errors import energy_to_dict, operator_errors, run_errors, summarise_runs
from validation.energy.fit import run_amounts
from validation.energy.measured import EnergyRun, read_power, read_runs

POOL = CalibrationPool.shipped()

SHIPPED = [load_energy_calibration(name) for name in list_energy_calibrations()]


def _run(steps: int, energy: float) -> EnergyRun:
    return EnergyRun(
        model="stable-diffusion",
        settings={},
        device="A100-SXM4-40GB",
        latency=0.03 * steps,
        energy=energy,
        source="a meter",
    )


def test_errors_of_runs_by_hand() -> None:
    amounts = [run_amounts(_run(50, 500.0), calibrations=POOL), run_amounts(_run(50, 520.0), calibrations=POOL)]
    errors = run_errors(amounts, SHIPPED)
    assert [e.energy for e in errors] == [500.0, 520.0]
    first = errors[0]
    assert first.power == pytest.approx(500 / 1.5)
    assert first.latency_error == pytest.approx(amounts[0].latency / 1.5 - 1)
    assert first.always_limit == pytest.approx(400 * 1.5 / 500 - 1)
    assert first.other_parts is not None
    # Each is predicted from the other, which is the same run with 4 % more or less energy.
    assert first.at_measured_time > errors[1].at_measured_time


def test_without_other_parts_there_is_nothing_to_carry_over() -> None:
    own = [c for c in SHIPPED if c.accelerator == "A100-SXM4-40GB"]
    errors = run_errors(
        [run_amounts(_run(50, 500.0), calibrations=POOL), run_amounts(_run(50, 520.0), calibrations=POOL)], own
    )
    assert errors[0].other_parts is None


def test_a_pipeline_is_left_out_with_all_its_batches() -> None:
    run, other = _run(50, 500.0), replace(_run(50, 700.0), model="sdxl")
    twin = replace(run, energy=900.0)
    errors = run_errors([run_amounts(each, calibrations=POOL) for each in (run, twin, other)], SHIPPED)
    # Both are predicted by the fit to the other pipeline: the same joules, over 500 and over 900.
    assert 500 * (1 + errors[0].at_measured_time) == pytest.approx(900 * (1 + errors[1].at_measured_time))


def test_summaries_by_hand() -> None:
    errors = run_errors([run_amounts(_run(50, energy), calibrations=POOL) for energy in (500.0, 520.0)], SHIPPED)
    (summary,) = summarise_runs(errors, lambda e: e.device)
    assert (summary.name, summary.count) == ("A100-SXM4-40GB", 2)
    assert summary.bias == pytest.approx((errors[0].as_shipped + errors[1].as_shipped) / 2)
    assert summary.at_measured_time == pytest.approx(sum(abs(e.at_measured_time) for e in errors) / 2)


def test_plain_form() -> None:
    plain = energy_to_dict([], [], ceiling_errors(), {"no workload for x": 2})
    assert set(plain) == {"operators", "runs", "summary", "ceilings", "unmapped"}
    assert json.loads(json.dumps(plain))["unmapped"] == {"no workload for x": 2}
    assert plain["ceilings"][0]["accelerator"] == "A100-SXM4-80GB"


@pytest.mark.measured
def test_public_operators(measured: Path) -> None:
    rows = read_power(measured / "power" / "nvidia_gb200.csv.gz")
    errors = operator_errors(rows, load_energy_calibration("gb200").parameters)
    assert {(e.op, e.dtype) for e in errors} == set(zip(rows.measured.op, rows.measured.dtype, strict=True))
    for error in errors:
        assert error.held_out_mape < 0.15
        assert error.held_out_mape < error.always_limit_mape
        assert error.seen > error.held_out > 50


@pytest.mark.measured
@pytest.mark.slow
def test_public_runs(measured: Path) -> None:
    runs, _ = read_runs(measured / "power" / "diffusion_energy.csv")
    short = [run for run in runs if run.model in ("sd2.1", "sdxl", "modelscope")]
    errors = run_errors([run_amounts(run, calibrations=POOL) for run in short], SHIPPED)
    assert np.mean([abs(e.at_measured_time) for e in errors]) < 0.15
    assert np.mean([abs(e.at_measured_time) for e in errors]) < np.mean([abs(e.always_limit) for e in errors])
