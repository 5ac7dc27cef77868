"""Device events, launches and operators whose numbers are broken, each in its way."""

from __future__ import annotations

from typing import Any

from tracer.events.builder import TraceBuilder
from tracer.events.operator_arguments import RecordedArguments
from tracer.trace import RunFacts

_NONE = -1


def _by_operator(
    calls: dict[str, tuple[int, int, int]],
    launches: list[tuple[int, int, int]],
    kernels: list[tuple[int, int, int, int]],
    **more: Any,
) -> dict[str, int]:
    """Device time [ns] by operator.

    Calls are (start, duration, external id), launches (start, correlation, external id), kernels (start, duration,
    correlation, external id).
    """
    builder = TraceBuilder()
    for name, (start, duration, external) in calls.items():
        builder.add_call(name, RecordedArguments(), start=start, duration=duration, external=external)
    for start, correlation, external in launches:
        builder.add_host_call("launch", start=start, duration=5, correlation=correlation, external=external)
    for start, duration, correlation, external in kernels:
        builder.add_kernel("k", start=start, duration=duration, correlation=correlation, external=external)
    times: dict[str, int] = {}
    for event in builder.build("t", RunFacts()).kernel_events():
        name = event.operator.name if event.operator else ""
        times[name] = times.get(name, 0) + round(event.duration * 1e9)
    return times


_TWO = {"a::x": (0, 100, 11), "a::y": (10_000, 100, 12)}


def test_kernels_of_correlation_0_have_the_launch_of_their_external_id() -> None:
    kernels = [(200, 7, 110, 11), (10_200, 3, 0, 12), (10_300, 4, 0, 12)]
    assert _by_operator(_TWO, [(20, 110, 11), (10_020, 120, 12)], kernels) == {"a::x": 7, "a::y": 7}


def test_an_external_id_that_is_the_correlation_names_no_operator() -> None:
    launches = [(20, 110, 11), (5_000, 12, 12)]
    assert _by_operator(_TWO, launches, [(200, 7, 110, 11), (5_100, 9, 12, 12)]) == {"a::x": 7, "": 9}


def test_external_ids_may_number_launches() -> None:
    """Two operators with one launch each, which share numbers with other operators."""
    calls = {"a::x": (0, 100, 1), "a::y": (10_000, 100, 2), "a::z": (20_000, 100, 3)}
    launches = [(20, _NONE, 2), (10_020, _NONE, 3), (20_020, _NONE, 4)]
    kernels = [(200, 7, _NONE, 2), (10_200, 5, _NONE, 3), (20_200, 3, _NONE, 4)]
    assert _by_operator(calls, launches, kernels) == {"a::x": 7, "a::y": 5, "a::z": 3}


def test_external_ids_may_be_used_again() -> None:
    calls = {"a::x": (0, 100, 11), "a::y": (10_000, 100, 12), "b::y": (90_000, 100, 11), "b::x": (95_000, 100, 12)}
    kernels = [(200, 7, _NONE, 11), (10_200, 5, _NONE, 12), (90_200, 3, _NONE, 11), (95_200, 2, _NONE, 12)]
    assert _by_operator(calls, [], kernels) == {"a::x": 7, "a::y": 5, "b::y": 3, "b::x": 2}


def test_of_kernels_with_one_correlation_each_has_the_operator_that_it_names() -> None:
    kernels = [(200, 600, 110, 11), (10_200, 40, 110, 12)]
    assert _by_operator(_TWO, [(20, 110, 11), (10_020, 120, 12)], kernels) == {"a::x": 600, "a::y": 40}


def test_two_kernels_of_one_launch_are_its_operators() -> None:
    assert _by_operator(_TWO, [(20, 110, 11)], [(200, 6, 110, 11), (300, 4, 110, 11)]) == {"a::x": 10}


def test_a_launch_just_after_its_operator_belongs_to_it() -> None:
    calls = {"a::outer": (0, 100_000, 10), "a::x": (1000, 99_000, 11)}
    assert _by_operator(calls, [(100_000, 110, 11)], [(200_000, 7, 110, 11)]) == {"a::x": 7}
    calls = {"a::x": (0, 100_000, 11), "a::y": (100_200, 1000, 12)}
    assert _by_operator(calls, [(100_250, 110, 11)], [(200_000, 7, 110, 11)]) == {"a::x": 7}


def test_the_operator_around_is_not_that_of_the_launch_inside() -> None:
    calls = {"a::outer": (0, 100_000, 10), "a::x": (1000, 99_000, 11)}
    assert _by_operator(calls, [(50_000, 110, 10)], [(200_000, 7, 110, 10)]) == {"a::x": 7}


def test_times_without_their_last_digits_leave_it_to_the_ids() -> None:
    calls = {name: (0, 100, number) for name, number in (("a::x", 11), ("a::y", 12), ("a::z", 13))}
    launches = [(0, 100 + number, number) for number in (11, 12, 13)]
    kernels = [(0, 10 * (number - 10), 100 + number, number) for number in (11, 12, 13)]
    assert _by_operator(calls, launches, kernels) == {"a::x": 10, "a::y": 20, "a::z": 30}


def test_numbers_beyond_double_precision() -> None:
    first = 2**53
    calls = {"a::x": (0, 100, first), "a::y": (10_000, 100, first + 1)}
    launches = [(20, first, _NONE), (10_020, first + 1, _NONE)]
    assert _by_operator(calls, launches, [(200, 7, first, _NONE), (10_200, 5, first + 1, _NONE)]) == {
        "a::x": 7,
        "a::y": 5,
    }


def test_kernels_of_before_the_trace_are_those_of_lower_numbers_in_their_process() -> None:
    builder = TraceBuilder()
    for process in (0, 1):
        builder.add_host_call("launch", start=0, duration=5, correlation=50 * (process + 1), process=process)
        builder.add_kernel("k", start=10, duration=5, correlation=50 * (process + 1), process=process)
    builder.add_kernel("of before", start=0, duration=5, correlation=60, process=1)
    builder.add_kernel("of another thread", start=0, duration=5, correlation=60, process=0)
    trace = builder.build("t", RunFacts())
    assert trace.skipped == {"device event launched before the trace began": 1}
    assert len(trace.kernels) == 3
