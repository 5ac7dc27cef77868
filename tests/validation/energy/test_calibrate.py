from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hw_specs import load_accelerator
from hw_specs.energy_calibration import load_energy_calibration
from simulator.cost.hardware.power import power_model
from validation.energy.calibrate import (
    calibrate_energy,
    calibrate_runs,
    model_without,
    with_shared_residuals,
    write_energy_calibration,
)
from validation.energy.fit import RunAmounts, known_model, published_parameters, run_energy
from validation.energy.logs import PowerLog
from validation.energy.measured import EnergyRun, read_power, read_runs

_WORK = ((1.9, 1e14), (1.2, 1e14), (1.8, 1.5e14), (1.5, 2e14))


def _runs(device: str, active: float, matrix: float, noise: float = 0.0) -> list[RunAmounts]:
    accelerator = load_accelerator(device)
    model = known_model(
        accelerator, published_parameters(accelerator).model_copy(update={"active": active, "matrix": matrix})
    )
    made = []
    for k, (busy, flops) in enumerate(_WORK):
        amounts = {name: np.zeros(1) for name in ("vector", "special", "score", "dram", "cache")}
        run = RunAmounts(
            run=EnergyRun(
                model=f"model-{k}", settings={}, device=accelerator.name, latency=2.0, energy=1.0, source="a meter"
            ),
            accelerator=accelerator,
            latency=2.0,
            interval=None,
            elapsed=np.array([2.0]),
            busy=np.array([busy]),
            amounts={"matrix": np.array([flops]), **amounts},
        )
        energy = run_energy(run, model, measured_time=True) * (1 + noise * (-1) ** k)
        made.append(replace(run, run=replace(run.run, energy=energy)))
    return made


def test_a_calibration_of_runs_says_what_it_rests_on() -> None:
    entry = calibrate_runs(_runs("a100_sxm4_40gb", 180.0, 5e-13, noise=0.02))
    assert entry.accelerator == "A100-SXM4-40GB"
    assert entry.fitted == ("active", "matrix")
    assert entry.fitted_on[0].count == 4
    assert entry.fitted_on[0].held_out_mape is not None
    assert 0 < entry.fitted_on[0].mape < entry.fitted_on[0].held_out_mape < 0.1
    assert "model-0" in entry.fitted_on[0].what
    assert "271.2 TFLOP/s" in entry.fitted_on[0].what
    assert [r.scope for r in entry.residuals] == ["held_out"]


def test_a_log_moves_idle_power_and_limit() -> None:
    runs = _runs("a100_sxm4_40gb", 180.0, 5e-13)
    entry = calibrate_runs(runs, PowerLog(idle=55.0, limited=396.0, clock=1.3e9, samples=10))
    assert entry.parameters.idle == 55.0
    assert entry.parameters.limit == pytest.approx(0.99)


def test_leaving_a_run_out_does_not_see_it() -> None:
    runs = _runs("a100_sxm4_40gb", 180.0, 5e-13)
    spoilt = [replace(runs[0], run=replace(runs[0].run, energy=10 * runs[0].run.energy)), *runs[1:]]
    clean, seen = model_without(spoilt, 0, None), model_without(spoilt, 1, None)
    assert clean.parameters.matrix == pytest.approx(5e-13, rel=0.02)
    assert seen.parameters != clean.parameters


def test_scatter_of_other_parts_is_shared() -> None:
    runs = [*_runs("a100_sxm4_40gb", 180.0, 5e-13), *_runs("h100_sxm5_80gb", 300.0, 5e-13)]
    entries = calibrate_energy([], runs)
    assert [e.accelerator for e in entries] == ["A100-SXM4-40GB", "H100-SXM5-80GB"]
    shared = [{r.scope: r for r in e.residuals if r.scope != "held_out"} for e in entries]
    assert shared[0] == shared[1]
    assert set(shared[0]) == {"left_out_device", "other_architecture"}
    assert shared[0]["left_out_device"].count >= len(runs)
    assert shared[0]["other_architecture"].count > shared[0]["left_out_device"].count
    again = with_shared_residuals(entries, runs)
    assert again == entries


def test_written_and_read_back(tmp_path: Path) -> None:
    entry = calibrate_runs(_runs("a100_sxm4_40gb", 180.0, 5e-13))
    path = write_energy_calibration(entry, tmp_path / "new")
    assert path.name == "a100_sxm4_40gb.yaml"
    assert load_energy_calibration(str(path)) == entry


@pytest.mark.measured
def test_the_public_readings_of_operators(measured: Path) -> None:
    rows = read_power(measured / "power" / "nvidia_gb200.csv.gz")
    (entry,) = calibrate_energy([rows], [])
    shipped = load_energy_calibration("gb200").parameters
    assert entry.parameters.active == pytest.approx(shipped.active, rel=0.2)
    assert entry.parameters.matrix == pytest.approx(shipped.matrix, rel=0.2)
    assert {item.device for item in entry.fitted_on} == {"NVIDIA GB200"}
    assert max(item.held_out_mape or 0.0 for item in entry.fitted_on) < 0.2
    # Half the energy of a FLOP in eight bits is assumed, and 6 pJ for a bit of stacked memory is found.
    assert 3 < entry.parameters.dram / 8e-12 < 8


@pytest.mark.measured
def test_every_run_that_is_fitted_is_among_the_published(measured: Path) -> None:
    runs, _ = read_runs(measured / "power" / "diffusion_energy.csv")
    for device in {run.device for run in runs}:
        assert power_model(load_accelerator(device)).basis == "calibrated"
        name = device.lower().replace("-", "_")
        assert load_energy_calibration(name).fitted_on[0].count == sum(run.device == device for run in runs)
