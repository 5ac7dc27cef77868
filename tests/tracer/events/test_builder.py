"""Events as a trace."""

from __future__ import annotations

import pytest

from tracer.events.builder import LONGEST, TraceBuilder
from tracer.events.operator_arguments import RecordedArguments
from tracer.trace import KernelKind, RunFacts, Trace, TraceFormatError

_FACTS = RunFacts(format="test")
_MM = RecordedArguments(shapes=[[4, 8], [8, 2]], types=["c10::Half"] * 2)


def _linear() -> TraceBuilder:
    """``linear`` around ``mm``, whose launch starts a kernel; the events come in no order."""
    builder = TraceBuilder()
    builder.add_kernel("gemm", start=5000, duration=1000, correlation=9, external=2, stream=7)
    builder.add_call("aten::mm", _MM, start=1200, duration=900, thread=1, external=2)
    builder.add_call("aten::linear", _MM, start=1000, duration=2000, thread=1, external=1)
    builder.add_host_call("cudaLaunchKernel", start=1500, duration=300, thread=1, correlation=9, external=2)
    return builder


def test_calls_nest_and_kernels_meet_their_launch() -> None:
    trace = _linear().build("t", _FACTS)
    assert [trace.operators[i].name for i in trace.calls.operator] == ["aten::linear", "aten::mm"]
    assert trace.calls.parent.tolist() == [-1, 0]
    assert trace.kernels.call.tolist() == [1]
    assert trace.kernels.launch.tolist() == [0]
    assert trace.host.call.tolist() == [1]
    assert trace.calls.start[0] == 0.0
    assert trace.kernels.start[0] == pytest.approx(4e-6)
    assert trace.device_time == pytest.approx(1e-6)


def test_without_ids_the_call_around_the_launch_counts() -> None:
    builder = TraceBuilder()
    builder.add_call("aten::mm", _MM, start=0, duration=100, thread=1)
    builder.add_call("aten::add", _MM, start=0, duration=100, thread=2)
    builder.add_host_call("cudaLaunchKernel", start=50, duration=10, thread=2, correlation=3)
    builder.add_kernel("k", start=200, duration=5, correlation=3)
    trace = builder.build("t", _FACTS)
    (event,) = trace.kernel_events()
    assert event.operator is not None
    assert event.operator.name == "aten::add"


def test_without_a_launch_the_external_id_counts() -> None:
    builder = TraceBuilder()
    builder.add_call("aten::mm", _MM, start=0, duration=100, external=5)
    builder.add_kernel("k", start=200, duration=5, external=5)
    assert builder.build("t", _FACTS).kernels.call.tolist() == [0]


def test_kernels_of_a_cuda_graph_belong_to_no_operator() -> None:
    builder = _linear()
    builder.add_host_call("cudaGraphLaunch", start=2000, duration=100, thread=1, correlation=20)
    for start in (7000, 8000):
        builder.add_kernel("in_graph", start=start, duration=10, correlation=20)
    assert builder.build("t", _FACTS).kernels.call.tolist() == [1, -1, -1]


def test_kernels_launched_before_the_trace_began_are_counted_apart() -> None:
    builder = _linear()
    builder.add_kernel("of an earlier step", start=0, duration=400, correlation=2)
    trace = builder.build("t", _FACTS)
    assert len(trace.kernels) == 1
    reason = "device event launched before the trace began"
    assert trace.skipped == {reason: 1}
    assert trace.skipped_time[reason] == pytest.approx(4e-7)


def test_a_device_clock_that_contradicts_the_host_has_no_timeline() -> None:
    builder = _linear()
    builder.add_host_call("cudaLaunchKernel", start=10_000_000, duration=10, correlation=11)
    builder.add_kernel("early", start=5, duration=10, correlation=11)
    trace = builder.build("t", _FACTS)
    assert trace.skipped == {"start time before the launch (clock)": 1}
    assert not trace.has_timeline
    assert trace.device_time == pytest.approx(1.01e-6)


@pytest.mark.parametrize("duration", [-1, LONGEST + 1])
def test_impossible_durations_are_counted(duration: int) -> None:
    builder = _linear()
    builder.add_kernel("bad", start=0, duration=duration)
    builder.add_call("aten::mm", _MM, start=0, duration=duration)
    builder.add_host_call("cudaLaunchKernel", start=0, duration=duration)
    builder.add_module("net", start=0, duration=duration)
    trace = builder.build("t", _FACTS)
    assert sum(trace.skipped.values()) == 4
    assert trace.device_time == pytest.approx(1e-6)


def test_modules_and_stages_come_from_ranges() -> None:
    builder = _linear()
    builder.add_annotation("stage:denoiser", start=900, duration=5000, thread=1)
    builder.add_annotation("module:unet", start=950, duration=4000, thread=1)
    builder.add_annotation("module:unet.mid", start=990, duration=3000, thread=1)
    builder.add_annotation("something else", start=990, duration=3000, thread=1)
    trace = builder.build("t", _FACTS)
    assert {trace.module_of(i) for i in range(2)} == {"unet.mid"}
    assert {trace.stage_of(i) for i in range(2)} == {"denoiser"}


def test_names_of_modules_below_one_another_make_a_path() -> None:
    builder = _linear()
    builder.add_module("Net_0", start=900, duration=5000, thread=1)
    builder.add_module("Linear_3", start=1100, duration=1500, thread=1)
    trace = builder.build("t", _FACTS)
    assert [trace.module_of(i) for i in range(2)] == ["Net_0", "Net_0.Linear_3"]


def test_nothing_is_no_trace() -> None:
    builder = TraceBuilder()
    with pytest.raises(TraceFormatError, match=r"no operator call and no device event$"):
        builder.build("t", _FACTS)
    builder.skip("event without a time", nanoseconds=5)
    with pytest.raises(TraceFormatError, match="1 x event without a time"):
        builder.build("t", _FACTS)


def test_kinds_are_kept() -> None:
    builder = _linear()
    builder.add_kernel("Memset (Device)", start=6000, duration=1, kind=KernelKind.MEMSET, correlation=10)
    trace: Trace = builder.build("t", _FACTS)
    assert [event.kind for event in trace.kernel_events()] == [KernelKind.KERNEL, KernelKind.MEMSET]
