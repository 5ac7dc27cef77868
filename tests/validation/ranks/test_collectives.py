"""Waiting apart from moving."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tracer.events.attribution import Attribution, attribute
from tracer.events.builder import TraceBuilder
from tracer.events.operator_arguments import message_of
from tracer.graph import Op
from tracer.trace import RunFacts
from validation.ranks.collectives import collective_times

_KERNEL = "ncclDevKernel_AllReduce_Sum_f32_RING_LL(ncclDevKernelArgsStorage<4096ul>)"
_MESSAGE = {"collective name": "allreduce", "in msg nelems": 1000, "dtype": "Float", "group size": 2}


def _rank(*durations: int, message: bool = True, device: int = 0, builder: TraceBuilder | None = None) -> TraceBuilder:
    """Messages of one rank, microseconds long."""
    builder = builder or TraceBuilder()
    recorded = message_of(_MESSAGE)
    assert recorded is not None
    for number, duration in enumerate(durations):
        at, correlation = 1_000_000 * number + 1000 * device, 10 * number + device + 1
        if message:
            builder.add_call(*recorded, start=at, duration=500, thread=device)
        builder.add_host_call("cudaLaunchKernel", start=at + 10, duration=9, correlation=correlation, thread=device)
        builder.add_kernel(_KERNEL, start=at + 30_000, duration=1000 * duration, correlation=correlation, device=device)
    return builder


def _found(*builders: TraceBuilder) -> list[Attribution]:
    return [attribute(b.build("t", RunFacts()), lambda op: True) for b in builders]


def _twenty(operators: Sequence[Op]) -> list[float]:
    return [20e-6] * len(operators)


def test_the_last_to_arrive_moves_and_the_others_wait() -> None:
    (row,) = collective_times(_found(_rank(30, 90), _rank(50, 25)), _twenty)
    assert row.message == "all_reduce of 1,000 x float32, 2 ranks"
    assert (row.calls, row.ranks) == (2, 2)
    assert row.measured == pytest.approx((120e-6 + 75e-6) / 2)
    assert row.moving == pytest.approx(55e-6)
    assert row.waiting == pytest.approx((65e-6 + 20e-6) / 2)
    assert row.predicted == pytest.approx(40e-6)


def test_one_file_knows_what_is_beyond_the_prediction_and_no_more() -> None:
    (row,) = collective_times(_found(_rank(30, 90)), _twenty)
    assert (row.moving, row.waiting) == (None, None)
    assert row.beyond == pytest.approx(80e-6)
    assert row.at_most == pytest.approx(60e-6)


def test_devices_of_one_file_are_ranks() -> None:
    both = _rank(50, 25, device=1, builder=_rank(30, 90))
    (row,) = collective_times(_found(both), _twenty)
    assert (row.ranks, row.moving) == (2, pytest.approx(55e-6))


def test_kernels_without_a_message_are_matched_by_name() -> None:
    (row,) = collective_times(_found(_rank(30, message=False), _rank(10, message=False)), _twenty)
    assert row.message == _KERNEL
    assert (row.predicted, row.beyond) == (None, None)
    assert row.waiting == pytest.approx(10e-6)


@pytest.mark.parametrize("durations", [((30, 90), (50,)), ((30,), (50,), (20,))], ids=["one lacks", "two groups"])
def test_what_cannot_be_matched_is_not_told_apart(durations: tuple[tuple[int, ...], ...]) -> None:
    (row,) = collective_times(_found(*(_rank(*each) for each in durations)), _twenty)
    assert row.moving is None
    assert row.measured > 0
