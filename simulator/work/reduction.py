"""Reductions along axes, scans, sorts, softmax, and quantisation of rows."""

from __future__ import annotations

from math import log2

from tracer.graph import Op
from tracer.operators import Kind

from .op_work import OpWork, compulsory_bytes, declared, work_formula

__all__ = ["loss", "reduction", "row_quantization", "softmax", "sort"]


@work_formula(Kind.SOFTMAX)
def softmax(op: Op) -> OpWork:
    """Maximum, subtraction, sum and division: 4 FLOPs and an exponential an element."""
    return _per_element(op, 4.0, special=1.0)


@work_formula(Kind.REDUCTION, Kind.SCAN)
def reduction(op: Op) -> OpWork:
    """As many operations an input element as are declared: one for a sum, three for a deviation."""
    return _per_element(op, declared(op).flops, special=declared(op).special_ops)


@work_formula(Kind.LOSS)
def loss(op: Op) -> OpWork:
    """As many operations an element as are declared, and one for the sum."""
    return _per_element(op, declared(op).flops + 1.0, special=declared(op).special_ops)


@work_formula(Kind.ROW_QUANTIZATION)
def row_quantization(op: Op) -> OpWork:
    """Scale each row by its largest magnitude: a comparison, a product and two comparisons an element."""
    return _per_element(op, 4.0)


@work_formula(Kind.SORT)
def sort(op: Op) -> OpWork:
    """log2(n) comparisons an element of a row of n."""
    shape = op.inputs[0].shape
    return _per_element(op, max(log2(shape[-1]), 1.0) if shape else 1.0)


def _per_element(op: Op, flops: float, *, special: float = 0.0) -> OpWork:
    read, written = compulsory_bytes(op)
    elements = op.inputs[0].numel
    return OpWork(vector_flops=flops * elements, special_ops=special * elements, bytes_read=read, bytes_written=written)
