"""Collectives, as torch's process groups, its functional form and NCCL's annotations name them.

A collective works in place, or on a tensor of the same total size as far as one rank's record tells.
"""

from __future__ import annotations

from functools import partial

from .declaration import declare
from .kinds import Kind
from .shapes import first_input

__all__ = ["OPERATORS"]

_c10d = partial(declare, namespace="c10d", outputs=first_input)
_functional = partial(declare, namespace="_c10d_functional", outputs=first_input)

# What the tracer writes for a message that the profiler describes by its size (tracer/events/operator_arguments.py).
_message = partial(declare, arguments="tensor group_size", namespace="message", outputs=first_input)

OPERATORS = (
    _message("all_reduce", kind=Kind.ALL_REDUCE),
    _message("all_gather", kind=Kind.ALL_GATHER),
    _message("reduce_scatter", kind=Kind.REDUCE_SCATTER),
    _message("all_to_all", kind=Kind.ALL_TO_ALL),
    _message("broadcast", kind=Kind.BROADCAST),
    _message("point_to_point", kind=Kind.POINT_TO_POINT),
    _c10d("all_reduce allreduce_", kind=Kind.ALL_REDUCE),
    _c10d("all_gather allgather_ _allgather_base_", kind=Kind.ALL_GATHER),
    _c10d("reduce_scatter _reduce_scatter_base_", kind=Kind.REDUCE_SCATTER),
    _c10d("alltoall alltoall_ alltoall_base_", kind=Kind.ALL_TO_ALL),
    _c10d("broadcast broadcast_", kind=Kind.BROADCAST),
    _c10d("reduce_ allreduce_coalesced_", kind=Kind.ALL_REDUCE),
    _c10d("gather_ allgather_into_tensor_coalesced_ allgather_coalesced_", kind=Kind.ALL_GATHER),
    _c10d("scatter_ reduce_scatter_tensor_coalesced_", kind=Kind.REDUCE_SCATTER),
    _c10d("send recv_ recv_any_source_", kind=Kind.POINT_TO_POINT),
    _functional("all_reduce", kind=Kind.ALL_REDUCE),
    _functional("all_gather_into_tensor", kind=Kind.ALL_GATHER),
    _functional("reduce_scatter_tensor", kind=Kind.REDUCE_SCATTER),
    _functional("all_to_all_single", kind=Kind.ALL_TO_ALL),
    _functional("broadcast", kind=Kind.BROADCAST),
    # Of engines, on memory that all ranks map (vllm/distributed, csrc/custom_all_reduce.cu; torch's symmetric memory).
    declare(
        "symm_mem::multimem_all_reduce_ symm_mem::one_shot_all_reduce symm_mem::two_shot_all_reduce_ vllm::all_reduce "
        "_C_custom_ar::all_reduce sgl_kernel::all_reduce",
        kind=Kind.ALL_REDUCE,
        outputs=first_input,
        encloses=True,
    ),
    declare("vllm::all_gather", kind=Kind.ALL_GATHER, outputs=first_input, encloses=True),
    declare("vllm::reduce_scatter", kind=Kind.REDUCE_SCATTER, outputs=first_input, encloses=True),
    declare("nccl:all_reduce", kind=Kind.ALL_REDUCE, outputs=first_input),
)
