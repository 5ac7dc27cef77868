"""Elementwise operators: operands broadcast, dtypes promote, the layout of the operands is kept.

FLOPs and special functions of one element follow the formula that PyTorch's CUDA kernels evaluate in float32:
``silu(x) = x / (1 + exp(-x))`` is a negation, an addition, a division and an exponential. Memory bounds most of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from tracer.graph import Op, TensorSpec

from .declaration import declare
from .kinds import Kind
from .shapes import INTEGRAL, broadcast, halved, is_dense, promoted

__all__ = ["OPERATORS", "broadcast_operands"]


def broadcast_operands(op: Op) -> tuple[TensorSpec, ...]:
    """Broadcast operands in their common dtype."""
    return (_like_operands(op.inputs, promoted(op.inputs)),)


def _real_valued(op: Op) -> tuple[TensorSpec, ...]:
    """Floating-point numbers, also from whole ones."""
    dtype = promoted(op.inputs)
    return (_like_operands(op.inputs, "float32" if dtype in INTEGRAL else dtype),)


def _chosen(op: Op) -> tuple[TensorSpec, ...]:
    """Of the dtype of the values; the first operand is the condition."""
    return (_like_operands(op.inputs, promoted(op.inputs[1:])),)


def _truth_values(op: Op) -> tuple[TensorSpec, ...]:
    return (_like_operands(op.inputs, "bool"),)


def _outer(op: Op) -> tuple[TensorSpec, ...]:
    rows, columns = op.inputs[:2]
    return (TensorSpec((*rows.shape, *columns.shape), promoted([rows, columns])),)


def _second_input(op: Op) -> tuple[TensorSpec, ...]:
    """A gradient like the second tensor."""
    data = op.inputs[1]
    return (TensorSpec(data.shape, data.dtype, data.strides if is_dense(data) else ()),)


def _like_operands(tensors: Sequence[TensorSpec], dtype: str) -> TensorSpec:
    """Broadcast result, in the layout of the first operand of full size if its elements lie without gaps."""
    shape = broadcast([t.shape for t in tensors])
    full = next((t for t in tensors if t.shape == shape), None)
    strides = full.strides if full is not None and is_dense(full) else ()
    return TensorSpec(shape, dtype, strides)


_unknown = partial(declare, kind=Kind.ELEMENTWISE)
_elementwise = partial(_unknown, outputs=broadcast_operands)
_real = partial(_unknown, outputs=_real_valued)
_gated = partial(_unknown, outputs=halved)
_comparison = partial(declare, kind=Kind.COMPARISON, outputs=_truth_values, flops=1)

OPERATORS = (
    # A complex product is four multiplies and two adds; a sum two adds.
    _elementwise("mul", flops=1, complex_flops=6),
    _elementwise("add sub", flops=1, complex_flops=2),
    _real("div", flops=1, complex_flops=11),
    _elementwise("rsub floor_divide remainder fmod neg abs sign square maximum minimum copysign heaviside", flops=1),
    _elementwise("floor ceil round trunc frac nan_to_num relu threshold clamp_min clamp_max masked_fill", flops=1),
    _elementwise("bitwise_and bitwise_or bitwise_not bitwise_xor bitwise_right_shift bitwise_left_shift", flops=1),
    _elementwise("__and__ __or__ __lshift__ __rshift__", flops=1),
    _real("true_divide reciprocal", flops=1),
    _unknown("where", outputs=_chosen, flops=1),
    _elementwise("dropout", flops=1, may_do_nothing=True),
    _elementwise("native_dropout", flops=1),
    _elementwise("addcmul addcdiv lerp clamp clip hardtanh leaky_relu relu6", flops=2),
    _comparison("eq ne lt le gt ge logical_and logical_or logical_not logical_xor isnan isinf isfinite signbit"),
    _unknown("outer ger", outputs=_outer, flops=1),
    _real("exp exp2 log log2 log10 sqrt rsqrt sin cos asin acos", special_ops=1),
    _real("expm1 log1p tan atan atan2 sinh cosh erf erfc erfinv", flops=4, special_ops=1),
    # Models square; PyTorch multiplies for the exponent 2 (aten/src/ATen/native/cuda/PowKernel.cu).
    _elementwise("pow", flops=1),
    _elementwise("float_power xlogy", flops=2, special_ops=2),
    _real("sigmoid", flops=3, special_ops=1),
    _real("tanh", flops=4, special_ops=1),
    _elementwise("silu elu celu selu softplus logit mish log_sigmoid_forward", flops=4, special_ops=1),
    _elementwise("hardswish hardsigmoid prelu _prelu_kernel", flops=4),
    _elementwise("gelu", flops=8, special_ops=1),
    _gated("glu", "self dim", flops=4, special_ops=1),
    # Gradients (aten/src/ATen/native/cuda/Activation*.cu, BinaryMiscBackwardOpsKernels.cu): gelu's needs the error
    # function and the density, silu's the sigmoid.
    _elementwise("threshold_backward native_dropout_backward", flops=1),
    _elementwise("tanh_backward sigmoid_backward hardtanh_backward leaky_relu_backward", flops=3),
    _elementwise("silu_backward elu_backward softplus_backward mish_backward", flops=6, special_ops=1),
    _elementwise("gelu_backward", flops=14, special_ops=2),
    _elementwise("hardswish_backward hardsigmoid_backward log_sigmoid_backward _prelu_kernel_backward", flops=5),
    _unknown("glu_backward", "grad_output self dim", outputs=_second_input, flops=7, special_ops=1),
    _unknown("mse_loss_backward", "grad_output self target reduction", outputs=_second_input, flops=3),
    _unknown("smooth_l1_loss_backward", "grad_output self target reduction beta", outputs=_second_input, flops=5),
    _unknown("huber_loss_backward", "grad_output self target reduction delta", outputs=_second_input, flops=5),
    _unknown("binary_cross_entropy_backward", outputs=_second_input, flops=6),
    _elementwise("sgn", flops=1),
    _unknown("complex polar imag angle view_as_real_copy", flops=2),
    _unknown("fft_fft _fft_r2c _fft_c2c _fft_c2r", flops=20),
    # Activation of one half and a product with the other (vllm-project/vllm, csrc/torch_bindings.cpp).
    _gated("_C::silu_and_mul", "result! input", flops=5, special_ops=1),
    _gated("_C::gelu_and_mul _C::gelu_tanh_and_mul", "result! input", flops=9, special_ops=1),
    # The same as Vidur's tables name it, which give the input alone.
    _gated("silu_and_mul", "input", namespace="", flops=5, special_ops=1),
    # A product with the scale, and two comparisons that keep it in range.
    _unknown("_C::static_scaled_fp8_quant", "result! input scale", flops=3),
)
