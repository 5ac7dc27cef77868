"""What the name of a kernel says of its work: products and attention of a number format, streams, collectives.

Libraries write format and tile into the names of their kernels: cuBLAS (``ampere_fp16_s16816gemm_fp16_128x128_...``,
``sm90_xmma_gemm_bf16bf16_...``, ``nvjet_tst_64x64_...``: t is bf16, h fp16, q fp8, s float32), CUTLASS
(``cutlass_80_tensorop_f16_...``), FlashAttention (``flash_fwd_kernel<Flash_fwd_kernel_traits<64, 128, ...
cutlass::bfloat16_t>>``), Composable Kernel and Tensile (``Cijk_Ailk_Bljk_HHS_BH_...``). Kernels of PyTorch and Triton
(``vectorized_elementwise_kernel``, ``triton_poi_fused_...``) say that they go through their data once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["ATTENTION", "COLLECTIVE", "PRODUCT", "STREAM", "NamedWork", "named_work"]

PRODUCT, ATTENTION, STREAM, COLLECTIVE = "product", "attention", "stream", "collective"

# Of several the first that is found.
_KINDS = (
    (
        COLLECTIVE,
        r"nccl|rccl|all_?reduce|all_?gather|reduce_?scatter|all_?to_?all|cross_device_reduce|multimem_|(?:one|two)_?shot",
    ),
    # What lies beside products and attention and has their words in its name.
    (
        STREAM,
        r"finalize|routing|quantize|quant_|expandInput|permut|splitKreduce|reduce_?split|PostGSU|cache_kernel|_cache_|"
        r"combine|merge_?(?:attn_)?states|prepare_varlen|convert_dq|dot_do_o|(?:pre|post)process|metadata|reduce_segments|_stage2|moe_?align|moe_sum|"
        r"top_?k|sorting|causal_conv1d|TensorOpWith|RotaryPos|im2d?2?col|col2im",
    ),
    (ATTENTION, r"flash|fmha|attention|attn_(?:fwd|bwd)|paged_att|KVCacheKernel|^_fwd_(?:grouped_)?kernel|mla_"),
    (
        PRODUCT,
        r"gemm|gemv|dot_kernel|nvjet|Cijk_|xmma|cutlass|tensorop|conv|scudnn|wgrad|dgrad|winograd|splitK|matmul|"
        r"triton_tem|bmm_|fused_moe|fmoe|marlin|machete",
    ),
    (
        STREAM,
        r"elementwise|triton_(?:poi|red|per)_|reduce_kernel|softmax|norm|CatArray|copy|index|gather|embedding|rotary|"
        r"act_and_mul|silu|gelu|transpose|nchwToNhwc|nhwcToNchw|Memcpy|Memset|upsample|bn_(?:fw|bw)|pool|foreach|"
        r"multi_tensor_apply|scatter|rope|cumsum|sort|scan|sampling|fill|quant|cross_entropy|cast|RowwiseMoments|"
        r"(?:loop|input)_\w*fusion|__myl_|epilogue::impl|reduction",
    ),
)
# A library of kernels of all kinds, whose name is no word for one.
_LIBRARY = re.compile(r"flashinfer")
_PATTERNS = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _KINDS)
# Formats that kernels multiply in, narrow ones first: accumulators are named beside operands.
_FORMATS = (
    ("fp8", re.compile(r"e4m3|e5m2|fp8|nvjet_(?:sm\d+_)?q", re.IGNORECASE)),
    ("int8", re.compile(r"(?<![a-z])i8|int8|imma|s8", re.IGNORECASE)),
    ("bf16", re.compile(r"bf16|bfloat16|_BBS_|nvjet_(?:sm\d+_)?t", re.IGNORECASE)),
    ("fp16", re.compile(r"(?<!b)f16|fp16|half|h16816|h1688|_HHS_|_HSS_|hgemm|nvjet_(?:sm\d+_)?h", re.IGNORECASE)),
    ("tf32", re.compile(r"tf32|s1688gemm|nvjet_(?:sm\d+_)?s", re.IGNORECASE)),
    ("fp32", re.compile(r"sgemm|scudnn|f32f32|<float|_SB_|fp32", re.IGNORECASE)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedWork:
    """Work of a kernel as far as its name tells it.

    Attributes
    ----------
    kind : str
        :data:`PRODUCT`, :data:`ATTENTION`, :data:`STREAM` or :data:`COLLECTIVE`; empty where the name tells nothing.
    number_format : str
        That it multiplies in; empty where the name does not tell or the kernel multiplies nothing.
    """

    kind: str
    number_format: str


def named_work(name: str) -> NamedWork:
    """Work that a kernel's name tells."""
    words = _LIBRARY.sub("", name)
    kind = next((kind for kind, pattern in _PATTERNS if pattern.search(words)), "")
    if kind not in (PRODUCT, ATTENTION):
        return NamedWork(kind=kind, number_format="")
    return NamedWork(kind=kind, number_format=next((f for f, pattern in _FORMATS if pattern.search(name)), ""))
