"""Ratios of published runs: every run is predicted once, whatever the number of its pairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw_specs import CalibrationPool, SpecError, load_accelerator
from simulator.cost import UnsupportedFormatError
from simulator.execution import ExecutionError
from simulator.hosts.catalogue import load_host
from simulator.simulation import Simulation, simulate
from simulator.software import SoftwareError
from simulator.uncertainty.components import ErrorComponents, accelerator_correlation, ratio_variance
from tracer.graph import GraphError, OpGraph
from tracer.library.graphs import graph_of
from validation.published.case import Case
from validation.published.names import Names
from validation.published.quantity import case_stages, case_time, sliced_decoding

from .pairs import Pair, pairs_of
from .ratio import Ratio, ratio_of
from .run import Run, runs_of

__all__ = ["Prediction", "PublishedRatios", "Simulations", "published_ratios"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """Predicted time of a run [s], and what its relative error is made of."""

    time: float
    errors: ErrorComponents | None = None


Predict = Callable[[Case], Prediction]


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
        Prediction of a case; by default that of the simulator.
    """
    runs, left_out = runs_of(cases, names)
    pairs = list(pairs_of(runs))
    paired = {id(run): run for pair in pairs for run in pair[:2]}
    if len(paired) < len(runs):
        left_out["no other run of its source differs in one thing alone"] = len(runs) - len(paired)
    predicted, failed = _predictions(paired, predict or Simulations(calibrations).predict, progress)
    left_out.update(f"cannot be predicted: {reason}" for reason in failed)
    alike = accelerator_correlation(calibrations)
    ratios = [_ratio(pair, predicted, alike) for pair in pairs if all(id(run) in predicted for run in pair[:2])]
    return PublishedRatios(ratios=tuple(ratios), left_out=left_out)


def _ratio(pair: Pair, predicted: Mapping[int, Prediction], accelerators_alike: float) -> Ratio:
    runs = pair[:2]
    accelerators = {run.case.device for run in runs}
    return ratio_of(
        pair.change,
        *((run.values[pair.differs], run.measured, predicted[id(run)].time) for run in runs),
        subject=_subject(pair.first, pair.differs),
        source=pair.first.table,
        accelerators=accelerators,
        variance=_variance(
            *(predicted[id(run)].errors for run in runs), alike=accelerators_alike if len(accelerators) > 1 else 1.0
        ),
    )


def _variance(first: ErrorComponents | None, second: ErrorComponents | None, *, alike: float) -> float | None:
    if first is None or second is None:
        return None
    return ratio_variance(first, second, accelerators_alike=alike)


def _subject(run: Run, differs: int) -> str:
    """What both runs of a pair share, as its readers would say it."""
    return ", ".join([run.subject, *(value for at, value in enumerate(run.values) if at != differs)])


def _predictions(
    runs: Mapping[int, Run], predict: Predict, progress: Callable[[str], None] | None
) -> tuple[dict[int, Prediction], list[str]]:
    """Prediction of each run, and reasons of those that have none."""
    found: dict[int, Prediction] = {}
    failed: list[str] = []
    for key, run in runs.items():
        if progress is not None:
            progress(run.case.id)
        try:
            found[key] = predict(run.case)
        except (ExecutionError, GraphError, SoftwareError, SpecError, UnsupportedFormatError) as error:
            failed.append(str(error).splitlines()[0])
    return found, failed


class Simulations:
    """Predictions of published runs; figures of several parts of one run are read off one simulation."""

    def __init__(self, calibrations: CalibrationPool) -> None:
        """Predictions with some calibrations, none made yet."""
        self._calibrations = calibrations
        self._graphs: dict[tuple[object, ...], OpGraph] = {}
        self._stages: dict[tuple[object, ...], dict[str, Prediction]] = {}

    def predict(self, case: Case) -> Prediction:
        """Prediction of a case. Raises what :func:`~simulator.simulation.simulate` does."""
        graph, stages = self._graph(case), self._predicted(case)
        wanted = case_stages(case, graph)
        errors = (stages[""] if len(wanted) == len(graph.stages) else stages[max(wanted, key=_time_in(stages))]).errors
        total = case_time(case, graph, _latencies(stages))
        if case.sliced_decoder:
            single = case.model_copy(update={"settings": {**case.settings, "batch": 1}})
            total += sliced_decoding(graph, _latencies(stages), _latencies(self._predicted(single)))
        return Prediction(time=total, errors=errors)

    def _graph(self, case: Case) -> OpGraph:
        key = (case.model, *sorted(case.settings.items()))
        if key not in self._graphs:
            self._graphs[key] = graph_of(case.model, case.settings)
        return self._graphs[key]

    def _predicted(self, case: Case) -> dict[str, Prediction]:
        """Prediction of each stage of a case's run by its name, and of the whole by none."""
        settings, execution = (tuple(sorted(each.items())) for each in (case.settings, case.execution))
        key = (case.model, case.device, case.host, settings, execution, case.software or case.newest_then)
        if key not in self._stages:
            how = case.to_execution()
            part = load_accelerator(case.device)
            host = load_host(case.host) if case.host else None
            run = simulate(self._graph(case), part, how, calibrations=self._calibrations, host=host)
            self._stages[key] = _by_stage(run)
        return self._stages[key]


def _by_stage(simulation: Simulation) -> dict[str, Prediction]:
    report = simulation.report
    whole = Prediction(time=report.latency, errors=_errors(simulation))
    return {"": whole} | {
        name: Prediction(time=entry.latency, errors=_errors(simulation, simulation.positions_of(name)))
        for name, entry in report.by_stage.items()
    }


def _errors(simulation: Simulation, positions: NDArray[np.int64] | None = None) -> ErrorComponents | None:
    return None if simulation.deviation is None else simulation.deviation.components(positions)


def _latencies(stages: Mapping[str, Prediction]) -> dict[str, float]:
    return {name: prediction.time for name, prediction in stages.items()}


def _time_in(stages: Mapping[str, Prediction]) -> Callable[[str], float]:
    return lambda name: stages[name].time
