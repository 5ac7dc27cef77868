"""Reductions along axes, softmax, scans and sorts."""

from __future__ import annotations

from math import log2

from tracer.graph import Op

from .op_work import OpWork, compulsory_bytes, op_formula

__all__ = ["deviation", "reduce_once", "row_cast", "softmax", "sort"]


@op_formula("_softmax", "softmax", "_log_softmax", "log_softmax", "_safe_softmax")
def softmax(op: Op) -> OpWork:
    """Maximum, subtraction, sum and division: 4 FLOPs and an exponential an element."""
    return _per_element(op, 4.0, special=1.0)


@op_formula(
    "sum",
    "mean",
    "amax",
    "amin",
    "max",
    "min",
    "argmax",
    "argmin",
    "prod",
    "any",
    "all",
    "cumsum",
    "cumprod",
    "count_nonzero",
    "nansum",
    "logsumexp",
    "aminmax",
    "unique_dim",
    "_unique2",
    "unique_consecutive",
    "nonzero",
    "bincount",
    "searchsorted",
    "isin",
    "equal",
    "_moe_C::moe_sum",
)
def reduce_once(op: Op) -> OpWork:
    """One operation an input element."""
    return _per_element(op, 1.0)


@op_formula("_C::dynamic_per_token_scaled_fp8_quant")
def row_cast(op: Op) -> OpWork:
    """Scale each row by its largest magnitude: a comparison, a product and two comparisons an element."""
    return _per_element(op, 4.0)


@op_formula("var", "var_mean", "std", "std_mean", "norm", "linalg_vector_norm")
def deviation(op: Op) -> OpWork:
    """Subtract, multiply and add: 3 an input element."""
    return _per_element(op, 3.0)


@op_formula("sort", "topk", "argsort", "kthvalue", "multinomial", "msort")
def sort(op: Op) -> OpWork:
    """log2(n) comparisons an element of a row of n."""
    shape = op.inputs[0].shape
    return _per_element(op, max(log2(shape[-1]), 1.0) if shape else 1.0)


def _per_element(op: Op, flops: float, *, special: float = 0.0) -> OpWork:
    read, written = compulsory_bytes(op)
    elements = op.inputs[0].numel
    return OpWork(vector_flops=flops * elements, special_ops=special * elements, bytes_read=read, bytes_written=written)
