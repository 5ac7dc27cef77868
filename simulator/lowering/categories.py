"""Operator categories of the report: what kind of work a call is, from its operator and its module."""

from __future__ import annotations

import re

from simulator.kernels import KernelFamily
from simulator.work import attention, contraction, convolution, generated, movement, normalization, reduction
from simulator.work.communication import COLLECTIVES
from simulator.work.op_work import operators_of
from tracer.graph import Op

__all__ = ["ATTENTION_CATEGORIES", "CATEGORIES", "category_of"]

ATTENTION_CATEGORIES = tuple(f"attention_{k}" for k in ("spatial", "temporal", "cross", "joint", "self"))
CATEGORIES = (
    *ATTENTION_CATEGORIES,
    "convolution",
    "linear",
    "normalization",
    "elementwise",
    "data_movement",
    "communication",
)

_ATTENTION = operators_of(attention.attention)
_SOFTMAX = operators_of(reduction.softmax)
_CONVOLUTIONS = operators_of(convolution.convolution)
_BATCHED = frozenset({"aten::bmm", "aten::baddbmm"})
_PRODUCTS = (
    operators_of(contraction.product)
    | operators_of(contraction.biased_product)
    | operators_of(contraction.biased_sum_of_products)
    | operators_of(contraction.linear)
)
_NORMS = (
    operators_of(normalization.affine_norm)
    | operators_of(normalization.rms_norm)
    | operators_of(normalization.residual_rms_norm)
    | operators_of(normalization.batch_norm_inference)
)
_MOVEMENT = (
    operators_of(movement.copy)
    | operators_of(movement.in_place_copy)
    | operators_of(movement.fill)
    | operators_of(movement.gather)
    | operators_of(movement.scatter)
    | operators_of(movement.paged_write)
    | operators_of(movement.bilinear)
)
# Generated kernels that reduce rows: normalizations, in the models at hand.
_GENERATED_ROWS = frozenset(generated.GENERATED) - {"triton::pointwise"}
# Last part of a module path that says what a composite of elementwise operators makes: ``input_layernorm``, ``norm1``.
_NORM_MODULE = re.compile(r"norm[^.]*$", re.IGNORECASE)
_ATTENTION_MODULE = re.compile(r"att(n|ention)[^.]*(\.\d+)?$", re.IGNORECASE)


def category_of(op: Op, module: str) -> str:
    """Category of a call, one of :data:`CATEGORIES`.

    Attention that a model writes out (batched products and softmax in a module called attention) counts as
    self-attention, since nothing says more. Elementwise operators and reductions of a module called norm are
    normalization.
    """
    name = op.name if op.name in _MOVEMENT or op.name in _PRODUCTS else op.name.removesuffix("_")
    if name in _ATTENTION:
        return f"attention_{op.attribute('kind', 'self')}"
    if name in _SOFTMAX or name in _BATCHED:
        if _ATTENTION_MODULE.search(module):
            return "attention_self"
        return "linear" if name in _BATCHED else "normalization"
    if name in _CONVOLUTIONS:
        return "convolution"
    if name in _PRODUCTS:
        return "linear"
    if op.name in COLLECTIVES:
        return "communication"
    if name in _NORMS or name in _GENERATED_ROWS or _NORM_MODULE.search(module):
        return "normalization"
    return "data_movement" if name in _MOVEMENT or op.name in _MOVEMENT else "elementwise"


FAMILY_CATEGORY = {
    KernelFamily.MATMUL: "linear",
    KernelFamily.ATTENTION: "attention_self",
    KernelFamily.CONVOLUTION: "convolution",
    KernelFamily.ELEMENTWISE: "elementwise",
    KernelFamily.REDUCTION: "elementwise",
    KernelFamily.NORMALIZATION: "normalization",
    KernelFamily.SOFTMAX: "normalization",
    KernelFamily.COPY: "data_movement",
    KernelFamily.GATHER: "data_movement",
    KernelFamily.COLLECTIVE: "communication",
}
