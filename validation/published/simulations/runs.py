"""Simulations of published runs; figures of several parts of one run are read off one simulation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw_specs import CalibrationPool, load_accelerator
from simulator.cost.model import Fidelity
from simulator.hosts.catalogue import load_host
from simulator.simulation import Simulation, simulate
from simulator.uncertainty.components import ErrorComponents
from tracer.graph import OpGraph
from tracer.library.graphs import graph_of
from validation.published.case import Case
from validation.published.quantity import case_stages, case_time, sliced_decoding

__all__ = ["Prediction", "Simulations", "graph_key"]

Key = tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """Predicted time of a run, or of a part of one.

    Attributes
    ----------
    time : float
        [s]
    errors : ErrorComponents, optional
        What its relative error is made of; of several stages, that of the longest. None where the fidelity is a bound.
    deviation : float
        Relative standard deviation of the same. [1]
    basis : str
        What most of the kernels' time of the whole run rests on.
    """

    time: float
    errors: ErrorComponents | None = None
    deviation: float = 0.0
    basis: str = ""


def graph_key(case: Case) -> Key:
    """What tells the graph of a case from those of others."""
    return (case.model, *sorted(case.settings.items()))


class Simulations:
    """Predictions of published runs, each run simulated once for each fidelity."""

    def __init__(self, calibrations: CalibrationPool) -> None:
        """Predictions with some calibrations, none made yet."""
        self._calibrations = calibrations
        self._graphs: dict[Key, OpGraph] = {}
        self._stages: dict[Key, dict[str, Prediction]] = {}

    def add(self, others: Simulations) -> None:
        """Take what others have simulated with the same calibrations."""
        self._stages |= others._stages

    def __getstate__(self) -> dict[str, object]:
        """What another process gets: what was simulated, without the graphs."""
        return {**self.__dict__, "_graphs": {}}

    def graph(self, case: Case) -> OpGraph:
        """Graph of a case's workload."""
        key = graph_key(case)
        if key not in self._graphs:
            self._graphs[key] = graph_of(case.model, case.settings)
        return self._graphs[key]

    def predict(self, case: Case, fidelity: Fidelity = "calibrated") -> Prediction:
        """Prediction of a case. Raises what :func:`~simulator.simulation.simulate` does."""
        graph, stages = self.graph(case), self._predicted(case, fidelity)
        wanted = case_stages(case, graph)
        part = stages[""] if len(wanted) == len(graph.stages) else stages[max(wanted, key=_time_in(stages))]
        total = case_time(case, graph, _latencies(stages))
        if case.sliced_decoder:
            single = case.model_copy(update={"settings": {**case.settings, "batch": 1}})
            total += sliced_decoding(graph, _latencies(stages), _latencies(self._predicted(single, fidelity)))
        return Prediction(time=total, errors=part.errors, deviation=part.deviation, basis=stages[""].basis)

    def _predicted(self, case: Case, fidelity: Fidelity) -> dict[str, Prediction]:
        """Prediction of each stage of a case's run by its name, and of the whole by none."""
        settings, execution = (tuple(sorted(each.items())) for each in (case.settings, case.execution))
        key = (case.model, case.device, case.host, settings, execution, case.software or case.newest_then, fidelity)
        if key not in self._stages:
            run = simulate(
                self.graph(case),
                load_accelerator(case.device),
                case.to_execution(),
                calibrations=self._calibrations,
                fidelity=fidelity,
                host=load_host(case.host) if case.host else None,
            )
            self._stages[key] = _by_stage(run)
        return self._stages[key]


def _by_stage(simulation: Simulation) -> dict[str, Prediction]:
    report = simulation.report
    basis = max(report.basis, key=lambda name: report.basis[name]) if report.basis else ""
    return {"": _part(simulation, report.latency, None, basis)} | {
        name: _part(simulation, entry.latency, simulation.positions_of(name), basis)
        for name, entry in report.by_stage.items()
    }


def _part(simulation: Simulation, time: float, positions: NDArray[np.int64] | None, basis: str) -> Prediction:
    """Prediction of some launch positions of a run, of all by default."""
    whole = simulation.deviation
    if whole is None:
        return Prediction(time=time, basis=basis)
    return Prediction(time=time, errors=whole.components(positions), deviation=whole.relative(positions), basis=basis)


def _latencies(stages: Mapping[str, Prediction]) -> dict[str, float]:
    return {name: prediction.time for name, prediction in stages.items()}


def _time_in(stages: Mapping[str, Prediction]) -> Callable[[str], float]:
    return lambda name: stages[name].time
