"""Part of a trace."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tracer.events.builder import TraceBuilder
from tracer.events.operator_arguments import RecordedArguments
from tracer.events.selection import selected
from tracer.trace import RunFacts, Trace, TraceFormatError

_TENSOR = RecordedArguments(shapes=[[4, 4]], types=["float"])


@pytest.fixture
def trace() -> Trace:
    """Two outer calls around an inner one each, a kernel of each, one that only the host launched, and a stray one."""
    builder = TraceBuilder()
    for start in (0, 1000):
        builder.add_call("aten::linear", _TENSOR, start=start, duration=500)
        builder.add_call("aten::addmm", _TENSOR, start=start + 100, duration=100)
        builder.add_host_call("cudaLaunchKernel", start=start + 150, duration=1, correlation=start + 1)
        builder.add_kernel("gemm", start=start + 5000, duration=70, correlation=start + 1)
    builder.add_host_call("cudaLaunchKernel", start=1700, duration=1, correlation=7)
    builder.add_kernel("alone", start=9000, duration=11, correlation=7)
    builder.add_kernel("stray", start=1200, duration=13)
    return builder.build("t", RunFacts())


def test_kernels_go_with_what_launched_them_however_late_they_ran(trace: Trace) -> None:
    second = selected(trace, [(1e-6, 2e-6)], "second")
    assert second.name == "t (second)"
    assert [second.operators[i].name for i in second.calls.operator] == ["aten::linear", "aten::addmm"]
    assert second.calls.parent.tolist() == [-1, 0]
    assert sorted(event.name for event in second.kernel_events()) == ["alone", "gemm", "stray"]
    gemm = next(event for event in second.kernel_events() if event.name == "gemm")
    assert gemm.operator is not None
    assert gemm.operator.name == "aten::addmm"
    assert second.host.call.tolist() == [1, -1]


def test_a_call_whose_parent_began_before_is_outermost(trace: Trace) -> None:
    inner = selected(trace, [(5e-8, 4e-7)], "inner")
    assert [inner.operators[i].name for i in inner.calls.operator] == ["aten::addmm"]
    assert inner.calls.parent.tolist() == [-1]


def test_all_spans_together_are_the_trace(trace: Trace) -> None:
    whole = selected(trace, [(0.0, 1e-6), (1e-6, 1e-5)], "all")
    assert replace(whole, name="t") == trace


def test_without_a_timeline_there_are_no_parts(trace: Trace) -> None:
    calls = replace(trace.calls, start=np.full(len(trace.calls), np.nan))
    with pytest.raises(TraceFormatError, match="t: has no timeline"):
        selected(replace(trace, calls=calls), [(0.0, 1.0)], "x")
