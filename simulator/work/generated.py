"""Kernels that TorchInductor generates, as a profiler records them: tensors of all operands, extents of the loops."""

from __future__ import annotations

from tracer.graph import Op
from tracer.operators import GENERATED, Kind

from .op_work import OpWork, declared, work_formula

__all__ = ["generated_kernel", "loop_extents"]


@work_formula(*GENERATED)
def generated_kernel(op: Op) -> OpWork:
    """Each operand is touched once, and no further than the loop runs: a slice of a large tensor is read in part.

    The record does not say which operands are results; the last is taken as one. Arithmetic is one operation for
    each operand and element of the loop: it is fused from several operators whose count the record leaves out, and
    memory bounds such kernels.
    """
    elements = loop_extents(op)[0] * loop_extents(op)[1]
    touched = [min(float(t.nbytes), elements * t.itemsize) for t in (*op.inputs, *op.outputs)]
    written = touched[-1] if op.outputs else 0.0
    return OpWork(
        vector_flops=elements * max(len(op.inputs), 1),
        bytes_read=sum(touched) - written,
        bytes_written=written,
    )


def loop_extents(op: Op) -> tuple[float, float]:
    """(outer, inner) extents of the loops; the inner one is reduced. Without a record, those of the largest operand."""
    outer, inner = op.attribute("xnumel"), op.attribute("rnumel", 1)
    if isinstance(outer, int) and isinstance(inner, int):
        return float(outer), float(inner)
    largest = max((*op.inputs, *op.outputs), key=lambda t: t.numel)
    reduces = declared(op).kind is not Kind.GENERATED_POINTWISE
    width = largest.shape[-1] if reduces and largest.shape else 1
    return largest.numel / max(width, 1), float(width)
