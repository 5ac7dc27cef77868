"""Runs on a processor."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simulator.projection.host_runs import has_shapes, may_have_run_on_host, measured_on_host, ran_on_host
from tracer.events.builder import TraceBuilder
from tracer.events.operator_arguments import RecordedArguments
from tracer.trace import RunFacts, Trace, TraceFormatError


def _trace(*, shapes: bool = True, launch: bool = False) -> Trace:
    builder = TraceBuilder()
    extents = {"aten::linear": [[64, 256], [512, 256], [512]], "aten::addmm": [[512], [64, 256], [256, 512]]}
    for place, (name, sizes) in enumerate(extents.items()):
        arguments = RecordedArguments(shapes=sizes, types=["float"] * 3) if shapes else RecordedArguments()
        builder.add_call(name, arguments, start=10 * place, duration=100 - 30 * place)
    if launch:
        builder.add_host_call("cudaLaunchKernel", start=12, duration=1, correlation=1)
    return builder.build("run", RunFacts())


def test_operators_that_work_are_the_device_events() -> None:
    pytest.importorskip("torch", reason="torch knows which operators only call others")
    found = measured_on_host(_trace())
    assert [(event.name, event.duration) for event in found.kernel_events()] == [("aten::addmm", pytest.approx(7e-8))]
    assert ran_on_host(found)
    assert measured_on_host(found) is found


def test_without_shapes_the_message_says_so() -> None:
    bare = _trace(shapes=False)
    assert not has_shapes(bare)
    with pytest.raises(TraceFormatError, match=r"run: recorded without shapes.*record_shapes=True"):
        measured_on_host(bare)


def test_calls_that_launch_on_a_device_or_have_no_times_are_no_measurement() -> None:
    launching = _trace(launch=True)
    calls = launching.calls
    untimed = replace(_trace(), calls=replace(calls, duration=np.zeros(len(calls))))
    for trace in (launching, untimed):
        assert not may_have_run_on_host(trace)
        assert measured_on_host(trace) is trace
        assert not ran_on_host(trace)
