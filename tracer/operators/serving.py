"""Operators of serving engines and of libraries of kernels beside PyTorch.

Where nothing else is said, schemas are those of vllm-project/vllm (csrc/torch_bindings.cpp, csrc/moe, and
vllm/model_executor), sgl-project/sglang (sgl-kernel/csrc/common_extension.cc) and ROCm/aiter (aiter/ops).
"""

from __future__ import annotations

from functools import partial

from tracer.graph import Op, TensorSpec

from .declaration import declare
from .kinds import Kind
from .shapes import halved, like_input

__all__ = ["OPERATORS"]


def _attended(op: Op) -> tuple[TensorSpec, ...]:
    """As the queries, with as many elements a head as the values, in the queries' format or one of two bytes."""
    query, value = op.inputs[0], op.inputs[2]
    width = value.shape[-1] if len(value.shape) == len(query.shape) else query.shape[-1]
    dtype = "bfloat16" if query.dtype.startswith("float8") else query.dtype
    return (TensorSpec((*query.shape[:-1], width), dtype),)


def _linear(op: Op) -> tuple[TensorSpec, ...]:
    data, weight = op.inputs[:2]
    if data.shape[-1] != weight.shape[-1]:
        raise ValueError("inner extents differ")
    return (TensorSpec((*data.shape[:-1], weight.shape[0]), data.dtype),)


def _multiplied(op: Op) -> tuple[TensorSpec, ...]:
    """Rows of the first operand by columns of the second, whichever way round that lies; two bytes an element."""
    a, b = op.inputs[:2]
    if len(b.shape) != 2 or a.shape[-1] not in b.shape:
        raise ValueError("inner extents differ")
    columns = b.shape[1] if a.shape[-1] == b.shape[0] else b.shape[0]
    return (TensorSpec((*a.shape[:-1], columns), a.dtype if a.itemsize > 1 else "bfloat16"),)


_packed = partial(declare, kind=Kind.PACKED_ATTENTION, outputs=_attended)
_experts = partial(declare, kind=Kind.FUSED_EXPERTS, outputs=like_input, encloses=True)
_product = partial(declare, kind=Kind.PRODUCT, outputs=_multiplied)
_layer = partial(declare, kind=Kind.LINEAR, outputs=_linear, encloses=True)
_rms_norm = partial(declare, kind=Kind.RMS_NORM, outputs=like_input)
_residual = partial(declare, kind=Kind.RESIDUAL_RMS_NORM, outputs=lambda op: op.inputs[:2])
_quantization = partial(declare, kind=Kind.ROW_QUANTIZATION)
_gated = partial(declare, kind=Kind.ELEMENTWISE, outputs=halved)
_elementwise = partial(declare, kind=Kind.ELEMENTWISE, outputs=like_input)
_choice = partial(declare, kind=Kind.SORT)

_FLASH_3 = (
    "q k v k_new v_new q_v out! cu_seqlens_q cu_seqlens_k cu_seqlens_k_new seqused_q seqused_k "
    "max_seqlen_q max_seqlen_k page_table kv_batch_idx leftpad_k rotary_cos rotary_sin seqlens_rotary "
    "q_descale k_descale v_descale softmax_scale is_causal window_size_left window_size_right"
)
_VARLEN = "q k v cu_seqlens_q cu_seqlens_k max_seqlen_q max_seqlen_k dropout_p softmax_scale is_causal"

ATTENTION = (
    # Dao-AILab/flash-attention, flash_attn/flash_attn_interface.py and hopper/flash_api.cpp
    declare(
        "flash_attn::_flash_attn_forward",
        "q k v dropout_p softmax_scale is_causal window_size_left window_size_right",
        kind=Kind.FLASH_ATTENTION,
        outputs=_attended,
        heads_axis=-2,
    ),
    _packed("flash_attn::_flash_attn_varlen_forward", _VARLEN),
    _packed("flash_attn_3::fwd _vllm_fa3_C::fwd sgl_kernel::fwd", _FLASH_3),
    # vllm-project/flash-attention, csrc/common/pytorch_shim.h and csrc/flash_attn/flash_api_torch_lib.cpp
    _packed(
        "_vllm_fa2_C::varlen_fwd",
        "q k v out! cu_seqlens_q cu_seqlens_k seqused_k leftpad_k block_table alibi_slopes max_seqlen_q max_seqlen_k "
        "dropout_p softmax_scale zero_tensors is_causal window_size_left window_size_right",
    ),
    # facebookresearch/xformers, xformers/ops/fmha/flash.py and cutlass.py
    _packed(
        "xformers_flash::flash_fwd xformers_flash3::flash_fwd",
        "query key value cu_seqlens_q cu_seqlens_k seqused_k max_seqlen_q max_seqlen_k p softmax_scale is_causal",
    ),
    declare(
        "xformers::efficient_attention_forward_cutlass",
        "query key value attn_bias seqstart_q seqstart_k max_seqlen_q dropout_p compute_logsumexp custom_mask_type",
        kind=Kind.EFFICIENT_ATTENTION,
        outputs=_attended,
        heads_axis=-2,
    ),
    declare(
        "xformers::efficient_attention_backward_cutlass",
        "grad_out query key value attn_bias",
        kind=Kind.EFFICIENT_ATTENTION_BACKWARD,
        outputs=lambda op: op.inputs[1:4],
        heads_axis=-2,
    ),
    _packed(
        "aiter::mha_varlen_fwd aiter::fmha_v3_varlen_fwd", "q k v cu_seqlens_q cu_seqlens_k max_seqlen_q max_seqlen_k"
    ),
    # Keys in pages: those of the sequences alone are read, of the whole pool that is handed over.
    _packed(
        "_C::paged_attention_v1",
        "out! query key_cache value_cache num_kv_heads scale block_tables seq_lens block_size max_seq_len",
    ),
    _packed(
        "_C::paged_attention_v2",
        "out! exp_sums! max_logits! tmp_out! query key_cache value_cache num_kv_heads scale block_tables seq_lens "
        "block_size max_seq_len",
    ),
    # Layers by their name: how long the sequences are and what lies in the cache is not among the arguments. What they
    # call knows more, and answers where it was recorded.
    _packed("vllm::unified_attention", "query key value layer_name"),
    _packed("vllm::unified_attention_with_output", "query key value output! layer_name"),
)

