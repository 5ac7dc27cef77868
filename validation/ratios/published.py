"""Ratios of published runs: every run is predicted once, whatever the number of its pairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from hw_specs import CalibrationPool, SpecError, load_accelerator
from simulator.cost import UnsupportedFormatError
from simulator.execution import Execution, ExecutionError
from simulator.simulation import simulate
from tracer.graph import GraphError, OpGraph
from tracer.library.graphs import graph_of
from validation.published.case import Case
from validation.published.names import Names
from validation.published.quantity import case_time, sliced_decoding

from .pairs import pairs_of
from .ratio import Ratio, ratio_of
from .run import Run, runs_of

__all__ = ["PublishedRatios", "published_ratios"]

Predict = Callable[[Case], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRatios:
    """Ratios of pairs of published runs, and how many runs are in none, by reason."""

    ratios: tuple[Ratio, ...]
    left_out: Counter[str]


def published_ratios(
    cases: Iterable[Case],
    calibrations: CalibrationPool,
    names: Names,
    *,
    progress: Callable[[str], None] | None = None,
    predict: Predict | None = None,
) -> PublishedRatios:
    """Ratios of all pairs of runs that differ in one thing alone and come from one table.

    Parameters
    ----------
    cases : iterable of Case
    calibrations : CalibrationPool
    names : Names
        Says which sources are parts of one table.
    progress : callable, optional
        Called with each run that is predicted.
    predict : callable, optional
        Predicted time of a case [s]; by default that of the simulator.
    """
    runs, left_out = runs_of(cases, names)
    pairs = list(pairs_of(runs))
    paired = {id(run): run for pair in pairs for run in pair[:2]}
    if len(paired) < len(runs):
        left_out["no other run of its source differs in one thing alone"] = len(runs) - len(paired)
    times, failed = _times(paired, predict or Simulations(calibrations).time, progress)
    left_out.update(f"cannot be predicted: {reason}" for reason in failed)
    ratios = [
        ratio_of(
            pair.change,
            *((run.values[pair.differs], run.measured, times[id(run)]) for run in pair[:2]),
            subject=_subject(pair.first, pair.differs),
            source=pair.first.table,
        )
        for pair in pairs
        if all(id(run) in times for run in pair[:2])
    ]
    return PublishedRatios(ratios=tuple(ratios), left_out=left_out)


def _subject(run: Run, differs: int) -> str:
    """What both runs of a pair share, as its readers would say it."""
    return ", ".join([run.subject, *(value for at, value in enumerate(run.values) if at != differs)])


def _times(
    runs: Mapping[int, Run], predict: Predict, progress: Callable[[str], None] | None
) -> tuple[dict[int, float], list[str]]:
    """Predicted time of each run [s], and reasons of those that have none."""
    times: dict[int, float] = {}
    failed: list[str] = []
    for key, run in runs.items():
        if progress is not None:
            progress(run.case.id)
        try:
            times[key] = predict(run.case)
        except (ExecutionError, GraphError, SpecError, UnsupportedFormatError) as error:
            failed.append(str(error).splitlines()[0])
    return times, failed


class Simulations:
    """Predicted times of published runs; figures of several parts of one run are read off one simulation."""

    def __init__(self, calibrations: CalibrationPool) -> None:
        self._calibrations = calibrations
        self._graphs: dict[tuple[object, ...], OpGraph] = {}
        self._latencies: dict[tuple[object, ...], dict[str, float]] = {}

    def time(self, case: Case) -> float:
        """Predicted time of a case [s]. Raises what :func:`~simulator.simulation.simulate` does."""
        graph = self._graph(case)
        total = case_time(case, graph, self._stages(case))
        if not case.sliced_decoder:
            return total
        single = case.model_copy(update={"settings": {**case.settings, "batch": 1}})
        return total + sliced_decoding(graph, self._stages(case), self._stages(single))

    def _graph(self, case: Case) -> OpGraph:
        key = (case.model, *sorted(case.settings.items()))
        if key not in self._graphs:
            self._graphs[key] = graph_of(case.model, case.settings)
        return self._graphs[key]

    def _stages(self, case: Case) -> dict[str, float]:
        """Latency of each stage of a case's run. [s]"""
        settings, execution = (tuple(sorted(each.items())) for each in (case.settings, case.execution))
        key = (case.model, case.device, settings, execution)
        if key not in self._latencies:
            how = Execution(**case.execution)  # type: ignore[arg-type]  # checked by Execution itself
            part = load_accelerator(case.device)
            report = simulate(self._graph(case), part, how, calibrations=self._calibrations).report
            self._latencies[key] = {name: entry.latency for name, entry in report.by_stage.items()}
        return self._latencies[key]
