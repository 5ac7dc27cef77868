"""Fit of power models: to readings of repeated operators, and to energies of whole generations.

Few things can be told apart in a mean power. Fitted are the power of running cores and the energy of a matrix FLOP, for
readings of operators also those of a byte of DRAM and of a score of attention; everything else is a published figure.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw_specs import Accelerator, CalibrationPool, load_accelerator
from hw_specs.energy_calibration import EnergyParameters
from hw_specs.inheritance.power_rules import dram_rule, idle_power, process_step
from simulator.cost.energies import kernel_amounts
from simulator.cost.hardware.power import CACHE_ENERGY, SPECIAL_ENERGY, VECTOR_ENERGY, PowerModel
from simulator.energy.run import StageWork, stage_energy
from simulator.simulation import Simulation, simulate
from simulator.uncertainty.intervals import Interval
from tracer.library.graphs import graph_of

from .ceilings import sustained_rate
from .logs import PowerLog
from .measured import EnergyRun, MeasuredPower

__all__ = [
    "OPERATOR_PARAMETERS",
    "RUN_PARAMETERS",
    "VISIBLE",
    "RunAmounts",
    "fit_operators",
    "fit_runs",
    "known_model",
    "operator_power",
    "published_parameters",
    "run_amounts",
    "run_energy",
    "today",
]

FloatArray = NDArray[np.float64]

OPERATOR_PARAMETERS = ("active", "matrix", "dram", "score")
RUN_PARAMETERS = ("active", "matrix")

#: Least share of a reading that must be of the operator itself for the row to count.
VISIBLE = 0.45

#: Readings of GB200 that are held by the limit lie at 0.98 of it.
LIMIT_SHARE = 0.98

#: Relative error beyond which a row counts as an outlier: what ran before is known from the neighbouring row only.
_OUTLIER = 0.1

#: A run that took up to this much longer than predicted had slower kernels; one that took longer still waited for a
#: slower host (published runs of one pipeline that the host bounds differ by 1.7), and its kernels ran as predicted.
_SLOWER_KERNELS = 1.25

#: Weight of a sustained matrix rate beside one energy of a run.
_CEILING_WEIGHT = 1.0

_LARGEST = {"active": 1e4, "matrix": 1e-11, "dram": 1e-9, "score": 5e-9}
_START = {"active": 0.4, "matrix": 6e-13, "dram": 5e-11, "score": 1e-10}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAmounts:
    """What the stages of a simulated run do.

    Attributes
    ----------
    run : EnergyRun
    accelerator : Accelerator
    latency : float
        Predicted. [s]
    interval : Interval or None
        Of the predicted latency.
    elapsed, busy : array, shape (num_stages,)
        Predicted elapsed and device time. [s]
    amounts : mapping
        Name of an energy to amounts, shape (num_stages,).
    """

    run: EnergyRun
    accelerator: Accelerator
    latency: float
    interval: Interval | None
    elapsed: FloatArray
    busy: FloatArray
    amounts: Mapping[str, FloatArray]

    def at_measured_time(self) -> tuple[FloatArray, FloatArray]:
        """Elapsed and device times that add up to the measured latency. [s]"""
        stretch = self.run.latency / self.latency
        elapsed = self.elapsed * stretch
        slower = stretch if stretch <= _SLOWER_KERNELS else 1.0
        return elapsed, np.minimum(self.busy * slower, elapsed)


def published_parameters(accelerator: Accelerator, log: PowerLog | None = None) -> EnergyParameters:
    """Figures of a part before any fit; those that only a fit can give are zero.

    Parameters
    ----------
    accelerator : Accelerator
    log : PowerLog, optional
        Log of this very part, for its idle power and the power at which its limit acts.
    """
    step, idle = process_step(accelerator.process) or 1.0, idle_power(accelerator)
    board, limit = accelerator.power.board, LIMIT_SHARE
    if log is not None:
        idle = _four_digits(log.idle)
        limit = min(log.limited / board, 1.0) if log.limited and board else limit
    return EnergyParameters(
        idle=idle or 1.0,
        active=0.0,
        matrix=0.0,
        vector=_four_digits(VECTOR_ENERGY * step),
        special=_four_digits(SPECIAL_ENERGY * step),
        score=0.0,
        dram=dram_rule(accelerator).energy,
        cache=CACHE_ENERGY,
        limit=_four_digits(limit),
    )


def known_model(accelerator: Accelerator, parameters: EnergyParameters) -> PowerModel:
    """Model of a part with given parameters, without residuals."""
    board = accelerator.power.board
    return PowerModel(
        parameters=parameters,
        board=None if board is None else parameters.limit * board,
        basis="calibrated",
        spread=(0.0, 0.0),
        fitted_on=(),
    )


def operator_power(rows: MeasuredPower, parameters: EnergyParameters) -> FloatArray:
    """Mean power of each row while its kernels repeat, the time being as measured, shape (num_rows,). [W]"""
    return _row_power(_row_rates(rows), parameters, rows.measured.accelerator)


def fit_operators(rows: MeasuredPower, idle: float | None = None) -> EnergyParameters:
    """Parameters from readings of operators of one part.

    A reading is taken as `visible` times the power of the operator and the rest as the reading before it; rows of which
    less than :data:`VISIBLE` is to be seen do not count, and others the more, the more is.

    Parameters
    ----------
    rows : MeasuredPower
    idle : float, optional
        By default the lowest reading. [W]
    """
    accelerator = rows.measured.accelerator
    seen = rows.select(np.flatnonzero(rows.visible >= VISIBLE))
    lowest = float(rows.power.min()) if idle is None else idle
    start = published_parameters(accelerator).model_copy(update={"idle": lowest})
    rates, weight = _row_rates(seen), 1.0 / (1.1 - seen.visible)

    def residuals(parameters: EnergyParameters) -> FloatArray:
        power = _row_power(rates, parameters, accelerator)
        reading = seen.visible * power + (1.0 - seen.visible) * seen.before
        return weight * (reading / seen.power - 1.0)

    return _least_squares(OPERATOR_PARAMETERS, start, accelerator, residuals)


def run_amounts(run: EnergyRun, calibrations: CalibrationPool) -> RunAmounts:
    """Simulation of a measured run, as its source ran it."""
    accelerator = load_accelerator(run.device)
    simulation = simulate(graph_of(run.model, run.settings), accelerator, run.execution, calibrations=calibrations)
    return _amounts(run, accelerator, simulation)


def run_energy(amounts: RunAmounts, model: PowerModel, *, measured_time: bool) -> float:
    """Energy of a run with the measured or the predicted time. [J]"""
    elapsed, busy = amounts.at_measured_time() if measured_time else (amounts.elapsed, amounts.busy)
    work = sum(getattr(model.parameters, name) * amount for name, amount in amounts.amounts.items())
    stages = zip(elapsed.tolist(), busy.tolist(), np.broadcast_to(work, elapsed.shape).tolist(), strict=True)
    return sum(stage_energy(StageWork(name="", elapsed=e, busy=b, work=w), model) for e, b, w in stages)


def fit_runs(runs: Sequence[RunAmounts], ceiling: float | None = None, log: PowerLog | None = None) -> EnergyParameters:
    """Parameters from energies of whole runs on one part, with the measured times.

    Parameters
    ----------
    runs : sequence of RunAmounts
    ceiling : float, optional
        Published rate of long 16-bit products at the limit of the board, which tells the energy of a FLOP from the
        power of running cores. [FLOP/s]
    log : PowerLog, optional
    """
    accelerator = runs[0].accelerator
    start = published_parameters(accelerator, log)

    def residuals(parameters: EnergyParameters) -> FloatArray:
        model = known_model(accelerator, parameters)
        errors = [run_energy(r, model, measured_time=True) / r.run.energy - 1.0 for r in runs]
        if ceiling is not None:
            errors.append(_CEILING_WEIGHT * (sustained_rate(accelerator.name, model) / ceiling - 1.0))
        return np.array(errors)

    return _least_squares(RUN_PARAMETERS, start, accelerator, residuals)


def today() -> datetime.date:
    """Day of a fit."""
    return datetime.datetime.now(tz=datetime.UTC).date()


def _four_digits(value: float) -> float:
    return float(f"{value:.4g}")


def _amounts(run: EnergyRun, accelerator: Accelerator, simulation: Simulation) -> RunAmounts:
    kernels = kernel_amounts(simulation.kernels, accelerator)
    stages = simulation.timeline.stages
    return RunAmounts(
        run=run,
        accelerator=accelerator,
        latency=simulation.timeline.latency,
        interval=simulation.interval,
        elapsed=np.array([stage.latency for stage in stages]),
        busy=np.array([stage.execution.sum() for stage in stages]),
        amounts={
            name: np.array([amount[s.launches.rows].sum() * s.launches.launches_per_variant for s in stages])
            for name, amount in kernels.items()
        },
    )


def _row_rates(rows: MeasuredPower) -> dict[str, FloatArray]:
    """Amounts of each row for one second of repeating it, by the energy that they cost."""
    measured = rows.measured
    kernels = kernel_amounts(measured.kernels, measured.accelerator)
    return {name: measured.per_row(amount) / measured.latency for name, amount in kernels.items()}


def _row_power(rates: Mapping[str, FloatArray], parameters: EnergyParameters, accelerator: Accelerator) -> FloatArray:
    power = np.full(len(rates["matrix"]), parameters.idle + parameters.active)
    for name, rate in rates.items():
        power += getattr(parameters, name) * rate
    board = accelerator.power.board
    return power if board is None else np.minimum(power, parameters.limit * board)


def _least_squares(
    names: Sequence[str],
    start: EnergyParameters,
    accelerator: Accelerator,
    residuals: Callable[[EnergyParameters], FloatArray],
) -> EnergyParameters:
    from scipy.optimize import least_squares

    board = accelerator.power.board or 1.0
    scale = np.array([_START[name] * (board if name == "active" else 1.0) for name in names])

    def parameters(x: FloatArray) -> EnergyParameters:
        values = dict(zip(names, (x * scale).tolist(), strict=True))
        return start.model_copy(update=values)

    def scaled(x: FloatArray) -> FloatArray:
        return residuals(parameters(x))

    upper = np.array([_LARGEST[name] for name in names]) / scale
    bounds = (np.full(len(names), 1e-6), upper)
    fit = least_squares(scaled, np.ones(len(names)), bounds=bounds, loss="soft_l1", f_scale=_OUTLIER)
    return start.model_copy(update={n: _four_digits(v) for n, v in zip(names, (fit.x * scale).tolist(), strict=True)})
