"""How far energies are off: unseen shapes of operators, pipelines left out of a fit, parts left out altogether."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hw_specs.energy_calibration import EnergyCalibration, EnergyParameters
from simulator.cost.hardware.power import PowerModel, power_model
from simulator.energy.run import StageWork, energy_interval
from validation.fitting.fit import held_out

from .calibrate import model_without
from .ceilings import CeilingError, ceiling_of
from .fit import VISIBLE, RunAmounts, operator_power, run_energy
from .measured import MeasuredPower

__all__ = [
    "OperatorEnergyError",
    "RunEnergyError",
    "RunEnergySummary",
    "energy_to_dict",
    "operator_errors",
    "run_errors",
    "summarise_runs",
]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorEnergyError:
    """Errors of the mean power of operators, over rows of which a share of at least :data:`VISIBLE` is to be seen.

    Attributes
    ----------
    device, op, dtype : str
    seen, held_out : int
        Rows of the fit and of unseen shapes.
    mape, held_out_mape : float
        Mean absolute relative error against the reading as it is.
    corrected_mape : float
        The same over unseen shapes, against a reading that holds a share of the one before.
    bias : float
        Mean signed error over unseen shapes.
    always_limit_mape : float
        Over unseen shapes, of the guess that the board draws its limit.
    """

    device: str
    op: str
    dtype: str
    seen: int
    held_out: int
    mape: float
    held_out_mape: float
    corrected_mape: float
    bias: float
    always_limit_mape: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnergyError:
    """Measured and predicted energy of one generation.

    Attributes
    ----------
    device, model : str
    latency, energy : float
        Measured. [s], [J]
    power : float
        Measured mean power. [W]
    latency_error : float
        Relative error of the predicted latency.
    at_measured_time, at_predicted_time : float
        Relative error of the energy, of a fit without this pipeline.
    as_shipped : float
        Relative error at the predicted time, of the calibration that ships.
    other_parts : float or None
        Relative error at the measured time, carried over from other parts alone; None where there are none.
    always_limit : float
        Relative error of the guess that the board draws its limit all the measured time.
    inside : bool
        Whether the 80 % interval at the predicted time holds the measured energy.
    batch : int
    source : str
    """

    device: str
    model: str
    batch: int
    source: str
    latency: float
    energy: float
    power: float
    latency_error: float
    at_measured_time: float
    at_predicted_time: float
    as_shipped: float
    other_parts: float | None
    always_limit: float
    inside: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnergySummary:
    """Mean absolute errors of some runs: of the latency, and of the energy as :class:`RunEnergyError` has them.

    ``bias`` is the mean signed error of the calibration that ships, ``inside`` the share that the 80 % interval holds.
    """

    name: str
    count: int
    latency_mape: float
    at_measured_time: float
    at_predicted_time: float
    as_shipped: float
    bias: float
    inside: float


def operator_errors(rows: MeasuredPower, parameters: EnergyParameters) -> list[OperatorEnergyError]:
    """Errors by operator and dtype, the time being as measured."""
    out, seen = held_out(rows.measured), rows.visible >= VISIBLE
    power = operator_power(rows, parameters)
    reading = rows.visible * power + (1.0 - rows.visible) * rows.before
    limit = (rows.measured.accelerator.power.board or 0.0) * parameters.limit
    calls = list(zip(rows.measured.op, rows.measured.dtype, strict=True))
    result = []
    for op, dtype in dict.fromkeys(calls):
        mine = seen & np.array([call == (op, dtype) for call in calls])
        known, unseen = mine & ~out, mine & out
        result.append(
            OperatorEnergyError(
                device=rows.measured.device,
                op=op,
                dtype=dtype,
                seen=int(known.sum()),
                held_out=int(unseen.sum()),
                mape=_mape(power, rows.power, known),
                held_out_mape=_mape(power, rows.power, unseen),
                corrected_mape=_mape(reading, rows.power, unseen),
                bias=float((power[unseen] / rows.power[unseen] - 1).mean()) if unseen.any() else float("nan"),
                always_limit_mape=_mape(np.full(len(rows), limit), rows.power, unseen),
            )
        )
    return result


def run_errors(runs: Sequence[RunAmounts], calibrations: Sequence[EnergyCalibration]) -> list[RunEnergyError]:
    """Errors of whole runs, each predicted by a fit without it and by other parts alone."""
    result = []
    for device in dict.fromkeys(r.run.device for r in runs):
        mine = [r for r in runs if r.run.device == device]
        ceiling, fits = ceiling_of(device), dict[str, PowerModel]()
        several = len({run.run.model for run in mine}) > 1
        for position, run in enumerate(mine):
            name = run.run.model if several else str(position)
            if name not in fits:
                fits[name] = model_without(mine, position, ceiling)
            result.append(_run_error(run, fits[name], calibrations))
    return result


def summarise_runs(errors: Sequence[RunEnergyError], key: Callable[[RunEnergyError], str]) -> list[RunEnergySummary]:
    """Errors of groups of runs, the largest group first."""
    groups: dict[str, list[RunEnergyError]] = {}
    for error in errors:
        groups.setdefault(key(error), []).append(error)
    return [_summary(name, group) for name, group in sorted(groups.items(), key=lambda g: -len(g[1]))]


def _summary(name: str, errors: Sequence[RunEnergyError]) -> RunEnergySummary:
    return RunEnergySummary(
        name=name,
        count=len(errors),
        latency_mape=fmean(abs(e.latency_error) for e in errors),
        at_measured_time=fmean(abs(e.at_measured_time) for e in errors),
        at_predicted_time=fmean(abs(e.at_predicted_time) for e in errors),
        as_shipped=fmean(abs(e.as_shipped) for e in errors),
        bias=fmean(e.as_shipped for e in errors),
        inside=fmean(float(e.inside) for e in errors),
    )


def energy_to_dict(
    operators: Sequence[OperatorEnergyError],
    runs: Sequence[RunEnergyError],
    ceilings: Sequence[CeilingError],
    skipped: Mapping[str, int],
) -> dict[str, Any]:
    """Plain form for JSON."""
    return {
        "operators": [asdict(error) for error in operators],
        "runs": [asdict(error) for error in runs],
        "summary": {
            "device": [asdict(s) for s in summarise_runs(runs, lambda e: e.device)],
            "model": [asdict(s) for s in summarise_runs(runs, lambda e: f"{e.device} {e.model}")],
        },
        "ceilings": [asdict(error) for error in ceilings],
        "unmapped": dict(skipped),
    }


def _run_error(run: RunAmounts, model: PowerModel, calibrations: Sequence[EnergyCalibration]) -> RunEnergyError:
    measured, board = run.run.energy, run.accelerator.power.board
    others = tuple(c for c in calibrations if c.accelerator != run.run.device)
    foreign = power_model(run.accelerator, others) if others else None
    low, high = _interval_of(run, model, calibrations)
    return RunEnergyError(
        device=run.run.device,
        model=run.run.model,
        batch=int(run.run.settings.get("batch", 1)),
        source=run.run.source,
        latency=run.run.latency,
        energy=measured,
        power=measured / run.run.latency,
        latency_error=run.latency / run.run.latency - 1,
        at_measured_time=run_energy(run, model, measured_time=True) / measured - 1,
        at_predicted_time=run_energy(run, model, measured_time=False) / measured - 1,
        as_shipped=run_energy(run, power_model(run.accelerator), measured_time=False) / measured - 1,
        other_parts=None if foreign is None else run_energy(run, foreign, measured_time=True) / measured - 1,
        always_limit=(board or 0.0) * run.run.latency / measured - 1,
        inside=low <= measured <= high,
    )


def _interval_of(run: RunAmounts, model: PowerModel, calibrations: Sequence[EnergyCalibration]) -> tuple[float, float]:
    """80 % interval at the predicted time, with the parameters of a fit without this run."""
    spread = power_model(run.accelerator, calibrations).spread
    work = sum(getattr(model.parameters, name) * amount for name, amount in run.amounts.items())
    stages = [
        StageWork(name="", elapsed=e, busy=b, work=w)
        for e, b, w in zip(run.elapsed.tolist(), run.busy.tolist(), np.asarray(work).tolist(), strict=True)
    ]
    return energy_interval(stages, replace(model, spread=spread), run.latency, run.interval)


def _mape(predicted: FloatArray, measured: FloatArray, rows: NDArray[np.bool_]) -> float:
    return float(np.abs(predicted[rows] / measured[rows] - 1).mean()) if rows.any() else float("nan")
