"""Operator categories of the report: what kind of work a call is, from its operator and its module."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from simulator.kernels import Kernel, Stream
from tracer.graph import Op
from tracer.operators import ATTENTION_GRADIENTS, ATTENTIONS, COLLECTIVES, CONVOLUTIONS, FREE, PRODUCTS, Kind, kind_of

__all__ = ["ATTENTION_CATEGORIES", "CATEGORIES", "KIND_CATEGORY", "category_of", "kernel_category"]

ATTENTION_CATEGORIES = tuple(f"attention_{k}" for k in ("spatial", "temporal", "cross", "joint", "self"))
CATEGORIES = (
    *ATTENTION_CATEGORIES,
    "convolution",
    "linear",
    "normalization",
    "elementwise",
    "data_movement",
    "layout_conversion",
    "communication",
)

# What attention consists of where a model writes it out.
_PARTS_OF_ATTENTION = (Kind.BATCHED_PRODUCT, Kind.BIASED_BATCHED_PRODUCT, Kind.SOFTMAX)
_KINDS: Mapping[str, Iterable[Kind]] = {
    "attention_self": (*ATTENTIONS, *ATTENTION_GRADIENTS),
    "convolution": (*CONVOLUTIONS, Kind.CONVOLUTION_BACKWARD),
    "linear": (*PRODUCTS, Kind.FUSED_EXPERTS),
    "normalization": (
        *(Kind.SOFTMAX, Kind.LAYER_NORM, Kind.RMS_NORM, Kind.RESIDUAL_RMS_NORM),
        *(Kind.GROUP_NORM, Kind.SPREAD_GROUP_NORM, Kind.BATCH_NORM),
        *(Kind.LAYER_NORM_BACKWARD, Kind.CHANNEL_NORM_BACKWARD, Kind.BATCH_NORM_BACKWARD),
        # Generated kernels that reduce rows are normalizations in the models at hand.
        *(Kind.GENERATED_REDUCTION, Kind.GENERATED_PERSISTENT_REDUCTION),
    ),
    "elementwise": (
        *(Kind.ELEMENTWISE, Kind.COMPARISON, Kind.REDUCTION, Kind.SCAN, Kind.SORT),
        *(Kind.LOSS, Kind.FOREACH, Kind.ROTARY, Kind.ROW_QUANTIZATION, Kind.GENERATED_POINTWISE, *FREE),
    ),
    "data_movement": (
        *(Kind.COPY, Kind.IN_PLACE_COPY, Kind.CONCATENATION, Kind.PADDING, Kind.FILL, Kind.RESAMPLE, Kind.POOLING),
        *(Kind.GATHER, Kind.SCATTER, Kind.SCATTER_TO_ZEROS, Kind.PAGED_WRITE, Kind.WINDOW_BACKWARD),
    ),
    "communication": COLLECTIVES,
}
KIND_CATEGORY: Mapping[Kind, str] = {kind: category for category, kinds in _KINDS.items() for kind in kinds}
"""Category of each kind where the module says nothing else."""
# Last part of a module path that says what a composite of elementwise operators makes: ``input_layernorm``, ``norm1``.
_NORM_MODULE = re.compile(r"norm[^.]*$", re.IGNORECASE)
_ATTENTION_MODULE = re.compile(r"att(n|ention)[^.]*(\.\d+)?$", re.IGNORECASE)


def category_of(op: Op, module: str) -> str:
    """Category of a call, one of :data:`CATEGORIES`; elementwise for an operator that nothing declares.

    Attention that a model writes out (batched products and softmax in a module called attention) counts as
    self-attention, since nothing says more. Elementwise operators and reductions of a module called norm are
    normalization.
    """
    kind = kind_of(op.name)
    if kind in ATTENTIONS or kind in ATTENTION_GRADIENTS:
        return f"attention_{op.attribute('kind', 'self')}"
    if kind in _PARTS_OF_ATTENTION and _ATTENTION_MODULE.search(module):
        return "attention_self"
    category = KIND_CATEGORY[kind] if kind is not None else "elementwise"
    if category in ("elementwise", "data_movement") and _NORM_MODULE.search(module):
        return "normalization"
    return category


def kernel_category(kernel: Kernel, category: str) -> str:
    """Category of one kernel of a call: conversions between layouts are their own, whatever they are launched for."""
    return "layout_conversion" if isinstance(kernel, Stream) and kernel.conversion else category
