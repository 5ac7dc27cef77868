"""Elementwise operators: operands broadcast, dtypes promote, the layout of the operands is kept."""

from __future__ import annotations

from collections.abc import Sequence

from tracer.graph import Op, TensorSpec

from .rules import INTEGRAL, broadcast, is_dense, promoted, shape_rule

__all__ = ["elementwise"]

_COMPARISONS = "eq ne lt le gt ge logical_and logical_or logical_not logical_xor isnan isinf isfinite signbit isin"
_ELEMENTWISE = (
    "add sub rsub mul div true_divide floor_divide remainder fmod neg abs sign relu threshold floor ceil round trunc "
    "frac maximum minimum clamp_min clamp_max square bitwise_and bitwise_or bitwise_not bitwise_xor __and__ __or__ "
    "__lshift__ __rshift__ bitwise_right_shift bitwise_left_shift where masked_fill reciprocal nan_to_num dropout "
    "heaviside copysign addcmul addcdiv lerp clamp clip hardtanh leaky_relu relu6 exp exp2 log log2 log10 sqrt rsqrt "
    "sin cos asin acos expm1 log1p tan atan atan2 sinh cosh erf erfc erfinv pow float_power xlogy sigmoid tanh silu "
    "elu celu selu softplus logit mish hardswish hardsigmoid prelu _prelu_kernel gelu native_dropout"
)
# Operators that make floating-point numbers from whole ones.
_REAL_VALUED = (
    "div true_divide exp exp2 log log2 log10 sqrt rsqrt sin cos asin acos expm1 log1p tan atan atan2 sinh cosh erf "
    "erfc erfinv sigmoid tanh reciprocal"
)
_TO_FLOAT = frozenset(f"aten::{name}" for name in _REAL_VALUED.split())


@shape_rule(_ELEMENTWISE)
def elementwise(op: Op) -> tuple[TensorSpec, ...]:
    """Broadcast operands in their common dtype."""
    values = op.inputs[1:] if op.name == "aten::where" else op.inputs
    dtype = promoted(values)
    if op.name in _TO_FLOAT and dtype in INTEGRAL:
        dtype = "float32"
    return (_like_operands(op.inputs, dtype),)


@shape_rule(_COMPARISONS)
def _comparison(op: Op) -> tuple[TensorSpec, ...]:
    return (_like_operands(op.inputs, "bool"),)


def _like_operands(tensors: Sequence[TensorSpec], dtype: str) -> TensorSpec:
    """Broadcast result, in the layout of the first operand of full size if its elements lie without gaps."""
    shape = broadcast([t.shape for t in tensors])
    full = next((t for t in tensors if t.shape == shape), None)
    strides = full.strides if full is not None and is_dense(full) else ()
    return TensorSpec(shape, dtype, strides)
