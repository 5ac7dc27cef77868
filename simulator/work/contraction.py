"""Matrix products: ``2 * |output| * k`` FLOPs, the k products and k sums of each output element.

The bias and the scaling of ``addmm`` and ``baddbmm`` are one add or multiply an output element each, on vector units.
"""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from tracer.graph import Op
from tracer.operators import Kind

from .op_work import OpWork, compulsory_bytes, work_formula

__all__ = [
    "ExpertsShape",
    "biased_product",
    "biased_sum_of_products",
    "experts_shape",
    "fused_experts",
    "grouped_product",
    "groups_touched",
    "linear",
    "product",
]


@work_formula(Kind.PRODUCT, Kind.BATCHED_PRODUCT)
def product(op: Op) -> OpWork:
    """Contraction over the last axis of the first input."""
    return _contraction(op, op.inputs[0].shape[-1])


@work_formula(Kind.BIASED_PRODUCT, Kind.BIASED_BATCHED_PRODUCT)
def biased_product(op: Op) -> OpWork:
    """``beta * bias + alpha * a @ b``: contraction over the last axis of the second input."""
    return _contraction(op, op.inputs[1].shape[-1], vector_flops=_scaling(op), unread=_unread_bias(op))


@work_formula(Kind.BIASED_SUM_OF_PRODUCTS)
def biased_sum_of_products(op: Op) -> OpWork:
    """``beta * bias + alpha * sum_i a_i @ b_i``: contraction over the batch and the last axis of the second input."""
    factor = op.inputs[1].shape
    return _contraction(op, factor[0] * factor[-1], vector_flops=_scaling(op), unread=_unread_bias(op))


@work_formula(Kind.LINEAR)
def linear(op: Op) -> OpWork:
    """``x @ weight.T + bias``: contraction over the last axis of the weight."""
    bias = op.outputs[0].numel if len(op.inputs) > 2 else 0
    return _contraction(op, op.inputs[1].shape[-1], vector_flops=bias)


@work_formula(Kind.GROUPED_PRODUCT)
def grouped_product(op: Op) -> OpWork:
    """Rows times the weight of the expert that each was routed to; weights of experts without rows are not read."""
    rows, weights = op.inputs[:2]
    touched = groups_touched(op) / weights.shape[0]
    return _contraction(op, rows.shape[-1], unread=float(weights.nbytes) * (1.0 - touched))


class ExpertsShape(NamedTuple):
    """Extents of the experts of a mixture: `hidden` is the width between the two products, after the gate."""

    tokens: int
    choices: int
    experts: int
    width: int
    hidden: int
    touched: float

    @property
    def rows(self) -> int:
        """Rows of both products: every token as often as it chooses. [1]"""
        return self.tokens * self.choices


@work_formula(Kind.FUSED_EXPERTS)
def fused_experts(op: Op) -> OpWork:
    """``2 t k (d 2f + f d)`` FLOPs of the two products; a gate of 5 FLOPs and an exponential; a sum of k rows.

    Weights of experts without rows are not read.
    """
    shape, (tokens, first, second) = experts_shape(op), op.inputs[:3]
    return OpWork(
        contraction_flops=2.0 * shape.rows * 3.0 * shape.width * shape.hidden,
        vector_flops=float(shape.rows * (5 * shape.hidden + shape.width)),
        special_ops=float(shape.rows * shape.hidden),
        bytes_read=tokens.nbytes + (first.nbytes + second.nbytes) * shape.touched / shape.experts,
        bytes_written=float(tokens.nbytes),
    )


def experts_shape(op: Op) -> ExpertsShape:
    """Extents from the tokens, the two weights (experts, out, in) and the choices of each token (tokens, choices)."""
    tokens, first, _, *rest = op.inputs
    experts, gated, *_ = first.shape
    width = tokens.shape[-1]
    chosen = next((t.shape[-1] for t in rest if len(t.shape) == 2 and t.shape[0] == tokens.shape[0]), 1)
    touched = experts * (1.0 - (1.0 - min(chosen / experts, 1.0)) ** tokens.shape[0])
    return ExpertsShape(
        tokens=tokens.shape[0],
        choices=chosen,
        experts=experts,
        width=width,
        hidden=gated // 2,
        touched=max(touched, 1.0),
    )


def groups_touched(op: Op) -> float:
    r"""Expected number of experts that get a row, where each is as likely as any other and tokens choose by themselves.

    .. math:: E \, (1 - (1 - k / E)^T)

    with :math:`E` experts, :math:`T` tokens and :math:`k` different choices of each. Trained routers balance their
    load over many tokens (the auxiliary loss of Fedus et al., Switch Transformers, arXiv:2101.03961); tokens of one
    text choose more alike than this says.
    """
    groups, choices = op.inputs[1].shape[0], int(op.attribute("choices", 1) or 1)  # type: ignore[arg-type]
    tokens = prod(op.inputs[0].shape[:-1]) / choices
    return float(groups * (1.0 - (1.0 - min(choices / groups, 1.0)) ** tokens))


def _scaling(op: Op) -> float:
    """One add for the bias, one multiply for each factor that is not 1; a beta of 0 leaves the bias out."""
    alpha, beta = op.attribute("alpha", 1), op.attribute("beta", 1)
    bias = 0 if beta == 0 else 1 + (beta != 1)
    return float(op.outputs[0].numel * (bias + (alpha != 1)))


def _unread_bias(op: Op) -> float:
    """Bytes of a bias that a beta of 0 turns off: it only lends its shape (torch.baddbmm)."""
    return float(op.inputs[0].nbytes) if op.attribute("beta", 1) == 0 else 0.0


def _contraction(op: Op, reduced: int, *, vector_flops: float = 0.0, unread: float = 0.0) -> OpWork:
    read, written = compulsory_bytes(op)
    return OpWork(
        contraction_flops=2.0 * prod(op.outputs[0].shape) * reduced,
        vector_flops=vector_flops,
        bytes_read=read - unread,
        bytes_written=written,
    )
