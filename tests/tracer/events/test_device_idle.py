"""Idle time by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tracer.events.builder import TraceBuilder
from tracer.events.device_idle import device_idle
from tracer.events.operator_arguments import RecordedArguments
from tracer.trace import RunFacts, Trace


def _trace(*kernels: tuple[int, int, int, int], launches: dict[int, int] | None = None) -> Trace:
    """(start, duration, stream, correlation) of kernels, and when each correlation was launched. [ns]"""
    builder = TraceBuilder()
    builder.add_call("aten::mm", RecordedArguments(), start=0, duration=1)
    for correlation, start in (launches or {}).items():
        builder.add_host_call("cudaLaunchKernel", start=start, duration=10, correlation=correlation)
    for start, duration, stream, correlation in kernels:
        builder.add_kernel("k", start=start, duration=duration, stream=stream, correlation=correlation)
    return builder.build("t", RunFacts())


def test_gaps_before_late_launches_are_the_hosts() -> None:
    # Idle 200..300 before a kernel launched at 250, and 400..410 before one launched long ago.
    trace = _trace((100, 100, 7, 1), (300, 100, 7, 2), (410, 90, 7, 3), launches={1: 50, 2: 250, 3: 60})
    idle = device_idle(trace)
    assert idle is not None
    assert idle.elapsed == pytest.approx(400e-9)
    assert idle.busy == pytest.approx(290e-9)
    assert idle.host_bound == pytest.approx(100e-9)
    assert idle.queued == pytest.approx(10e-9)
    assert idle.idle == pytest.approx(idle.host_bound + idle.queued)


def test_streams_that_overlap_are_busy_once() -> None:
    idle = device_idle(_trace((0, 100, 7, -1), (50, 100, 13, -1), (120, 10, 7, -1)))
    assert idle is not None
    assert idle.busy == pytest.approx(150e-9)
    assert idle.idle == 0


def test_several_devices_have_one_clock_on_the_wall() -> None:
    trace = _trace((0, 100, 7, -1), (0, 10, 7, -1), (130, 10, 7, -1))
    two = replace(trace, kernels=replace(trace.kernels, device=np.array([0, 1, 1])))
    idle = device_idle(two)
    assert idle is not None
    assert idle.elapsed == pytest.approx(140e-9)
    assert idle.busy == pytest.approx(110e-9)
    assert [(d.device, round(d.busy * 1e9), round(d.idle * 1e9)) for d in idle.devices] == [(0, 100, 40), (1, 20, 120)]


def test_events_of_before_the_trace_keep_the_device_busy() -> None:
    """Queued at -50 and 20, they end at 10 and 60: of the 100 ns between two kernels of the trace 40 are idle."""
    trace = _trace((-50, 60, 13, 1), (20, 40, 13, 2), (0, 5, 7, 10), (105, 10, 7, 11), launches={10: -100, 11: 5})
    assert trace.skipped == {"device event launched before the trace began": 2}
    idle = device_idle(trace)
    assert idle is not None
    assert idle.elapsed == pytest.approx(115e-9)
    assert idle.busy == pytest.approx((10 + 40 + 10) * 1e-9)


def test_events_without_a_start_are_left_out() -> None:
    trace = _trace((0, 100, 7, -1), (150, 10, 7, -1), (200, 10, 7, -1))
    kernels = replace(trace.kernels, start=np.where(np.arange(3) == 1, np.nan, trace.kernels.start))
    idle = device_idle(replace(trace, kernels=kernels))
    assert idle is not None
    assert (idle.elapsed, idle.busy) == (pytest.approx(210e-9), pytest.approx(110e-9))


def test_without_starts_nothing_is_known(product_trace: Trace) -> None:
    kernels = replace(product_trace.kernels, start=np.full(2, np.nan))
    assert device_idle(replace(product_trace, kernels=kernels)) is None
