"""Two traces side by side."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tracer.event_columns import no_kernels
from tracer.events.builder import TraceBuilder
from tracer.events.operator_arguments import RecordedArguments
from tracer.trace import RunFacts, Trace, TraceFormatError
from validation.traces.difference import difference_of


def build(name: str, *calls: tuple[str, int, int], stray: int = 0) -> Trace:
    """Trace of ``(operator, rows, duration of its kernel [ns])``, one after another."""
    builder = TraceBuilder()
    for place, (operator, rows, duration) in enumerate(calls):
        arguments = RecordedArguments(shapes=[[rows, 64], [rows, 64]], types=["c10::Half"] * 2)
        builder.add_call(operator, arguments, start=1000 * place, duration=500)
        builder.add_host_call("cudaLaunchKernel", start=1000 * place + 10, duration=5, correlation=place + 1)
        builder.add_kernel("k", start=1000 * place + 100, duration=duration, correlation=place + 1)
    if stray:
        builder.add_kernel("stray", start=1000 * len(calls), duration=stray)
    return builder.build(name, RunFacts())


def test_what_changed_is_told_by_operator_and_by_shapes() -> None:
    before = build("before", ("aten::add", 8, 100), ("aten::add", 16, 300), ("aten::mul", 8, 50), ("aten::sub", 8, 550))
    after = build("after", ("aten::add", 8, 100), ("aten::add", 16, 150), ("aten::add", 8, 80), ("aten::mul", 8, 70))
    found = difference_of(after, before)
    assert (found.before, found.after) == ("before", "after")
    assert (found.time_before, found.time) == pytest.approx((1000e-9, 400e-9))
    add, mul = found.by_operator
    assert (add.operator, add.calls_before, add.calls, add.share) == ("aten::add", 2, 3, pytest.approx(0.4))
    assert (add.before, add.after, add.change) == pytest.approx((400e-9, 330e-9, -70e-9))
    assert mul.change == pytest.approx(20e-9)
    assert [(row.operator, row.shapes[0][0], round(row.change * 1e9)) for row in found.by_shapes] == [
        ("aten::add", 16, -150),
        ("aten::add", 8, 80),
        ("aten::mul", 8, 20),
    ]
    (gone,) = found.only_before
    assert (gone.operator, gone.calls, gone.before, gone.share) == ("aten::sub", 0, pytest.approx(550e-9), 0.55)
    assert found.only_after == ()
    assert (found.elapsed_before, found.elapsed) == pytest.approx((3550e-9, 3070e-9))


def test_kernels_of_no_operator_are_compared_by_name() -> None:
    found = difference_of(build("a", ("aten::add", 8, 100), stray=40), build("b", ("aten::add", 8, 100)))
    (new,) = found.only_after
    assert (new.operator, new.share) == ("kernel of no operator: stray", pytest.approx(2 / 7))


def test_without_device_events_there_is_nothing_to_compare() -> None:
    trace = build("a", ("aten::add", 8, 100))
    with pytest.raises(TraceFormatError, match="b: has no device events"):
        difference_of(trace, replace(trace, name="b", kernels=no_kernels()))
