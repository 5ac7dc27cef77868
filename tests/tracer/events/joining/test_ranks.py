"""Ranks in one file."""

from __future__ import annotations

import pytest

from tracer.events.builder import TraceBuilder
from tracer.events.operator_arguments import RecordedArguments
from tracer.trace import RunFacts, Trace, TraceFormatError


def _ranks(
    host: tuple[str, ...], device: tuple[str, ...], *, apart: int = 7, calls: int = 3, devices: tuple[int, ...] = (0, 0)
) -> Trace:
    """Ranks that launch kernels of the same numbers, of 10 us the first and 20 us the second, `apart` from another."""
    builder = TraceBuilder()
    tracks = tuple(dict.fromkeys((*host, *device)))
    for rank, (thread, track) in enumerate(zip(host, device, strict=True)):
        for number in range(1, calls + 1):
            at = 1_000_000 * number + 1000 * apart * rank
            where, external = {"thread": tracks.index(thread)}, {"external": 900 + number}
            builder.add_call(f"aten::op{rank}", RecordedArguments(), start=at, duration=100_000, **where, **external)
            builder.add_host_call("launch", start=at + 20_000, duration=5000, correlation=number, **where, **external)
            builder.add_kernel(
                "k",
                start=at + 50_000,
                duration=10_000 + 10_000 * rank,
                correlation=number,
                track=tracks.index(track),
                device=devices[rank],
                **external,
            )
    return builder.build("t", RunFacts(), tracks)


def _by_operator(trace: Trace) -> dict[str, float]:
    times: dict[str, float] = {}
    for event in trace.kernel_events():
        name = event.operator.name if event.operator else ""
        times[name] = times.get(name, 0.0) + event.duration
    return {name: round(time * 1e6) for name, time in times.items()}


@pytest.mark.parametrize(
    ("host", "device"),
    [
        (("[TP00] 100/1", "[TP01] 100/1"), ("[TP00] 0/7", "[TP01] 0/7")),
        (("rank0: 5/1", "rank1: 5/1"), ("rank0: 0/7", "rank1: 0/7")),
    ],
)
def test_ranks_with_a_label_are_kept_apart(host: tuple[str, ...], device: tuple[str, ...]) -> None:
    trace = _ranks(host, device)
    assert _by_operator(trace) == {"aten::op0": 30, "aten::op1": 60}
    assert trace.kernels.device.tolist() == [0, 1] * 3
    assert trace.facts.num_devices == 2


def test_labels_of_host_and_device_are_no_ranks() -> None:
    trace = _ranks(("python 100/1",), ("GPU 0/7",))
    assert _by_operator(trace) == {"aten::op0": 30}
    assert trace.facts.num_devices == 1


def test_ranks_without_a_label_are_refused() -> None:
    with pytest.raises(TraceFormatError, match=r"^t: holds 2 ranks with the same correlation ids; give one file"):
        _ranks(("100/1", "200/1"), ("0/7", "0/7"))
    with pytest.raises(TraceFormatError, match="several ranks under one process number"):
        _ranks(("100/1", "100/1"), ("0/7", "0/7"))


def test_a_profiler_that_was_started_again_is_one_rank() -> None:
    trace = _ranks(("100/1", "100/1"), ("0/7", "0/7"), apart=100_000)
    assert _by_operator(trace) == {"aten::op0": 30, "aten::op1": 60}


def test_one_process_number_for_kernels_of_two_devices_is_refused() -> None:
    """At one time, no call crosses another; that a correlation has kernels on two devices says it."""
    with pytest.raises(TraceFormatError, match="holds several ranks under one process number"):
        _ranks(("100/1", "100/1"), ("0/7", "1/7"), apart=0, devices=(0, 1))
