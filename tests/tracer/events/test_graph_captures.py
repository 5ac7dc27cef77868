"""Kernels of CUDA graphs."""

from __future__ import annotations

import numpy as np
import pytest

from tracer.events.attribution import attribute
from tracer.events.builder import TraceBuilder
from tracer.events.operator_arguments import RecordedArguments
from tracer.trace import KernelKind, RunFacts, Trace

_KERNEL, _SET = KernelKind.KERNEL, KernelKind.MEMSET


class Run:
    """Captures and launches of graphs, one after another on one thread."""

    def __init__(self) -> None:
        self.builder = TraceBuilder()
        self._now = 0
        self._correlation = 0

    def host(self, name: str) -> int:
        """A runtime call."""
        self._now += 10
        self._correlation += 1
        self.builder.add_host_call(name, start=self._now, duration=5, correlation=self._correlation)
        return self._correlation

    def capture(self, *operators: tuple[str, int], fill: bool = False) -> Run:
        """A capture of operators ``(name, rows)``; the first may begin with a fill."""
        self.host("cudaStreamBeginCapture")
        if fill:
            self.host("cudaMemsetAsync")
        for name, rows in operators:
            arguments = RecordedArguments(shapes=[[rows, 64], [64, 64]], types=["c10::Half"] * 2)
            self.builder.add_call(name, arguments, start=self._now + 6, duration=20)
            self.host("cudaLaunchKernelExC")
            self._now += 20
        self.host("cudaStreamEndCapture")
        return self

    def launch(self, *durations: int, kinds: tuple[KernelKind, ...] = (), streams: tuple[int, ...] = ()) -> Run:
        """A launch of a graph with kernels of some durations."""
        correlation = self.host("cudaGraphLaunch")
        self._now += 100
        for place, duration in enumerate(durations):
            kind = kinds[place] if kinds else _KERNEL
            stream = streams[place] if streams else 7
            start = self._now + 1000 * place
            numbers = {"correlation": correlation, "kind": kind, "stream": stream}
            self.builder.add_kernel(f"k{place}", start=start, duration=duration, **numbers)
        self._now += 10_000
        return self

    def trace(self) -> Trace:
        """All of it."""
        return self.builder.build("t", RunFacts())


def _times(trace: Trace) -> dict[str, tuple[int, float]]:
    """Calls and device time of a call of each answering operator [ns]."""
    found = attribute(trace, lambda op: op.name.startswith("aten"))
    names = [trace.operators[i].name for i in found.operators]
    return dict(zip(names, zip(found.repeats.tolist(), (found.device_time * 1e9).round(6), strict=True), strict=True))


def test_kernels_belong_to_the_captured_operators_as_often_as_the_graph_ran() -> None:
    trace = Run().capture(("aten::mm", 8), ("aten::relu", 8)).launch(500, 30).launch(540, 34).trace()
    assert _times(trace) == {"aten::mm": (2, 520.0), "aten::relu": (2, 32.0)}
    assert attribute(trace, lambda op: True).unattributed == {}


def test_kinds_of_events_tell_captures_apart() -> None:
    run = Run().capture(("aten::mm", 8), ("aten::relu", 8)).capture(("aten::bmm", 4), fill=True)
    trace = run.launch(3, 60, kinds=(_SET, _KERNEL)).launch(500, 30).trace()
    assert _times(trace) == {"aten::mm": (1, 500.0), "aten::relu": (1, 30.0), "aten::bmm": (1, 60.0)}


def test_captures_of_other_operators_that_fit_as_well_leave_a_graph_as_it_is() -> None:
    trace = Run().capture(("aten::mm", 8)).capture(("aten::mm", 16)).launch(500).trace()
    assert _times(trace) == {}
    assert attribute(trace, lambda op: True).unattributed == {"kernel of a CUDA graph": (1, pytest.approx(5e-7))}
    same = Run().capture(("aten::mm", 8)).capture(("aten::mm", 8)).launch(500).trace()
    assert _times(same) == {"aten::mm": (1, 500.0)}


@pytest.mark.parametrize(
    "run",
    [
        Run().launch(500, 30).capture(("aten::mm", 8), ("aten::relu", 8)),
        Run().capture(("aten::mm", 8), ("aten::relu", 8)).launch(500, 30, 20),
        Run().capture(("aten::mm", 8), ("aten::relu", 8)).launch(500, 30, streams=(7, 13)),
    ],
    ids=["captured later", "another number of kernels", "several streams"],
)
def test_what_does_not_fit_is_left_as_it_is(run: Run) -> None:
    trace = run.trace()
    assert (trace.kernels.call == -1).all()
    assert (trace.calls.repeats == 1).all()


def test_grids_are_kept_once() -> None:
    builder = TraceBuilder()
    for start, grid in enumerate([(4, 1, 1, 128, 1, 1), (), (4, 1, 1, 128, 1, 1)]):
        builder.add_kernel("k", start=start, duration=1, grid=grid)
    trace = builder.build("t", RunFacts())
    assert trace.grids == ((4, 1, 1, 128, 1, 1),)
    assert np.sort(trace.kernels.grid).tolist() == [-1, 0, 0]
