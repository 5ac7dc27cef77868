"""Names of operator arguments by position, for sources that give positions only.

From ATen's schemas (``aten/src/ATen/native/native_functions.yaml``, PyTorch 2.7). Only operators whose cost depends
on an argument that is not a tensor are listed, and those with an ``out=`` form whose last tensor is the result.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["argument_names"]

_CONVOLUTION = "input weight bias stride padding dilation transposed output_padding groups"
_CONV_ND = "input weight bias stride padding dilation groups"
_CONV_TRANSPOSE = "input weight bias stride padding output_padding groups dilation"
_POOL = "self kernel_size stride padding ceil_mode count_include_pad"
_MAX_POOL = "self kernel_size stride padding dilation ceil_mode"
_REDUCE = "self dim keepdim dtype"
_DEVIATION = "self dim correction keepdim"
_FILLED = "size fill_value dtype layout device pin_memory"
_SIZED = "size dtype layout device pin_memory"

_SIGNATURES: Mapping[str, str] = {
    "convolution": _CONVOLUTION,
    "_convolution": _CONVOLUTION + " benchmark deterministic cudnn_enabled allow_tf32",
    "convolution_overrideable": _CONVOLUTION,
    "cudnn_convolution": "self weight padding stride dilation groups benchmark deterministic allow_tf32",
    "cudnn_convolution_transpose": (
        "self weight padding output_padding stride dilation groups benchmark deterministic allow_tf32"
    ),
    "cudnn_convolution_add_relu": "self weight z alpha bias stride padding dilation groups",
    "miopen_convolution": "self weight bias padding stride dilation groups benchmark deterministic",
    "mkldnn_convolution": "self weight bias padding stride dilation groups",
    "thnn_conv2d": "self weight kernel_size bias stride padding",
    "_slow_conv2d_forward": "self weight kernel_size bias stride padding",
    "slow_conv3d": "self weight kernel_size bias stride padding",
    "slow_conv3d_forward": "self weight kernel_size bias stride padding",
    "_conv_depthwise2d": "self weight kernel_size bias stride padding dilation",
    "conv1d": _CONV_ND,
    "conv2d": _CONV_ND,
    "conv3d": _CONV_ND,
    "conv_transpose1d": _CONV_TRANSPOSE,
    "conv_transpose2d": _CONV_TRANSPOSE,
    "conv_transpose3d": _CONV_TRANSPOSE,
    "mm": "self mat2",
    "bmm": "self mat2",
    "matmul": "self other",
    "mv": "self vec",
    "dot": "self tensor",
    "linear": "input weight bias",
    "addmm": "self mat1 mat2 beta alpha",
    "baddbmm": "self batch1 batch2 beta alpha",
    "addbmm": "self batch1 batch2 beta alpha",
    "addmv": "self mat vec beta alpha",
    "_addmm_activation": "self mat1 mat2 beta alpha use_gelu",
    "_scaled_mm": "self mat2 scale_a scale_b bias scale_result out_dtype use_fast_accum",
    "scaled_dot_product_attention": "query key value attn_mask dropout_p is_causal scale enable_gqa",
    "_scaled_dot_product_attention_math": (
        "query key value attn_mask dropout_p is_causal dropout_mask scale enable_gqa"
    ),
    "_scaled_dot_product_flash_attention": "query key value dropout_p is_causal return_debug_mask scale",
    "_scaled_dot_product_flash_attention_for_cpu": "query key value dropout_p is_causal attn_mask scale",
    "_scaled_dot_product_efficient_attention": (
        "query key value attn_bias compute_log_sumexp dropout_p is_causal scale"
    ),
    "_scaled_dot_product_cudnn_attention": (
        "query key value attn_bias compute_log_sumexp dropout_p is_causal return_debug_mask scale"
    ),
    "_scaled_dot_product_fused_attention_overrideable": (
        "query key value attn_bias dropout_p is_causal return_debug_mask scale"
    ),
    "_flash_attention_forward": (
        "query key value cum_seq_q cum_seq_k max_q max_k dropout_p is_causal return_debug_mask scale"
    ),
    "_efficient_attention_forward": (
        "query key value bias cu_seqlens_q cu_seqlens_k max_seqlen_q max_seqlen_k dropout_p custom_mask_type"
    ),
    "_softmax": "self dim half_to_float",
    "softmax": "self dim dtype",
    "_safe_softmax": "self dim dtype",
    "_log_softmax": "self dim half_to_float",
    "log_softmax": "self dim dtype",
    "native_layer_norm": "input normalized_shape weight bias eps",
    "layer_norm": "input normalized_shape weight bias eps cudnn_enable",
    "rms_norm": "input normalized_shape weight eps",
    "_fused_rms_norm": "input normalized_shape weight eps",
    "native_group_norm": "input weight bias N C HxW group eps",
    "group_norm": "input num_groups weight bias eps cudnn_enabled",
    "cat": "tensors dim",
    "stack": "tensors dim",
    "constant_pad_nd": "self pad value",
    "pad": "self pad mode value",
    **dict.fromkeys((f"{kind}_pad{n}d" for kind in ("reflection", "replication") for n in (1, 2, 3)), "self padding"),
    "repeat": "self repeats",
    "repeat_interleave": "self repeats dim",
    "expand": "self size implicit",
    "view": "self size",
    "reshape": "self shape",
    "_unsafe_view": "self size",
    "permute": "self dims",
    "transpose": "self dim0 dim1",
    "unsqueeze": "self dim",
    "select": "self dim index",
    "slice": "self dim start end step",
    "roll": "self shifts dims",
    "flip": "self dims",
    "clone": "self memory_format",
    "contiguous": "self memory_format",
    "_to_copy": "self dtype layout device pin_memory non_blocking memory_format",
    "copy_": "self src non_blocking",
    "embedding": "weight indices padding_idx scale_grad_by_freq sparse",
    "index_select": "self dim index",
    "gather": "self dim index sparse_grad",
    "mean": _REDUCE,
    "sum": _REDUCE,
    "prod": _REDUCE,
    "amax": "self dim keepdim",
    "amin": "self dim keepdim",
    "argmax": "self dim keepdim",
    "argmin": "self dim keepdim",
    "max": "self dim keepdim",
    "min": "self dim keepdim",
    "any": "self dim keepdim",
    "all": "self dim keepdim",
    "logsumexp": "self dim keepdim",
    "var": _DEVIATION,
    "std": _DEVIATION,
    "var_mean": _DEVIATION,
    "std_mean": _DEVIATION,
    "norm": "self p dim keepdim",
    "linalg_vector_norm": "self ord dim keepdim dtype",
    "cumsum": "self dim dtype",
    "cumprod": "self dim dtype",
    "sort": "self dim descending",
    "argsort": "self dim descending",
    "topk": "self k dim largest sorted",
    "multinomial": "self num_samples replacement",
    "glu": "self dim",
    "tril": "self diagonal",
    "triu": "self diagonal",
    **dict.fromkeys(
        (f"{k}{n}d" for k in ("upsample_nearest", "_upsample_nearest_exact") for n in (1, 2, 3)),
        "self output_size scales",
    ),
    **dict.fromkeys(
        (
            "upsample_linear1d",
            "upsample_bilinear2d",
            "upsample_trilinear3d",
            "upsample_bicubic2d",
            "_upsample_bilinear2d_aa",
            "_upsample_bicubic2d_aa",
        ),
        "self output_size align_corners scales",
    ),
    "avg_pool1d": _POOL,
    **dict.fromkeys(("avg_pool2d", "avg_pool3d"), _POOL + " divisor_override"),
    **dict.fromkeys(("max_pool2d_with_indices", "max_pool2d", "max_pool3d_with_indices"), _MAX_POOL),
    **dict.fromkeys(
        ("_adaptive_avg_pool2d", "_adaptive_avg_pool3d", "adaptive_avg_pool1d", "adaptive_avg_pool2d"),
        "self output_size",
    ),
    "pixel_shuffle": "self upscale_factor",
    "pixel_unshuffle": "self downscale_factor",
    "full": _FILLED,
    **dict.fromkeys(("zeros", "ones", "rand", "randn", "empty"), _SIZED),
    "new_zeros": "self size",
    "new_ones": "self size",
    "new_full": "self size fill_value",
}
_AITER_ATTENTION = "q k v dropout_p softmax_scale is_causal window_size_left window_size_right"
_PAGED_CACHE = "key value key_cache value_cache slot_mapping kv_cache_dtype k_scale v_scale"
# Signatures by operators' full names; kernels of other projects that runs of this kind call. An argument with an
# exclamation mark is a result that the caller provides.
_FOREIGN: Mapping[str, str] = {
    # ROCm/aiter, aiter/ops/mha.py, groupnorm.py and rmsnorm.py
    **dict.fromkeys(("aiter::fmha_v3_fwd", "aiter::mha_fwd"), _AITER_ATTENTION),
    "aiter::_groupnorm_run": "input num_groups weight bias eps",
    "aiter::rmsnorm2d_fwd": "input weight epsilon",
    "aiter::layernorm2d_fwd": "input weight bias epsilon",
    # vllm-project/vllm, csrc/torch_bindings.cpp
    "_C::rms_norm": "result! input weight epsilon",
    "_C::fused_add_rms_norm": "input residual weight epsilon",
    "_C::rotary_embedding": "positions query key head_size cos_sin_cache is_neox",
    "_C::static_scaled_fp8_quant": "result! input scale",
    "_C::dynamic_per_token_scaled_fp8_quant": "result! input scales! scale_ub",
    **dict.fromkeys(("_C::silu_and_mul", "_C::gelu_and_mul", "_C::gelu_tanh_and_mul"), "result! input"),
    "_C::cutlass_scaled_mm": "result! a b a_scales b_scales bias",
    **dict.fromkeys(("_C_cache_ops::reshape_and_cache_flash", "_C_cache_ops::reshape_and_cache"), _PAGED_CACHE),
    "_moe_C::moe_sum": "input result!",
}


def argument_names(operator: str) -> tuple[str, ...]:
    """Names of an operator's arguments in order; empty for one that is not listed.

    Parameters
    ----------
    operator : str
        Full name: ``aten::addmm``. An in-place form (``aten::fill_``) has the names of the form that is listed.
    """
    if operator in _FOREIGN:
        return tuple(_FOREIGN[operator].split())
    name = operator.removeprefix("aten::")
    if name == operator:
        return ()
    signature = _SIGNATURES.get(name) or _SIGNATURES.get(name.removesuffix("_"), "")
    return tuple(signature.split())
