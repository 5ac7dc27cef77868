"""Calls that answer for device time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tracer.event_columns import no_kernels
from tracer.events.attribution import attribute, graph_of_calls
from tracer.events.builder import TraceBuilder
from tracer.events.operator_arguments import RecordedArguments
from tracer.graph import Op
from tracer.trace import KernelKind, RunFacts, Trace

_TENSOR = RecordedArguments(shapes=[[4, 4]], types=["float"])


class Run:
    """Nested calls, written as ``run.call(name, start, duration)`` on one thread; kernels name the call they are in."""

    def __init__(self) -> None:
        self.builder = TraceBuilder()
        self._number = 0

    def call(self, name: str, start: int, duration: int) -> Run:
        """A call."""
        self.builder.add_call(name, _TENSOR, start=start, duration=duration)
        return self

    def kernel(self, launched: int, duration: int, name: str = "k", kind: KernelKind = KernelKind.KERNEL) -> Run:
        """A kernel launched at some time."""
        self._number += 1
        self.builder.add_host_call("cudaLaunchKernel", start=launched, duration=1, correlation=self._number)
        self.builder.add_kernel(
            name, start=10_000 + 1000 * self._number, duration=duration, correlation=self._number, kind=kind
        )
        return self

    def trace(self) -> Trace:
        """All of it."""
        return self.builder.build("t", RunFacts())


def _times(trace: Trace, *predictable: str) -> dict[str, tuple[bool, float]]:
    found = attribute(trace, lambda op: op.name in predictable)
    names = [trace.operators[i].name for i in found.operators]
    times = (found.device_time * 1e9).round(3).tolist()
    return dict(zip(names, zip(found.modelled.tolist(), times, strict=True), strict=True))


def test_the_innermost_call_that_can_be_predicted_answers() -> None:
    trace = Run().call("aten::linear", 0, 100).call("aten::addmm", 10, 50).kernel(20, 7).trace()
    assert _times(trace, "aten::linear", "aten::addmm") == {"aten::addmm": (True, 7.0)}
    assert _times(trace, "aten::linear") == {"aten::linear": (True, 7.0)}
    assert _times(trace) == {"aten::addmm": (False, 7.0)}


def test_a_call_around_others_that_answer_does_not_answer_for_the_rest() -> None:
    """A bias in a kernel of its own beside a convolution: the convolution's formula has the bias already or not."""
    run = Run().call("aten::convolution", 0, 100).call("aten::cudnn_convolution", 10, 20).kernel(15, 50)
    trace = run.call("other::bias", 40, 10).kernel(45, 5).trace()
    assert _times(trace, "aten::convolution", "aten::cudnn_convolution") == {
        "aten::cudnn_convolution": (True, 50.0),
        "other::bias": (False, 5.0),
    }


def test_a_call_whose_work_holds_that_of_what_it_calls_answers_for_it() -> None:
    """The gradient of a bias is a sum that the backward pass of a convolution calls."""
    run = Run().call("aten::convolution_backward", 0, 100).kernel(5, 9).call("aten::sum", 20, 10).kernel(25, 3)
    names, trace = ("aten::convolution_backward", "aten::sum"), run.trace()
    assert _times(trace, *names) == {"aten::convolution_backward": (True, 12.0)}
    assert _times(trace, "aten::sum") == {"aten::convolution_backward": (False, 9.0), "aten::sum": (True, 3.0)}


def test_what_an_answering_call_launches_through_helpers_is_its_own() -> None:
    run = Run().call("aten::addmm", 0, 100).kernel(5, 50).call("other::workspace", 20, 10).kernel(25, 2)
    assert _times(run.trace(), "aten::addmm") == {"aten::addmm": (True, 52.0)}


def test_time_is_conserved_and_remainders_have_reasons() -> None:
    run = (
        Run().call("aten::mm", 0, 50).kernel(10, 30).kernel(20, 3, "Memcpy HtoD (Pinned -> Device)", KernelKind.MEMCPY)
    )
    run.builder.add_kernel("stray", start=50, duration=4)
    run.builder.add_host_call("cudaGraphLaunch", start=30, duration=1, correlation=99)
    run.builder.add_kernel("in graph", start=60, duration=8, correlation=99)
    trace = run.trace()
    found = attribute(trace, lambda op: True)
    assert {reason: count for reason, (count, _) in found.unattributed.items()} == {
        "copy between host and device": 1,
        "kernel of a CUDA graph": 1,
        "kernel of no operator": 1,
    }
    apart = sum(time for _, time in found.unattributed.values())
    assert found.total_time.sum() + apart == pytest.approx(trace.device_time)
    assert found.num_kernels.tolist() == [1]
    assert [(each.name, each.events, each.time) for each in found.apart()] == [
        ("Memcpy HtoD (Pinned -> Device)", 1, pytest.approx(3e-9)),
        ("in graph", 1, pytest.approx(8e-9)),
        ("stray", 1, pytest.approx(4e-9)),
    ]


