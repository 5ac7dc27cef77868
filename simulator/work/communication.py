"""Collectives: bytes that a rank contributes; how they travel is the cost model's matter."""

from __future__ import annotations

from tracer.graph import Op
from tracer.operators import COLLECTIVES, Kind

from .op_work import OpWork, declared, work_formula

__all__ = ["collective"]

_ADDING = (Kind.ALL_REDUCE, Kind.REDUCE_SCATTER)


@work_formula(*COLLECTIVES)
def collective(op: Op) -> OpWork:
    """A rank's own bytes are read once and the result is written once; an all-reduce adds once an element."""
    read = float(sum(t.nbytes for t in op.inputs))
    written = float(sum(t.nbytes for t in op.outputs)) or read
    adds = sum(t.numel for t in op.inputs) if declared(op).kind in _ADDING else 0
    return OpWork(vector_flops=float(adds), bytes_read=read, bytes_written=written)
