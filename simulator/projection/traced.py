"""A trace in place of a workload: its graph to simulate, and its measured times to project.

Used by command lines alone; everything else of this package knows operators and graphs, not traces.
"""

from __future__ import annotations

from hw_specs import Accelerator, CalibrationPool, SpecError, load_accelerator
from simulator.cost.model import Fidelity
from simulator.execution import Execution
from tracer.events.attribution import attribute, graph_of_calls
from tracer.events.device_idle import device_idle
from tracer.graph import OpGraph
from tracer.trace import Trace, TraceFormatError

from .operator_times import can_predict
from .projection import MeasuredCalls, Projection, project_operators

__all__ = ["accelerator_of", "graph_of_trace", "project"]


def graph_of_trace(trace: Trace, execution: Execution | None = None) -> OpGraph:
    """Graph of the operators that a trace ran, to simulate on any accelerator.

    Tensors have no edges between them, so peak memory cannot be told from it.

    Raises
    ------
    TraceFormatError
        The trace names no operator that launches anything.
    """
    graph, positions = graph_of_calls(attribute(trace, lambda op: can_predict(op, execution)))
    if not (positions >= 0).any():
        raise TraceFormatError(f"{trace.name}: names no operator that runs on the device: nothing to simulate")
    return graph


def accelerator_of(trace: Trace, option: str) -> Accelerator:
    """Accelerator that a trace says it ran on.

    Parameters
    ----------
    trace : Trace
    option : str
        What the user can give instead, for the message.

    Raises
    ------
    SpecError
        The trace names none, or one that is not in the catalogue.
    """
    if not trace.facts.device:
        raise SpecError(f"{trace.name}: does not say which device it ran on; give {option} NAME")
    try:
        return load_accelerator(trace.facts.device)
    except SpecError as error:
        raise SpecError(f"{trace.name}: ran on {trace.facts.device!r}: {error}, as {option}") from error


def project(
    trace: Trace,
    to: Accelerator,
    from_: Accelerator | None = None,
    execution: Execution | None = None,
    *,
    fidelity: Fidelity = "calibrated",
    calibrations: CalibrationPool | None = None,
) -> Projection:
    """Project the device time of a trace to another accelerator.

    Parameters
    ----------
    trace : Trace
    to : Accelerator
    from_ : Accelerator, optional
        By default the one that the trace says it ran on.
    execution : Execution, optional
    fidelity : {"calibrated", "roofline"}
    calibrations : CalibrationPool, optional
        Those that ship with the package by default.

    Raises
    ------
    TraceFormatError
        The trace has no device events, so there is nothing to scale.
    SpecError
        No source is given and none is called as the trace's device.
    """
    if not len(trace.kernels):
        raise TraceFormatError(f"{trace.name}: has no device events, so there are no measured times to project")
    attribution = attribute(trace, lambda op: can_predict(op, execution))
    idle = device_idle(trace)
    run = MeasuredCalls(
        operators=trace.operators,
        calls=attribution.operators,
        device_time=attribution.total_time,
        repeats=attribution.repeats,
        unattributed={reason: time for reason, (_, time) in attribution.unattributed.items()},
        idle_time=idle.idle if idle else None,
        busy_time=idle.busy if idle else None,
    )
    return project_operators(
        run,
        to=to,
        from_=from_ or accelerator_of(trace, "--from"),
        execution=execution,
        fidelity=fidelity,
        calibrations=CalibrationPool.shipped() if calibrations is None else calibrations,
    )
