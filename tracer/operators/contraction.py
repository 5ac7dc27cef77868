"""Products of matrices, vectors and batches of them."""

from __future__ import annotations

from functools import partial

from tracer.graph import Op, TensorSpec

from .declaration import declare
from .kinds import Kind
from .shapes import Shape, broadcast

__all__ = ["OPERATORS"]


def _product(op: Op) -> tuple[TensorSpec, ...]:
    a, b = op.inputs[:2]
    dtype = op.attribute("out_dtype")
    return (TensorSpec(_product_shape(a.shape, b.shape), dtype if isinstance(dtype, str) else a.dtype),)


def _biased_product(op: Op) -> tuple[TensorSpec, ...]:
    _, a, b = op.inputs[:3]
    return (TensorSpec(_product_shape(a.shape, b.shape), a.dtype),)


def _sum_of_products(op: Op) -> tuple[TensorSpec, ...]:
    (products,) = _biased_product(op)
    return (TensorSpec(products.shape[1:], products.dtype),)


def _grouped_product(op: Op) -> tuple[TensorSpec, ...]:
    """Rows times the weight of their group, whose axis the weights have first."""
    rows, weights = op.inputs[:2]
    if len(weights.shape) != 3 or rows.shape[-1] != weights.shape[-2]:
        raise ValueError("inner extents differ")
    return (TensorSpec((*rows.shape[:-1], weights.shape[-1]), rows.dtype),)


def _linear(op: Op) -> tuple[TensorSpec, ...]:
    data, weight = op.inputs[:2]
    if data.shape[-1] != weight.shape[-1]:
        raise ValueError("inner extents differ")
    return (TensorSpec((*data.shape[:-1], *weight.shape[:-1]), data.dtype),)


def _product_shape(a: Shape, b: Shape) -> Shape:
    inner = b[-2] if len(b) > 1 else b[-1]
    if a[-1] != inner:
        raise ValueError("inner extents differ")
    if len(b) == 1:
        return a[:-1]
    if len(a) == 1:
        return (*b[:-2], b[-1])
    return (*broadcast([a[:-2], b[:-2]]), a[-2], b[-1])


_plain = partial(declare, kind=Kind.PRODUCT, outputs=_product)
_biased = partial(declare, kind=Kind.BIASED_PRODUCT, outputs=_biased_product)

OPERATORS = (
    _plain("mm", "self mat2"),
    _plain("matmul", "self other"),
    _plain("mv", "self vec"),
    _plain("dot", "self tensor"),
    _plain("_scaled_mm", "self mat2 scale_a scale_b bias scale_result out_dtype use_fast_accum"),
    # vllm-project/vllm, csrc/torch_bindings.cpp
    _plain("_C::cutlass_scaled_mm", "result! a b a_scales b_scales bias"),
    declare("bmm", "self mat2", kind=Kind.BATCHED_PRODUCT, outputs=_product),
    _biased("addmm", "self mat1 mat2 beta alpha"),
    _biased("addmv", "self mat vec beta alpha"),
    _biased("_addmm_activation", "self mat1 mat2 beta alpha use_gelu"),
    declare("baddbmm", "self batch1 batch2 beta alpha", kind=Kind.BIASED_BATCHED_PRODUCT, outputs=_biased_product),
    declare("addbmm", "self batch1 batch2 beta alpha", kind=Kind.BIASED_SUM_OF_PRODUCTS, outputs=_sum_of_products),
    declare("_grouped_mm", "self mat2 offs bias out_dtype", kind=Kind.GROUPED_PRODUCT, outputs=_grouped_product),
    # What the tracer writes for the same, with the number of groups that each token's rows belong to.
    declare("serving::grouped_mm", "input weight offs choices", kind=Kind.GROUPED_PRODUCT, outputs=_grouped_product),
    declare("linear", "input weight bias", kind=Kind.LINEAR, outputs=_linear),
)
