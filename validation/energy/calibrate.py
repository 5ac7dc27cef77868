"""Energy calibrations from measurements, with the scatter of what no fit saw."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hw_specs.energy_calibration import EnergyCalibration, EnergyFittedOn, EnergyResidual
from hw_specs.output import write_text
from simulator.cost.hardware.power import PowerModel, power_model
from validation.fitting.fit import held_out

from .ceilings import board_of, ceiling_errors, ceiling_of, ceilings, rate_note
from .fit import (
    OPERATOR_PARAMETERS,
    RUN_PARAMETERS,
    VISIBLE,
    RunAmounts,
    fit_operators,
    fit_runs,
    known_model,
    operator_power,
    run_energy,
    today,
)
from .logs import PowerLog
from .measured import MeasuredPower

__all__ = [
    "calibrate_energy",
    "calibrate_operators",
    "calibrate_runs",
    "model_without",
    "with_shared_residuals",
    "write_energy_calibration",
]

FloatArray = NDArray[np.float64]
_Scope = Literal["held_out", "left_out_device", "other_architecture"]

#: Rows whose readings are nearly all their own: what the scatter of the power model is judged by.
_MOSTLY_OWN = 0.8
_LEVELS = (0.1, 0.5, 0.9)

_FOLDER = Path(__file__).parents[2] / "hw_specs" / "energy_calibrations"
_PUBLISHED = (
    "vector, special, cache, and where not fitted idle and dram: published figures, see hw_specs/power_rules.py and "
    "simulator/energy_parameters.py"
)
_SOURCES = {
    "aiconfigurator": "github.com/ai-dynamo/aiconfigurator: mean board power while operators repeat, NVML (Apache-2.0)",
}


def calibrate_energy(
    operators: Iterable[MeasuredPower], runs: Sequence[RunAmounts], logs: Mapping[str, PowerLog] | None = None
) -> tuple[EnergyCalibration, ...]:
    """Calibrations of all parts that some measurements are of, with all residuals.

    A part with readings of operators and with runs is fitted to the runs, which are measured with less doubt.

    Parameters
    ----------
    operators : iterable of MeasuredPower
    runs : sequence of RunAmounts
    logs : mapping, optional
        Accelerator's name to the log of a campaign on it.
    """
    devices, logs = list(dict.fromkeys(r.run.device for r in runs)), logs or {}
    own = [calibrate_runs([r for r in runs if r.run.device == device], logs.get(device)) for device in devices]
    own += [calibrate_operators(rows) for rows in operators if rows.measured.accelerator.name not in devices]
    return with_shared_residuals(own, runs)


def calibrate_operators(rows: MeasuredPower) -> EnergyCalibration:
    """Calibration of one part from readings of its operators; three quarters of the shapes are fitted."""
    source = "; ".join(sorted({_SOURCES.get(name.partition(" ")[0], name) for name in rows.measured.source}))
    out = held_out(rows.measured)
    parameters = fit_operators(rows.select(np.flatnonzero(~out)), idle=float(rows.power.min()))
    power = operator_power(rows, parameters)
    errors = np.abs(power / rows.power - 1.0)
    seen = rows.visible >= VISIBLE
    calls = list(zip(rows.measured.op, rows.measured.dtype, strict=True))
    fitted_on = []
    for call in dict.fromkeys(calls):
        mine = seen & np.array([c == call for c in calls])
        fitted_on.append(
            EnergyFittedOn(
                source=source,
                device=rows.measured.device,
                what=f"mean power of {call[0]} in {call[1]}",
                count=int((mine & ~out).sum()),
                held_out=int((mine & out).sum()),
                mape=_rounded(errors[mine & ~out].mean()),
                held_out_mape=_rounded(errors[mine & out].mean()) if (mine & out).any() else None,
            )
        )
    own = out & (rows.visible >= _MOSTLY_OWN)
    above = _above_idle(rows.power[own], power[own], parameters.idle)
    return EnergyCalibration(
        name=rows.measured.accelerator.name.lower(),
        accelerator=rows.measured.accelerator.name,
        parameters=parameters,
        fitted=("idle", *OPERATOR_PARAMETERS),
        fitted_on=tuple(fitted_on),
        residuals=(_residual("held_out", above),),
        date=today(),
        sources=(source, _PUBLISHED),
    )


def calibrate_runs(runs: Sequence[RunAmounts], log: PowerLog | None = None) -> EnergyCalibration:
    """Calibration of one part from energies of whole generations on it."""
    accelerator, ceiling = runs[0].accelerator, ceiling_of(runs[0].accelerator.name)
    parameters = fit_runs(runs, ceiling, log)
    model = known_model(accelerator, parameters)
    left_out = [model_without(runs, k, ceiling) for k in range(len(runs))]
    measured = np.array([r.run.energy for r in runs])
    latency = np.array([r.run.latency for r in runs])
    fitted = np.array([run_energy(r, model, measured_time=True) for r in runs])
    predicted = np.array([run_energy(r, m, measured_time=True) for r, m in zip(runs, left_out, strict=True)])
    pipelines = tuple(dict.fromkeys(r.run.model for r in runs))
    sources = tuple(dict.fromkeys(r.run.source for r in runs))
    return EnergyCalibration(
        name=accelerator.name.lower(),
        accelerator=accelerator.name,
        parameters=parameters,
        fitted=RUN_PARAMETERS,
        fitted_on=(
            EnergyFittedOn(
                source="; ".join(sources),
                device=accelerator.name,
                what=f"energy of {len(runs)} generations ({', '.join(pipelines)}){rate_note(ceiling)}",
                count=len(runs),
                mape=_rounded(np.abs(fitted / measured - 1).mean()),
                held_out_mape=_rounded(np.abs(predicted / measured - 1).mean()),
            ),
        ),
        residuals=(_residual("held_out", _above_idle(measured / latency, predicted / latency, parameters.idle)),),
        date=today(),
        sources=(*sources, *_ceiling_sources(accelerator.name, ceiling), _PUBLISHED),
    )


def _ceiling_sources(accelerator: str, ceiling: float | None) -> tuple[str, ...]:
    """Who published the rate that took part in a fit."""
    if ceiling is None:
        return ()
    return tuple(c.source for c in ceilings() if c.accelerator == board_of(accelerator))


def with_shared_residuals(
    calibrations: Sequence[EnergyCalibration], runs: Sequence[RunAmounts]
) -> tuple[EnergyCalibration, ...]:
    """Calibrations with the scatter of what is carried over from them to other parts.

    ``left_out_device``: runs on a part predicted by the calibrations of the others, and sustained matrix rates of
    relatives. ``other_architecture``: sustained matrix rates of parts of other makers.
    """
    related = [_other_parts_residual(r, calibrations) for r in runs]
    implied = [error for error in ceiling_errors(calibrations) if error.implied is not None]
    related += [e.implied for e in implied if e.basis == "inherited"]
    foreign = [e.implied for e in implied if e.basis == "datasheet"]
    scopes: tuple[tuple[_Scope, list[float | None]], ...] = (
        ("left_out_device", related),
        ("other_architecture", [*foreign, *related]),
    )
    shared = tuple(
        _residual(scope, np.array([value for value in values if value is not None]))
        for scope, values in scopes
        if any(value is not None for value in values)
    )
    return tuple(c.model_copy(update={"residuals": (*_own(c), *shared)}) for c in calibrations)


def write_energy_calibration(calibration: EnergyCalibration, folder: Path | None = None) -> Path:
    """Write a calibration as YAML; into the package by default."""
    import yaml

    path = (folder or _FOLDER) / f"{calibration.name.replace('-', '_')}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    tree = calibration.model_dump(mode="python", exclude_none=True)
    plain = {key: list(value) if isinstance(value, tuple) else value for key, value in tree.items()}
    write_text(path, yaml.safe_dump(plain, sort_keys=False, width=120))
    return path


def model_without(runs: Sequence[RunAmounts], position: int, ceiling: float | None) -> PowerModel:
    """Model of a fit without one of the runs, and without others of its pipeline where there are other pipelines."""
    left = runs[position]
    rest = [r for r in runs if r.run.model != left.run.model] or [r for r in runs if r is not left]
    return known_model(left.accelerator, fit_runs(rest or runs, ceiling))


def _other_parts_residual(run: RunAmounts, calibrations: Sequence[EnergyCalibration]) -> float | None:
    others = tuple(c for c in calibrations if c.accelerator != run.run.device)
    if not others:
        return None
    model = power_model(run.accelerator, others)
    predicted = run_energy(run, model, measured_time=True)
    latency = run.run.latency
    return float(
        _above_idle(np.array([run.run.energy / latency]), np.array([predicted / latency]), model.parameters.idle)[0]
    )


def _above_idle(measured: FloatArray, predicted: FloatArray, idle: float) -> FloatArray:
    """log(measured / predicted) of the power above idle."""
    floor = 0.05 * idle
    ratio: FloatArray = np.log(np.maximum(measured - idle, floor) / np.maximum(predicted - idle, floor))
    return ratio


def _residual(
    scope: Literal["held_out", "left_out_device", "other_architecture"], values: FloatArray
) -> EnergyResidual:
    error = np.expm1(-values)
    levels = np.quantile(values, _LEVELS)
    return EnergyResidual(
        scope=scope,
        count=len(values),
        mape=_rounded(np.abs(error).mean()),
        bias=_rounded(error.mean()),
        quantiles={f"{q:g}": _rounded(x) for q, x in zip(_LEVELS, levels, strict=True)},
    )


def _own(calibration: EnergyCalibration) -> Iterable[EnergyResidual]:
    return (r for r in calibration.residuals if r.scope == "held_out")


def _rounded(value: float) -> float:
    return round(float(value), 4)
