"""Traces of stages as one trace."""

from __future__ import annotations

import numpy as np
import pytest

from tracer.capture.joining import join_traces
from tracer.event_columns import CallColumns, HostColumns, KernelColumns
from tracer.graph import Op, TensorSpec
from tracer.trace import RunFacts, Trace


def _ints(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def _trace(stage: str, operator: str, *, skipped: int = 0) -> Trace:
    """Two calls, the second inside the first; one kernel, launched by it, that ends at 5."""
    ops = (Op("aten::linear", (), ()), Op(operator, (TensorSpec((2,), "float32"),), ()))
    return Trace(
        name=stage,
        facts=RunFacts(),
        operators=ops,
        modules=(stage,),
        stages=(stage,),
        kernel_names=(f"{operator}_kernel", "memset"),
        host_names=("cudaLaunchKernel",),
        calls=CallColumns(
            operator=_ints(0, 1),
            module=_ints(-1, 0),
            stage=_ints(0, 0),
            parent=_ints(-1, 0),
            thread=_ints(0, 0),
            start=np.array([0.0, 1.0]),
            duration=np.array([3.0, 1.0]),
            repeats=_ints(1, 1),
        ),
        kernels=KernelColumns(
            name=_ints(0, 1),
            kind=_ints(0, 2),
            call=_ints(1, -1),
            launch=_ints(0, -1),
            correlation=_ints(7, -1),
            device=_ints(0, 0),
            stream=_ints(7, 7),
            start=np.array([2.0, np.nan]),
            duration=np.array([3.0, 0.5]),
            repeats=_ints(1, 1),
            grid=_ints(-1, -1),
        ),
        host=HostColumns(
            name=_ints(0),
            call=_ints(1),
            thread=_ints(0),
            correlation=_ints(7),
            start=np.array([1.5]),
            duration=np.array([0.1]),
        ),
        skipped={"clock": skipped} if skipped else {},
        skipped_time={"clock": 0.5} if skipped else {},
    )


def test_one_trace_joined_is_itself() -> None:
    trace = _trace("unet", "aten::addmm")
    assert join_traces(trace.name, trace.facts, [trace]) == trace


def test_events_of_a_later_trace_follow_and_keep_their_ties() -> None:
    joined = join_traces("both", RunFacts(device="x"), [_trace("text", "aten::mm"), _trace("unet", "aten::addmm")])
    assert joined.stages == ("text", "unet")
    assert [op.name for op in joined.operators] == ["aten::linear", "aten::mm", "aten::addmm"]
    assert joined.calls.operator.tolist() == [0, 1, 0, 2]
    assert joined.calls.parent.tolist() == [-1, 0, -1, 2]
    assert joined.calls.module.tolist() == [-1, 0, -1, 1]
    assert joined.kernels.call.tolist() == [1, -1, 3, -1]
    assert joined.kernels.launch.tolist() == [0, -1, 1, -1]
    assert joined.kernels.correlation.tolist() == [7, -1, 15, -1]
    assert joined.host.correlation.tolist() == [7, 15]
    # The first trace ends with its kernel, at 5.
    assert joined.calls.start.tolist() == [0.0, 1.0, 5.0, 6.0]
    assert joined.device_time == pytest.approx(7.0)
    events = list(joined.kernel_events())
    assert [event.stage for event in events if event.operator] == ["text", "unet"]


def test_what_was_skipped_adds_up() -> None:
    parts = [_trace("a", "aten::mm", skipped=2), _trace("b", "aten::mm"), _trace("c", "aten::mm", skipped=3)]
    joined = join_traces("all", RunFacts(), parts)
    assert joined.skipped == {"clock": 5}
    assert joined.skipped_time == {"clock": 1.0}
