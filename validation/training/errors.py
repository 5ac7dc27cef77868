"""Predicted against measured times of whole runs: ``validate training``."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, median
from typing import Any

from hw_specs import CalibrationPool, SpecError, load_accelerator
from hw_specs.reading.bounds import InputError, text_lines
from hw_specs.terminal.tables import counted, text_table
from simulator.execution import Execution
from simulator.simulation import simulate
from simulator.software import load_software
from tracer.graph import GraphError, OpGraph
from validation.measured.records import MeasurementError

from .steps import Step, step_of, trace_step

__all__ = ["StepErrors", "StepResult", "predict_steps", "step_text", "to_dict"]

_COLUMNS = ("case", "device", "measured_ms")
_SOFTWARE = "torch-2.1"  # of NeuSight's environment


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """A run and its prediction.

    Attributes
    ----------
    case, device : str
    trains, compiled : bool
    measured, predicted, low, high : float
        The last two are an 80 % interval. [s]
    unmodelled : int
        Calls of operators without a formula, which are left out of the prediction.
    """

    case: str
    device: str
    trains: bool
    compiled: bool
    measured: float
    predicted: float
    low: float
    high: float
    unmodelled: int

    @property
    def error(self) -> float:
        """``predicted / measured - 1``."""
        return self.predicted / self.measured - 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StepErrors:
    """Runs that were predicted, and how many were not, by reason."""

    results: tuple[StepResult, ...]
    skipped: Counter[str]


def predict_steps(
    files: Iterable[Path], calibrations: CalibrationPool, *, progress: Callable[[str], None] | None = None
) -> StepErrors:
    """Predict every run of tables with the columns ``case, device, measured_ms``.

    Raises
    ------
    MeasurementError
        A file is no such table.
    """
    results, skipped, graphs = [], Counter[str](), dict[Step, OpGraph]()
    for row in (row for file in files for row in _rows(file)):
        if progress is not None:
            progress(f"{row['case']} on {row['device']}")
        try:
            step = step_of(row["case"])
            if step not in graphs:
                graphs[step] = trace_step(step)
            results.append(_predict(row, step, graphs[step], calibrations))
        except (GraphError, SpecError) as error:
            skipped[str(error).partition(": ")[2] or str(error)] += 1
    return StepErrors(results=tuple(results), skipped=skipped)


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        rows = list(csv.DictReader(text_lines(path)))
    except (InputError, csv.Error) as error:
        raise MeasurementError(f"{path}: {error}") from error
    missing = [name for name in _COLUMNS if not rows or name not in rows[0]]
    if missing:
        raise MeasurementError(f"{path}: has no column {missing[0]}; needed: {', '.join(_COLUMNS)}")
    return rows


def _predict(row: dict[str, str], step: Step, graph: OpGraph, calibrations: CalibrationPool) -> StepResult:
    execution = Execution(mode="compiled" if step.compiled else "eager", software=load_software(_SOFTWARE))
    report = simulate(graph, load_accelerator(row["device"]), execution, calibrations=calibrations).report
    interval = report.interval
    return StepResult(
        case=row["case"],
        device=row["device"],
        trains=step.trains,
        compiled=step.compiled,
        measured=float(row["measured_ms"]) / 1e3,
        predicted=report.latency,
        low=interval.low if interval else report.latency,
        high=interval.high if interval else report.latency,
        unmodelled=sum(entry.calls for entry in report.unmodelled),
    )


def to_dict(errors: StepErrors) -> dict[str, Any]:
    """Plain form of the errors."""
    return {
        "results": [asdict(result) | {"error": result.error} for result in errors.results],
        "skipped": dict(errors.skipped),
    }


def step_text(errors: StepErrors) -> str:
    """Errors by kind of run and by device, every run, and what was not predicted.

    Raises
    ------
    MeasurementError
        Nothing was predicted.
    """
    if not errors.results:
        reasons = "; ".join(f"{reason} ({count})" for reason, count in errors.skipped.most_common())
        raise MeasurementError(f"no run could be predicted: {reasons or 'there are none'}")
    groups = [("all", list(errors.results))]
    for key in (_kind, lambda result: result.device):
        names = sorted({key(result) for result in errors.results})
        groups += [(name, [r for r in errors.results if key(r) == name]) for name in names]
    worst_first = sorted(errors.results, key=lambda r: -abs(r.error))
    parts = [
        text_table(_ERRORS, (_summary(name, results) for name, results in groups)),
        text_table(_RUNS, map(_run, worst_first), left=2),
    ]
    if errors.skipped:
        left_out = (f"not predicted: {errors.skipped.total()}", *counted(errors.skipped))
        parts.append("".join(f"{line}\n" for line in left_out))
    return "\n".join(parts)


_ERRORS = ("runs", "count", "median", "mean", "bias", "in 80 % interval")
_RUNS = ("case", "device", "measured", "predicted", "error")


def _run(r: StepResult) -> tuple[str, ...]:
    return (r.case, r.device, f"{r.measured:.3g} s", f"{r.predicted:.3g} s", f"{100 * r.error:+.1f} %")


def _kind(result: StepResult) -> str:
    return "forward and backward" if result.trains else "forward, compiled" if result.compiled else "forward"


def _summary(name: str, results: Sequence[StepResult]) -> tuple[str, ...]:
    errors = [result.error for result in results]
    sizes = [abs(error) for error in errors]
    held = fmean(float(r.low <= r.measured <= r.high) for r in results)
    shares = (f"{100 * median(sizes):.1f} %", f"{100 * fmean(sizes):.1f} %", f"{100 * fmean(errors):+.1f} %")
    return (name, str(len(results)), *shares, f"{100 * held:.0f} %")
