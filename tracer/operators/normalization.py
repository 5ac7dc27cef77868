"""Normalizations, and quantisation of rows."""

from __future__ import annotations

from functools import partial

from tracer.graph import Op, TensorSpec

from .declaration import declare
from .kinds import Kind
from .shapes import like_input

__all__ = ["OPERATORS"]


def _with_residual(op: Op) -> tuple[TensorSpec, ...]:
    """Both are overwritten: the input by the result, the residual by the sum."""
    return op.inputs[:2]


def _channel_gradients(op: Op) -> tuple[TensorSpec, ...]:
    """Of the input, which is as large as the output's gradient, and of scale and shift where there is a scale."""
    data = op.inputs[0]
    return TensorSpec(data.shape, data.dtype, data.strides), *(TensorSpec(t.shape, t.dtype) for t in op.inputs[2:3] * 2)


def _gradients(op: Op) -> tuple[TensorSpec, ...]:
    """Of the input, which is the second tensor, and of scale and shift where there are such."""
    data = op.inputs[1]
    return (TensorSpec(data.shape, data.dtype), *(t for t in op.inputs[4:] if t.shape))


def _rms_gradients(op: Op) -> tuple[TensorSpec, ...]:
    """Of the input, which is the second tensor, and of the scale where there is one."""
    data = op.inputs[1]
    return (TensorSpec(data.shape, data.dtype), *op.inputs[3:4])


_layer_norm = partial(declare, kind=Kind.LAYER_NORM, outputs=like_input)
_rms_norm = partial(declare, kind=Kind.RMS_NORM, outputs=like_input)
_group_norm = partial(declare, kind=Kind.GROUP_NORM, outputs=like_input)
_batch_norm = partial(declare, kind=Kind.BATCH_NORM, outputs=like_input)

OPERATORS = (
    _layer_norm("native_layer_norm", "input normalized_shape weight bias eps"),
    _layer_norm("layer_norm", "input normalized_shape weight bias eps cudnn_enable", same_as="native_layer_norm"),
    _layer_norm("instance_norm"),
    _rms_norm("rms_norm _fused_rms_norm", "input normalized_shape weight eps"),
    _group_norm("native_group_norm", "input weight bias N C HxW group eps"),
    _group_norm("group_norm", "input num_groups weight bias eps cudnn_enabled", same_as="native_group_norm"),
    _batch_norm("batch_norm native_batch_norm", "input weight bias running_mean running_var training momentum eps"),
    _batch_norm("_native_batch_norm_legit", "input weight bias running_mean running_var training momentum eps"),
    _batch_norm("_batch_norm_impl_index", "input weight bias running_mean running_var training momentum eps"),
    _batch_norm(
        "cudnn_batch_norm miopen_batch_norm",
        "input weight bias running_mean running_var training exponential_average_factor epsilon",
    ),
    _batch_norm("_batch_norm_with_update", "input weight bias running_mean running_var momentum eps"),
    _batch_norm("_native_batch_norm_legit_no_training _batch_norm_no_update"),
    declare(
        "native_layer_norm_backward",
        "grad_out input normalized_shape mean rstd weight bias output_mask",
        kind=Kind.LAYER_NORM_BACKWARD,
        outputs=_gradients,
    ),
    declare(
        "_fused_rms_norm_backward",
        "grad_out input normalized_shape rstd weight output_mask",
        kind=Kind.LAYER_NORM_BACKWARD,
        outputs=_rms_gradients,
    ),
    declare("native_group_norm_backward", kind=Kind.CHANNEL_NORM_BACKWARD, outputs=_channel_gradients),
    declare(
        "native_batch_norm_backward cudnn_batch_norm_backward miopen_batch_norm_backward batch_norm_backward",
        kind=Kind.BATCH_NORM_BACKWARD,
        outputs=_channel_gradients,
    ),
    # ROCm/aiter, aiter/ops/groupnorm.py, norm.py and rmsnorm.py
    declare(
        "aiter::_groupnorm_run",
        "input num_groups weight bias eps",
        kind=Kind.SPREAD_GROUP_NORM,
        outputs=like_input,
    ),
    _layer_norm("aiter::layernorm2d_fwd", "input weight bias epsilon"),
    _rms_norm("aiter::rmsnorm2d_fwd", "input weight epsilon"),
    # vllm-project/vllm, csrc/torch_bindings.cpp
    _rms_norm("_C::rms_norm", "result! input weight epsilon"),
    declare(
        "_C::fused_add_rms_norm",
        "input residual weight epsilon",
        kind=Kind.RESIDUAL_RMS_NORM,
        outputs=_with_residual,
    ),
    declare(
        "_C::dynamic_per_token_scaled_fp8_quant",
        "result! input scales! scale_ub",
        kind=Kind.ROW_QUANTIZATION,
    ),
)
