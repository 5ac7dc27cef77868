"""A trace in place of a workload: its graph to simulate, and its measured times to project.

Used by command lines alone; everything else of this package knows operators and graphs, not traces.
"""

from __future__ import annotations

from hw_specs import Accelerator, CalibrationPool, SpecError, load_accelerator
from simulator.cost.model import Fidelity
from simulator.execution import Execution
from simulator.hosts.host import Host
from simulator.simulation import require_time, simulate
from tracer.events.attribution import attribute, graph_of_calls
from tracer.events.device_idle import device_idle
from tracer.graph import OpGraph
from tracer.trace import Trace, TraceFormatError

from .host_runs import measured_on_host, ran_on_host
from .named import BY_TIME, with_named_kernels
from .operator_times import can_predict
from .parts import PREDICTED, SIZED
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
        raise TraceFormatError(f"{trace.label}: names no operator that runs on the device: nothing to simulate")
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
        raise SpecError(f"{trace.label}: does not say which device it ran on; give {option} NAME")
    try:
        return load_accelerator(trace.facts.device)
    except SpecError as error:
        raise SpecError(f"{trace.label}: ran on {trace.facts.device!r}: {error}, as {option}") from error


def project(
    trace: Trace,
    to: Accelerator,
    from_: Accelerator | None = None,
    execution: Execution | None = None,
    *,
    fidelity: Fidelity = "calibrated",
    calibrations: CalibrationPool | None = None,
    host: Host | None = None,
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
    host : Host, optional
        Host of the target, where the source was its own.

    Raises
    ------
    TraceFormatError
        The trace has no device events, or none that can be predicted, so there is nothing to scale.
    SpecError
        No source is given and none is called as the trace's device.
    """
    source = from_ or accelerator_of(trace, "--from")
    trace = measured_on_host(trace) if source.kind == "cpu" else trace
    if not len(trace.kernels):
        raise TraceFormatError(f"{trace.label}: has no device events, so no measured times to project{trace.unread}")
    pool = CalibrationPool.shipped() if calibrations is None else calibrations
    named = with_named_kernels(trace, source, execution, fidelity=fidelity, calibrations=pool)
    attribution = attribute(named.trace, lambda op: can_predict(op, execution))
    idle = device_idle(trace)
    run = MeasuredCalls(
        operators=named.trace.operators,
        sized_by_time=named.sized_by(BY_TIME),
        calls=attribution.operators,
        device_time=attribution.total_time,
        repeats=attribution.repeats,
        apart=attribution.apart(),
        idle_time=idle.idle if idle else None,
        busy_time=idle.busy if idle else None,
        idle_on_target=_idle_on_target(trace, to, execution, fidelity, pool, host),
        num_devices=trace.facts.num_devices,
    )
    projection = project_operators(run, to=to, from_=source, execution=execution, fidelity=fidelity, calibrations=pool)
    require_time(projection.combined_time, trace.label, to)
    if not any(part.share for part in projection.parts if part.name in (PREDICTED, SIZED)):
        raise TraceFormatError(f"{trace.label}: nothing can be projected: {_all_unscaled(projection)}")
    return projection


def _idle_on_target(
    trace: Trace,
    to: Accelerator,
    execution: Execution | None,
    fidelity: Fidelity,
    calibrations: CalibrationPool,
    host: Host | None,
) -> float | None:
    """Idle time that the target's host leaves, where the operators ran on the processor that called them. [s]

    There, what lies between two operators is the time of calling them; a device beside the host hides it or waits.
    """
    if not ran_on_host(trace) or to.kind == "cpu":
        return None
    graph = graph_of_trace(trace, execution)
    run = simulate(graph, to, execution, fidelity=fidelity, calibrations=calibrations, host=host)
    return run.report.latency - float(sum(stage.execution.sum() for stage in run.timeline.stages))


def _all_unscaled(projection: Projection) -> str:
    """Why nothing is scaled, and how far it may move all the same."""
    reasons = ", ".join(f"{row.reason} {row.share:.0%}" for row in projection.unscaled[:3])
    ends = [sum(getattr(row, end) for row in projection.unscaled) for end in ("low", "high")]
    low, high = (1e3 * end for end in ends)
    return (
        f"no kernel of {1e3 * projection.measured_time:.3f} ms on {projection.source} has a prediction ({reasons}); by "
        f"their rooflines alone it takes {low:.3g} to {high:.3g} ms on {projection.target}"
    )
