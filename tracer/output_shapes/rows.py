"""Attention, softmax, normalizations and reductions."""

from __future__ import annotations

from tracer.graph import Op, TensorSpec

from .elementwise import elementwise
from .rules import INTEGRAL, Shape, is_dense, numbers, shape_rule

__all__: list[str] = []


@shape_rule(
    "scaled_dot_product_attention _scaled_dot_product_attention_math _scaled_dot_product_flash_attention "
    "_scaled_dot_product_flash_attention_for_cpu _scaled_dot_product_efficient_attention "
    "_scaled_dot_product_cudnn_attention _scaled_dot_product_fused_attention_overrideable"
)
def _attention(op: Op) -> tuple[TensorSpec, ...]:
    """(batch, heads, query, value_dim), written as (batch, query, heads, value_dim)."""
    query, _, value = op.inputs[:3]
    *lead, heads, length, _ = query.shape
    width = value.shape[-1]
    outer = []
    step = length * heads * width
    for extent in reversed(lead):
        outer.append(step)
        step *= extent
    spec = TensorSpec((*lead, heads, length, width), query.dtype, (*reversed(outer), width, heads * width, 1))
    return (TensorSpec(spec.shape, spec.dtype) if spec.is_contiguous else spec,)


@shape_rule("_flash_attention_forward _efficient_attention_forward aiter::fmha_v3_fwd aiter::mha_fwd")
def _length_first_attention(op: Op) -> tuple[TensorSpec, ...]:
    query, _, value = op.inputs[:3]
    return (TensorSpec((*query.shape[:-1], value.shape[-1]), query.dtype),)


@shape_rule("_softmax softmax _log_softmax log_softmax _safe_softmax")
def _softmax(op: Op) -> tuple[TensorSpec, ...]:
    data = op.inputs[0]
    given = op.attribute("dtype")
    dtype = given if isinstance(given, str) else "float32" if op.attribute("half_to_float") is True else data.dtype
    return (TensorSpec(data.shape, dtype),)


@shape_rule(
    "native_layer_norm layer_norm rms_norm _fused_rms_norm native_group_norm group_norm instance_norm cumsum cumprod "
    "roll flip tril triu sort argsort rand_like randn_like zeros_like ones_like full_like empty_like alias detach "
    "batch_norm native_batch_norm cudnn_batch_norm _native_batch_norm_legit_no_training "
    "aiter::_groupnorm_run aiter::rmsnorm2d_fwd aiter::layernorm2d_fwd"
)
def _same(op: Op) -> tuple[TensorSpec, ...]:
    data = op.inputs[0]
    return (TensorSpec(data.shape, data.dtype, data.strides if is_dense(data) else ()),)


@shape_rule("_C::fused_add_rms_norm")
def _with_residual(op: Op) -> tuple[TensorSpec, ...]:
    """Both are overwritten: the input by the result, the residual by the sum."""
    return op.inputs[:2]


@shape_rule("_C::rotary_embedding")
def _rotated(op: Op) -> tuple[TensorSpec, ...]:
    """Query and key are rotated in place; a call may come without keys."""
    return op.inputs[1:-1]


@shape_rule("glu")
def _halved(op: Op) -> tuple[TensorSpec, ...]:
    data = op.inputs[0]
    axis = numbers(op, "dim", 1, -1)[0] % len(data.shape)
    return (TensorSpec(tuple(n // 2 if i == axis else n for i, n in enumerate(data.shape)), data.dtype),)


@shape_rule("mean sum prod amax amin argmax argmin any all logsumexp var std norm linalg_vector_norm nansum")
def _reduced(op: Op) -> tuple[TensorSpec, ...]:
    data = op.inputs[0]
    dtype = op.attribute("dtype")
    if not isinstance(dtype, str):
        dtype = _reduced_dtype(op, data.dtype)
    return (TensorSpec(_without_axes(op, data.shape), dtype),)


@shape_rule("var_mean std_mean")
def _two_reduced(op: Op) -> tuple[TensorSpec, ...]:
    return _reduced(op) * 2


@shape_rule("max min")
def _extreme(op: Op) -> tuple[TensorSpec, ...]:
    if len(op.inputs) > 1:
        return elementwise(op)
    (values,) = _reduced(op)
    return (values,) if op.attribute("dim") is None else (values, TensorSpec(values.shape, "int64"))


def _reduced_dtype(op: Op, dtype: str) -> str:
    if op.name in ("aten::any", "aten::all"):
        return "bool"
    if op.name in ("aten::argmax", "aten::argmin"):
        return "int64"
    return "int64" if op.name in ("aten::sum", "aten::prod") and dtype in INTEGRAL else dtype


def _without_axes(op: Op, shape: Shape) -> Shape:
    dim = op.attribute("dim")
    axes = range(len(shape)) if dim is None or dim == () else (n % len(shape) for n in numbers(op, "dim", 1, 0))
    reduced = frozenset(axes)
    if op.attribute("keepdim") is True:
        return tuple(1 if i in reduced else n for i, n in enumerate(shape))
    return tuple(n for i, n in enumerate(shape) if i not in reduced)


@shape_rule("topk")
def _topk(op: Op) -> tuple[TensorSpec, ...]:
    data = op.inputs[0]
    axis = numbers(op, "dim", 1, -1)[0] % len(data.shape)
    count = numbers(op, "k", 1, 1)[0]
    shape = tuple(count if i == axis else n for i, n in enumerate(data.shape))
    return TensorSpec(shape, data.dtype), TensorSpec(shape, "int64")


@shape_rule("multinomial")
def _samples(op: Op) -> tuple[TensorSpec, ...]:
    return (TensorSpec((*op.inputs[0].shape[:-1], numbers(op, "num_samples", 1, 1)[0]), "int64"),)
