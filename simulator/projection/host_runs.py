"""Traces of runs on a processor, whose operators are its device events: a profiler records no others there."""

from __future__ import annotations

import numpy as np

from tracer.library.graphs import MissingTracerError
from tracer.trace import KernelKind, Trace, TraceFormatError

__all__ = ["has_shapes", "may_have_run_on_host", "measured_on_host", "ran_on_host"]


def ran_on_host(trace: Trace) -> bool:
    """Whether the operators of a trace ran on the processor that also called them, and count as its device events."""
    return len(trace.kernels) > 0 and bool((trace.kernels.kind == KernelKind.HOST).all())


def may_have_run_on_host(trace: Trace) -> bool:
    """Whether a trace has nothing but operator calls with times: no device event and no call into a runtime."""
    timed = bool(np.isfinite(trace.calls.start).all()) and bool((trace.calls.duration > 0).any())
    return not len(trace.kernels) and not len(trace.host) and timed


def measured_on_host(trace: Trace) -> Trace:
    """Trace whose outermost operators that do work are device events of the host; any other trace as it is.

    Raises
    ------
    TraceFormatError
        No operator has shapes, so that nothing could be predicted.
    MissingTracerError
        torch is not installed, which knows the operators that only call others.
    """
    if not may_have_run_on_host(trace):
        return trace
    if not has_shapes(trace):
        raise TraceFormatError(
            f"{trace.label}: recorded without shapes, so that no operator can be predicted; "
            "take it again with torch.profiler.profile(record_shapes=True)"
        )
    try:
        from tracer.capture.host_kernels import with_host_kernels
    except ImportError as error:
        raise MissingTracerError("a trace of a run on a CPU needs torch: pip install 'roofcast[trace]'") from error
    return with_host_kernels(trace)


def has_shapes(trace: Trace) -> bool:
    """Whether any operator was recorded with the shapes of its arguments."""
    return any(op.inputs for op in trace.operators)
