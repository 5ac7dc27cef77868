"""Elementwise operators, whose declarations count the arithmetic of one element, and rotary embedding."""

from __future__ import annotations

from tracer.graph import Op
from tracer.operators import Kind

from .op_work import OpWork, compulsory_bytes, declared, work_formula

__all__ = ["foreach", "num_lists", "pointwise", "rotary"]


#: Lists that arithmetic has at most; more are an optimizer's parameters, gradients and moments.
_OPERANDS = 3


@work_formula(Kind.ELEMENTWISE, Kind.COMPARISON)
def pointwise(op: Op) -> OpWork:
    """Arithmetic of one element times the output's elements; an in-place call writes its first input."""
    outputs = op.outputs or op.inputs[:1]
    elements = outputs[0].numel
    declaration = declared(op)
    flops = declaration.flops
    if declaration.complex_flops is not None and any(t.dtype.startswith("complex") for t in op.inputs):
        flops = declaration.complex_flops
    read, _ = compulsory_bytes(op)
    return OpWork(
        vector_flops=flops * elements,
        special_ops=declaration.special_ops * elements,
        bytes_read=read,
        bytes_written=float(sum(t.nbytes for t in outputs)),
    )


@work_formula(Kind.ROTARY)
def rotary(op: Op) -> OpWork:
    """Two products and a sum for each element of query and key, in place; a row of sines and cosines for each token.

    Inputs are the positions, the query, the key where there is one, and the table of sines and cosines.
    """
    positions, *rotated, table = op.inputs
    moved = float(sum(t.nbytes for t in rotated))
    rows = float(positions.numel * table.shape[-1] * table.itemsize)
    return OpWork(
        vector_flops=3.0 * sum(t.numel for t in rotated),
        bytes_read=positions.nbytes + moved + rows,
        bytes_written=moved,
    )


@work_formula(Kind.FOREACH)
def foreach(op: Op) -> OpWork:
    """Arithmetic of one element times those of the first list; all lists are read, and the first is written.

    An optimizer with running moments writes those too: all lists but the gradients.
    """
    tensors = [t for t in op.inputs if t.shape]
    lists = num_lists(op)
    elements = sum(t.numel for t in tensors) / lists
    read = float(sum(t.nbytes for t in tensors))
    written = read * max(lists - 1, 1) / lists if lists > _OPERANDS or op.attribute("lr") is not None else read / lists
    return OpWork(
        vector_flops=declared(op).flops * elements,
        special_ops=declared(op).special_ops * elements,
        bytes_read=read,
        bytes_written=float(sum(t.nbytes for t in op.outputs if t.shape)) or written,
    )


def num_lists(op: Op) -> int:
    """Lists of tensors among the inputs: as many as are declared where they are alike, else one."""
    shapes = [t.shape for t in op.inputs if t.shape]
    lists = len(declared(op).arguments)
    if not shapes or lists < 2 or len(shapes) % lists:
        return 1
    length = len(shapes) // lists
    alike = all(shapes[:length] == shapes[at : at + length] for at in range(length, len(shapes), length))
    return lists if alike else 1
