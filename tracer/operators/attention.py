"""Attention as one operator, the kernels beneath it, and rotary embedding."""

from __future__ import annotations

from functools import partial

from tracer.graph import Op, TensorSpec

from .declaration import declare
from .kinds import Kind

__all__ = ["OPERATORS"]


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


def _length_first_attention(op: Op) -> tuple[TensorSpec, ...]:
    query, _, value = op.inputs[:3]
    return (TensorSpec((*query.shape[:-1], value.shape[-1]), query.dtype),)


def _attention_gradients(op: Op) -> tuple[TensorSpec, ...]:
    """Of query, key and value, which come after the output's gradient."""
    return tuple(TensorSpec(t.shape, t.dtype, t.strides) for t in op.inputs[1:4])


def _rotated(op: Op) -> tuple[TensorSpec, ...]:
    """Query and key are rotated in place; a call may come without keys."""
    return op.inputs[1:-1]


_heads_first = partial(declare, outputs=_attention)
# Kernels that take (batch, length, heads, dim) rather than (batch, heads, length, dim).
_length_first = partial(declare, outputs=_length_first_attention, heads_axis=-2)

_gradients = partial(declare, outputs=_attention_gradients, encloses=True)

OPERATORS = (
    _heads_first(
        "scaled_dot_product_attention",
        "query key value attn_mask dropout_p is_causal scale enable_gqa",
        kind=Kind.ATTENTION,
    ),
    _heads_first(
        "_scaled_dot_product_attention_math",
        "query key value attn_mask dropout_p is_causal dropout_mask scale enable_gqa",
        kind=Kind.SEPARATE_ATTENTION,
    ),
    _heads_first(
        "_scaled_dot_product_flash_attention",
        "query key value dropout_p is_causal return_debug_mask scale",
        kind=Kind.FLASH_ATTENTION,
    ),
    _heads_first(
        "_scaled_dot_product_flash_attention_for_cpu",
        "query key value dropout_p is_causal attn_mask scale",
        kind=Kind.FLASH_ATTENTION,
    ),
    _heads_first(
        "_scaled_dot_product_efficient_attention",
        "query key value attn_bias compute_log_sumexp dropout_p is_causal scale",
        kind=Kind.EFFICIENT_ATTENTION,
    ),
    _heads_first(
        "_scaled_dot_product_cudnn_attention",
        "query key value attn_bias compute_log_sumexp dropout_p is_causal return_debug_mask scale",
        kind=Kind.CUDNN_ATTENTION,
    ),
    _heads_first(
        "_scaled_dot_product_fused_attention_overrideable",
        "query key value attn_bias dropout_p is_causal return_debug_mask scale",
        kind=Kind.FLASH_ATTENTION,
    ),
    _length_first(
        "_flash_attention_forward",
        "query key value cum_seq_q cum_seq_k max_q max_k dropout_p is_causal return_debug_mask scale",
        kind=Kind.FLASH_ATTENTION,
    ),
    _length_first(
        "_efficient_attention_forward",
        "query key value bias cu_seqlens_q cu_seqlens_k max_seqlen_q max_seqlen_k dropout_p custom_mask_type",
        kind=Kind.EFFICIENT_ATTENTION,
    ),
    _gradients(
        "_scaled_dot_product_flash_attention_backward",
        "grad_out query key value out logsumexp cum_seq_q cum_seq_k max_q max_k dropout_p is_causal",
        kind=Kind.FLASH_ATTENTION_BACKWARD,
    ),
    _gradients(
        "_scaled_dot_product_flash_attention_for_cpu_backward",
        "grad_out query key value out logsumexp dropout_p is_causal attn_mask scale",
        kind=Kind.FLASH_ATTENTION_BACKWARD,
    ),
    _gradients(
        "_scaled_dot_product_fused_attention_overrideable_backward",
        "grad_out query key value attn_bias grad_input_mask out logsumexp cum_seq_q cum_seq_k max_q max_k dropout_p "
        "is_causal",
        kind=Kind.FLASH_ATTENTION_BACKWARD,
    ),
    _gradients(
        "_scaled_dot_product_efficient_attention_backward",
        "grad_out_ query key value attn_bias out logsumexp philox_seed philox_offset dropout_p grad_input_mask "
        "is_causal",
        kind=Kind.EFFICIENT_ATTENTION_BACKWARD,
    ),
    _gradients(
        "_scaled_dot_product_cudnn_attention_backward",
        "grad_out query key value out logsumexp philox_seed philox_offset attn_bias cum_seq_q cum_seq_k max_q max_k "
        "dropout_p is_causal scale",
        kind=Kind.CUDNN_ATTENTION_BACKWARD,
    ),
    _gradients(
        "_flash_attention_backward",
        "grad_out query key value out logsumexp cum_seq_q cum_seq_k max_q max_k dropout_p is_causal",
        kind=Kind.FLASH_ATTENTION_BACKWARD,
        heads_axis=-2,
    ),
    _gradients(
        "_efficient_attention_backward",
        "grad_out_ query key value bias out cu_seqlens_q cu_seqlens_k max_seqlen_q max_seqlen_k logsumexp dropout_p "
        "philox_seed philox_offset custom_mask_type",
        kind=Kind.EFFICIENT_ATTENTION_BACKWARD,
        heads_axis=-2,
    ),
    # Dao-AILab/flash-attention, flash_attn/flash_attn_interface.py
    _gradients(
        "flash_attn::_flash_attn_backward",
        "dout q k v out softmax_lse dq! dk! dv! dropout_p softmax_scale is_causal",
        kind=Kind.FLASH_ATTENTION_BACKWARD,
        heads_axis=-2,
    ),
    # What the tracer writes for the backward pass of attention whose kernel the framework chooses.
    _gradients("training::attention_backward", "grad_out query key value out is_causal", kind=Kind.ATTENTION_BACKWARD),
    # What the tracer writes for the attention of a serving engine: keys and values as long as they are read.
    _heads_first("serving::paged_attention", "query key value is_causal scale", kind=Kind.PAGED_ATTENTION),
    # ROCm/aiter, aiter/ops/mha.py
    _length_first(
        "aiter::fmha_v3_fwd aiter::mha_fwd",
        "q k v dropout_p softmax_scale is_causal window_size_left window_size_right",
        kind=Kind.FLASH_ATTENTION,
    ),
    # vllm-project/vllm, csrc/torch_bindings.cpp
    declare(
        "_C::rotary_embedding",
        "positions query key head_size cos_sin_cache is_neox",
        kind=Kind.ROTARY,
        outputs=_rotated,
    ),
)
