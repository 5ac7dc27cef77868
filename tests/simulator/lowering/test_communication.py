"""Collectives: one kernel on every rank."""

from __future__ import annotations

import pytest

from simulator.execution import Execution
from simulator.kernels import Collective, CollectiveAlgorithm
from simulator.lowering import kernels_of


@pytest.mark.parametrize(
    ("name", "algorithm"),
    [
        ("c10d::allreduce_", CollectiveAlgorithm.ALL_REDUCE),
        ("nccl:all_reduce", CollectiveAlgorithm.ALL_REDUCE),
        ("_c10d_functional::all_gather_into_tensor", CollectiveAlgorithm.ALL_GATHER),
        ("c10d::_reduce_scatter_base_", CollectiveAlgorithm.REDUCE_SCATTER),
        ("c10d::alltoall_", CollectiveAlgorithm.ALL_TO_ALL),
        ("c10d::broadcast_", CollectiveAlgorithm.BROADCAST),
    ],
)
def test_implementation_message_and_ranks(name, algorithm, call):
    (kernel,) = kernels_of(call(name, [(1024,)], [(1024,)], group_size=8), Execution())
    assert (type(kernel), kernel.algorithm) == (Collective, algorithm)
    assert (kernel.message_bytes, kernel.num_ranks) == (2048, 8)


def test_a_gather_is_as_large_as_its_result(call):
    op = call("c10d::_allgather_base_", [(1024,)], [(8192,)], num_gpus=8)
    (kernel,) = kernels_of(op, Execution())
    assert (kernel.message_bytes, kernel.num_ranks) == (2 * 8192, 8)


def test_two_ranks_where_nothing_is_said(call):
    assert kernels_of(call("c10d::allreduce_", [(1024,)], [(1024,)]), Execution())[0].num_ranks == 2


def test_a_message_from_one_rank_to_another_is_sent_whole(call):
    (kernel,) = kernels_of(call("c10d::send", [(100,)], [(100,)], group_size=8), Execution())
    # A ring of two sends half of what it is given.
    assert (kernel.num_ranks, kernel.message_bytes) == (2, 2 * 200)
