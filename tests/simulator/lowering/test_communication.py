"""Collectives: one kernel on every rank."""

from __future__ import annotations

import pytest

from simulator.execution import Execution
from simulator.kernels import Implementation, KernelFamily
from simulator.lowering import kernels_of


@pytest.mark.parametrize(
    ("name", "implementation"),
    [
        ("c10d::allreduce_", Implementation.ALL_REDUCE),
        ("nccl:all_reduce", Implementation.ALL_REDUCE),
        ("_c10d_functional::all_gather_into_tensor", Implementation.ALL_GATHER),
        ("c10d::_reduce_scatter_base_", Implementation.REDUCE_SCATTER),
        ("c10d::alltoall_", Implementation.ALL_TO_ALL),
        ("c10d::broadcast_", Implementation.BROADCAST),
    ],
)
def test_implementation_message_and_ranks(name, implementation, call):
    (kernel,) = kernels_of(call(name, [(1024,)], [(1024,)], group_size=8), Execution())
    assert (kernel.family, kernel.implementation) == (KernelFamily.COLLECTIVE, implementation)
    assert (kernel.m, kernel.n) == (2048, 8)


def test_a_gather_is_as_large_as_its_result(call):
    op = call("c10d::_allgather_base_", [(1024,)], [(8192,)], num_gpus=8)
    (kernel,) = kernels_of(op, Execution())
    assert (kernel.m, kernel.n) == (2 * 8192, 8)


def test_two_ranks_where_nothing_is_said(call):
    assert kernels_of(call("c10d::allreduce_", [(1024,)], [(1024,)]), Execution())[0].n == 2