EXPERTS = (
    _experts(
        "vllm::outplace_fused_experts vllm::inplace_fused_experts sglang::outplace_fused_experts "
        "sglang::inplace_fused_experts",
        "hidden_states w1 w2 topk_weights topk_ids",
    ),
    # What stands for a call whose weights are known by the grids of its kernels (tracer.named.experts).
    _experts("serving::fused_experts", "hidden_states w1 w2 topk_weights topk_ids"),
    _experts("aiter::fused_moe_", "hidden_states w1 w2 topk_weight topk_ids"),
    _choice("_moe_C::topk_softmax", "topk_weights! topk_indices! token_expert_indices! gating_output"),
    _choice("sgl_kernel::topk_softmax aiter::topk_softmax", "topk_weights! topk_ids! gating_output"),
    _choice("_moe_C::grouped_topk sgl_kernel::moe_fused_gate vllm::grouped_topk"),
    _choice("_moe_C::moe_align_block_size sgl_kernel::moe_align_block_size aiter::moe_sorting_fwd"),
    declare("sgl_kernel::moe_sum_reduce", "input output! factor", kind=Kind.REDUCTION, flops=1),
)

PRODUCTS = (
    _product("_C::cutlass_scaled_mm_azp", "result! a b a_scales b_scales"),
    _product("sgl_kernel::fp8_scaled_mm sgl_kernel::int8_scaled_mm", "mat_a mat_b scales_a scales_b out_dtype bias"),
    _product("sgl_kernel::fp8_blockwise_scaled_mm", "mat_a mat_b scales_a scales_b out_dtype"),
    _product("aiter::gemm_a8w8_CK aiter::gemm_a8w8 aiter::gemm_a8w8_blockscale", "XQ WQ x_scale w_scale Out!"),
    _product("aiter::hipb_mm aiter::gemm_a16w16", "mat1 mat2"),
    _layer("vllm::rocm_unquantized_gemm vllm::default_unquantized_gemm", "x weight bias"),
    _layer("vllm::w8a8_triton_block_scaled_mm_func vllm::apply_w8a8_block_fp8_linear", "input weight"),
)

ROWS = (
    _rms_norm("sgl_kernel::rmsnorm sgl_kernel::gemma_rmsnorm", "output! input weight eps"),
    _rms_norm("aiter::rms_norm aiter::rms_norm_cu aiter::rmsnorm", "out! input weight epsilon"),
    _rms_norm("_C::rms_norm_static_fp8_quant", "result! input weight scale epsilon"),
    _residual("sgl_kernel::fused_add_rmsnorm sgl_kernel::gemma_fused_add_rmsnorm", "input residual weight eps"),
    _residual("_C::fused_add_rms_norm_static_fp8_quant", "result! input residual weight scale epsilon"),
    _residual("aiter::rmsnorm2d_fwd_with_add", "out! input residual_in residual_out! weight epsilon"),
    _quantization("_C::dynamic_scaled_fp8_quant _C::dynamic_scaled_int8_quant", "result! input scale!"),
    _quantization("sgl_kernel::sgl_per_token_quant_fp8 sgl_kernel::sgl_per_token_group_quant_fp8", "input output!"),
    _quantization("aiter::dynamic_per_token_scaled_quant", "out! input scales!"),
)

POINTWISE = (
    _gated("sgl_kernel::silu_and_mul aiter::silu_and_mul", "out! input", flops=5, special_ops=1),
    _gated("sgl_kernel::gelu_and_mul sgl_kernel::gelu_tanh_and_mul", "out! input", flops=9, special_ops=1),
    _gated("_C::mul_and_silu _C::fatrelu_and_mul _C::swigluoai_and_mul", "result! input", flops=6, special_ops=1),
    _gated("_C::silu_and_mul_quant", "result! input scale", flops=7, special_ops=1),
    _elementwise("_C::gelu_new _C::gelu_fast _C::gelu_quick", "result! input", flops=8, special_ops=1),
    declare(
        "_C_cache_ops::concat_and_cache_mla",
        "kv_c k_pe kv_cache slot_mapping kv_cache_dtype scale",
        kind=Kind.IN_PLACE_COPY,
        outputs=lambda op: op.inputs[:1],
    ),
)

OPERATORS = (*ATTENTION, *EXPERTS, *PRODUCTS, *ROWS, *POINTWISE)
