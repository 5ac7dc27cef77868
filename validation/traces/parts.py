"""Parts of a trace with their times, and the stage of a predicted workload that one of them is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from hw_specs import Accelerator, CalibrationPool
from simulator.execution import Execution
from simulator.simulation import simulate
from tracer.events.parts import parts_of
from tracer.events.selection import selected
from tracer.graph import OpGraph
from tracer.trace import Trace, TraceFormatError
from validation.errors.graph_difference import GraphDifference, against_graph

__all__ = ["MatchedStage", "PartTimes", "matched_stage", "part_times"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartTimes:
    """A part of a trace.

    Attributes
    ----------
    name : str
    basis : str
        How it was found.
    runs : int
    calls, kernels : int
        Operator calls and device events of all runs.
    time, share : float
        Device time of all runs [s], and its share of the trace's.
    elapsed : float
        Time of the host for all runs. [s]
    """

    name: str
    basis: str
    runs: int
    calls: int
    kernels: int
    time: float
    share: float
    elapsed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchedStage:
    """Stage of a workload that a part of a trace is.

    Attributes
    ----------
    stage : str
    runs : int
        Of the part, and so of the stage.
    difference : GraphDifference
    measured : float
        Device time of the part. [s]
    predicted : float or None
        Device time of as many runs of the stage; None without an accelerator. [s]
    """

    stage: str
    runs: int
    difference: GraphDifference
    measured: float
    predicted: float | None

    def to_dict(self) -> dict[str, Any]:
        """Plain form for JSON."""
        return asdict(self)


def part_times(trace: Trace) -> tuple[PartTimes, ...]:
    """Every part of a trace, in the order in which they were found.

    Raises
    ------
    TraceFormatError
        The trace has no timeline, or nothing in it is named or repeats itself.
    """
    found = []
    for part in parts_of(trace):
        piece = selected(trace, part.spans, part.name)
        found.append(
            PartTimes(
                name=part.name,
                basis=part.basis,
                runs=len(part.spans),
                calls=len(piece.calls),
                kernels=len(piece.kernels),
                time=piece.device_time,
                share=piece.device_time / trace.device_time if trace.device_time else 0.0,
                elapsed=sum(end - begin for begin, end in part.spans),
            )
        )
    if not found:
        raise TraceFormatError(f"{trace.label}: has no parts: no annotation, and no operators that repeat themselves")
    return tuple(found)


def matched_stage(
    part: Trace,
    runs: int,
    graph: OpGraph,
    accelerator: Accelerator | None = None,
    execution: Execution | None = None,
    calibrations: CalibrationPool | None = None,
) -> MatchedStage:
    """Stage of a graph whose operators are most like those of a part, each run once for each run of the part.

    Parameters
    ----------
    part : Trace
        As :func:`tracer.events.parts.part_of` gives it.
    runs : int
        Of the part.
    graph : OpGraph
    accelerator : Accelerator, optional
        Where given, the stage's device time is predicted.
    execution, calibrations : optional
    """
    differences = {stage.name: _alone(part, graph, stage.name, runs) for stage in graph.stages}
    name = max(differences, key=lambda stage: _likeness(differences[stage]))
    return MatchedStage(
        stage=name,
        runs=runs,
        difference=differences[name],
        measured=part.device_time,
        predicted=_predicted(graph, name, runs, accelerator, execution, calibrations),
    )


def _alone(part: Trace, graph: OpGraph, stage: str, runs: int) -> GraphDifference:
    chosen = tuple(replace(each, repeats=runs) for each in graph.stages if each.name == stage)
    # What the file says of runs of whole stages does not hold for a part of it.
    bare = replace(part, facts=replace(part.facts, settings=()))
    return against_graph(bare, replace(graph, stages=chosen), repeats={stage: runs})


def _likeness(difference: GraphDifference) -> float:
    return 2 * difference.matched / max(difference.calls_in_graph + difference.calls_in_trace, 1)


def _predicted(
    graph: OpGraph,
    stage: str,
    runs: int,
    accelerator: Accelerator | None,
    execution: Execution | None,
    calibrations: CalibrationPool | None,
) -> float | None:
    """Device time of some runs of a stage. [s]"""
    if accelerator is None:
        return None
    run = simulate(graph, accelerator, execution, calibrations=calibrations or CalibrationPool.shipped())
    times: Mapping[str, float] = {
        each.launches.stage.name: float(each.execution.sum()) / each.launches.stage.repeats
        for each in run.timeline.stages
    }
    return runs * times[stage]
