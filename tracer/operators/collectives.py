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

OPERATORS = (
    _c10d("all_reduce allreduce_", kind=Kind.ALL_REDUCE),
    _c10d("all_gather allgather_ _allgather_base_", kind=Kind.ALL_GATHER),
    _c10d("reduce_scatter _reduce_scatter_base_", kind=Kind.REDUCE_SCATTER),
    _c10d("alltoall alltoall_ alltoall_base_", kind=Kind.ALL_TO_ALL),
    _c10d("broadcast broadcast_", kind=Kind.BROADCAST),
    _functional("all_reduce", kind=Kind.ALL_REDUCE),
    _functional("all_gather_into_tensor", kind=Kind.ALL_GATHER),
    _functional("reduce_scatter_tensor", kind=Kind.REDUCE_SCATTER),
    _functional("all_to_all_single", kind=Kind.ALL_TO_ALL),
    _functional("broadcast", kind=Kind.BROADCAST),
    declare("nccl:all_reduce", kind=Kind.ALL_REDUCE, outputs=first_input),
)
