"""Matrix products: ``2 * |output| * k`` FLOPs, the k products and k sums of each output element.

The bias and the scaling of ``addmm`` and ``baddbmm`` are one add or multiply an output element each, on vector units.
"""

from __future__ import annotations

from math import prod

from tracer.graph import Op

from .op_work import OpWork, compulsory_bytes, op_formula

__all__ = ["biased_product", "linear", "outer", "product"]


@op_formula("mm", "bmm", "matmul", "mv", "dot", "_scaled_mm", "_grouped_mm")
def product(op: Op) -> OpWork:
    """Contraction over the last axis of the first input."""
    return _contraction(op, op.inputs[0].shape[-1])


@op_formula("addmm", "baddbmm", "addmv", "addbmm", "_addmm_activation")
def biased_product(op: Op) -> OpWork:
    """``beta * bias + alpha * a @ b``: contraction over the last axis of the second input."""
    out = op.outputs[0].numel
    scaled = sum(op.attribute(name, 1) != 1 for name in ("alpha", "beta"))
    return _contraction(op, op.inputs[1].shape[-1], vector_flops=out * (1 + scaled))


@op_formula("linear")
def linear(op: Op) -> OpWork:
    """``x @ weight.T + bias``: contraction over the last axis of the weight."""
    bias = op.outputs[0].numel if len(op.inputs) > 2 else 0
    return _contraction(op, op.inputs[1].shape[-1], vector_flops=bias)


@op_formula("outer", "ger")
def outer(op: Op) -> OpWork:
    """Outer product: one multiply an element."""
    read, written = compulsory_bytes(op)
    return OpWork(vector_flops=op.outputs[0].numel, bytes_read=read, bytes_written=written)


def _contraction(op: Op, reduced: int, *, vector_flops: float = 0.0) -> OpWork:
    read, written = compulsory_bytes(op)
    return OpWork(
        contraction_flops=2.0 * prod(op.outputs[0].shape) * reduced,
        vector_flops=vector_flops,
        bytes_read=read,
        bytes_written=written,
    )
