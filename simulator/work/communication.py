"""Collectives: bytes that a rank contributes; how they travel is the cost model's matter."""

from __future__ import annotations

from tracer.graph import Op

from .op_work import OpWork, op_formula

__all__ = ["COLLECTIVES", "collective"]

COLLECTIVES = {
    name: kind
    for kind, names in {
        "all_reduce": (
            "c10d::all_reduce",
            "c10d::allreduce_",
            "_c10d_functional::all_reduce",
            "nccl:all_reduce",
        ),
        "all_gather": (
            "c10d::all_gather",
            "c10d::allgather_",
            "c10d::_allgather_base_",
            "_c10d_functional::all_gather_into_tensor",
        ),
        "reduce_scatter": (
            "c10d::reduce_scatter",
            "c10d::_reduce_scatter_base_",
            "_c10d_functional::reduce_scatter_tensor",
        ),
        "all_to_all": (
            "c10d::alltoall",
            "c10d::alltoall_",
            "c10d::alltoall_base_",
            "_c10d_functional::all_to_all_single",
        ),
        "broadcast": ("c10d::broadcast", "c10d::broadcast_", "_c10d_functional::broadcast"),
    }.items()
    for name in names
}


@op_formula(*COLLECTIVES)
def collective(op: Op) -> OpWork:
    """A rank's own bytes are read once and the result is written once; an all-reduce adds once an element."""
    read = float(sum(t.nbytes for t in op.inputs))
    written = float(sum(t.nbytes for t in op.outputs)) or read
    adds = sum(t.numel for t in op.inputs) if COLLECTIVES[op.name] in ("all_reduce", "reduce_scatter") else 0
    return OpWork(vector_flops=float(adds), bytes_read=read, bytes_written=written)