@pytest.mark.parametrize("name", ["Memcpy M2D", "Memcpy D2M", "[CUDA memcpy Device-to-Host]", "CopyHostToDevice"])
def test_copies_over_the_link_belong_to_no_operator(name: str) -> None:
    trace = Run().call("aten::copy_", 0, 50).kernel(10, 30, name, KernelKind.MEMCPY).trace()
    assert attribute(trace, lambda op: True).unattributed == {"copy between host and device": (1, pytest.approx(3e-8))}


def test_copies_on_the_device_belong_to_their_operator() -> None:
    trace = Run().call("aten::copy_", 0, 50).kernel(10, 30, "Memcpy D2D", KernelKind.MEMCPY).trace()
    assert attribute(trace, lambda op: True).unattributed == {}


def test_on_a_host_a_composites_own_time_goes_to_what_it_calls() -> None:
    run = Run()
    for name, start, duration in (("aten::convolution", 0, 100), ("aten::mkldnn_convolution", 10, 80)):
        run.call(name, start, duration)
    trace = run.call("aten::empty", 95, 2).trace()
    columns = {
        "name": [0, 0], "kind": [3, 3], "call": [0, 1], "launch": [-1, -1], "correlation": [-1, -1],
        "device": [0, 0], "stream": [0, 0], "repeats": [1, 1], "grid": [-1, -1],
    }  # fmt: skip
    kernels = replace(
        no_kernels(),
        **{name: np.array(values) for name, values in columns.items()},
        start=np.array([0.0, 1e-8]),
        duration=np.array([20e-9, 80e-9]),
    )
    host_run = replace(trace, kernels=kernels, kernel_names=("work",))
    names = ("aten::convolution", "aten::mkldnn_convolution")
    assert _times(host_run, *names) == {"aten::mkldnn_convolution": (True, 100.0)}


def test_without_a_device_calls_that_nothing_predicts_are_counted() -> None:
    run = Run().call("aten::linear", 0, 100).call("aten::addmm", 10, 50)
    # The innermost of two that have no formula; nodes of autograd and views run nothing themselves.
    run.call("custom::outer", 200, 50).call("custom::inner", 210, 10)
    run.call("autograd::engine::evaluate_function: ViewBackward0", 300, 10).call("aten::view", 302, 2)
    trace = replace(run.trace(), kernels=no_kernels())
    found = attribute(trace, lambda op: op.name in ("aten::linear", "aten::addmm"))
    names = [trace.operators[i].name for i in found.operators]
    assert list(zip(names, found.modelled.tolist(), strict=True)) == [("aten::linear", True), ("custom::inner", False)]


def test_without_a_device_the_outermost_call_answers() -> None:
    run = Run().call("aten::linear", 0, 100).call("aten::t", 5, 5).call("aten::addmm", 20, 50)
    trace = run.call("aten::contiguous", 200, 50).call("aten::copy_", 210, 10).call("aten::contiguous", 300, 1).trace()
    names = _times(trace, "aten::linear", "aten::addmm", "aten::contiguous", "aten::copy_")
    # ``contiguous`` may do nothing, so what it calls answers.
    assert set(names) == {"aten::linear", "aten::copy_"}


def test_the_graph_has_answering_calls_and_the_hosts_views() -> None:
    run = Run().call("aten::linear", 0, 100).call("aten::t", 5, 10).call("aten::transpose", 6, 5)
    run.call("aten::addmm", 20, 50).call("aten::view", 22, 3).kernel(30, 7).call("aten::view", 150, 5)
    trace = run.trace()
    attribution = attribute(trace, lambda op: op.name == "aten::addmm")
    graph, positions = graph_of_calls(attribution)
    (stage,) = graph.stages
    # Views within views, and within calls that launch, cost the host nothing of their own.
    assert [op.name for op in graph.ops(stage)] == ["aten::t", "aten::addmm", "aten::view"]
    assert positions.tolist() == [-1, 0, -1]
    assert stage.name == "trace"
    assert graph.workload.dtype == "float32"


def test_entries_that_stand_for_many_calls_are_repeated(product_trace: Trace) -> None:
    calls = replace(product_trace.calls, repeats=np.array([1, 3]))
    kernels = replace(product_trace.kernels, repeats=np.array([3, 1]))
    trace = replace(product_trace, calls=calls, kernels=kernels)
    attribution = attribute(trace, lambda op: op.name == "aten::addmm")
    assert attribution.device_time == pytest.approx([3001e-9])
    assert attribution.total_time == pytest.approx([9003e-9])
    graph, positions = graph_of_calls(attribution)
    assert positions.tolist() == [0, 0, 0]
    assert sum(stage.num_calls for stage in graph.stages) == 3


def test_stages_of_the_trace_are_stages_of_the_graph(product_trace: Trace) -> None:
    def everything(op: Op) -> bool:
        return True

    attribution = attribute(product_trace, everything)
    graph, _ = graph_of_calls(attribution)
    assert [stage.name for stage in graph.stages] == ["trace"]
    assert [op.module for op in graph.ops(graph.stages[0])] == ["net.fc"]
