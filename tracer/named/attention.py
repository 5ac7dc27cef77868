"""Fused attention by head dimension and tile, which are template arguments; the number of keys is open.

FlashAttention-2 launches a block for each tile of queries, sample and head (``flash_fwd_kernel<Flash_fwd_kernel_traits<
head_dim, queries, keys ...>``, csrc/flash_attn/src/flash_fwd_launch_template.h), the memory-efficient kernel of PyTorch
one for each tile, head and sample (``fmha_cutlassF_bf16_aligned_64x128_rf_sm80``), cuDNN names tiles and dimension
(``sdpa_sm90_flash_fprop_wgmma_f16_knob_7_64x128x128``). A causal kernel with a block for each tile of queries attends
to as many keys as there are queries. Kernels that decode have one query and all heads of all sequences in their grids.
"""

from __future__ import annotations

import re
from functools import partial

from tracer.events.kernel_names import ATTENTION, named_work
from tracer.graph import Op, TensorSpec, attributes_from

from .formats import element_dtype, multiplied_dtype
from .kernel import Grid, NamedKernel, blocks_of

__all__ = ["attention", "attention_operator"]

_HEAD_DIMS = (
    r"kernel_traits<(\d+), (\d+), \d+",
    r"sdpa_\w*?_(?P<queries>\d+)x\d+x(?P<dim>\d+)_",
    r"fmha_v2\w*?_(?P<queries>\d+)_\d+_S_\w*?(?P<dim>\d+)_",
    r"tuple<cute::C<(?P<queries>\d\d+)>, ?cute::C<\d+>, ?cute::C<(?P<dim>\d\d+)>",
    r"fmha_cutlass[FB]_\w+?_(?P<queries>\d+)x(?P<dim>\d+)_",
    r"AttentionKernel<[^<>]*?, (?:true|false), (?P<queries>\d+), \d+, (?P<dim>\d+)",
    r"(?:hd|hdim|[a-z0-9]H|headdim_?|head_?size_?|_d)(?P<dim>64|80|96|128|192|256)(?!\d)",
    r"(?:paged|mmha|masked)\w*<[^<>]*?, (?P<dim>64|80|96|128|192|256),",
)
_PATTERNS = tuple(re.compile(pattern) for pattern in _HEAD_DIMS)
_DIM, _QUERIES = 128, 128
_DECODING = re.compile(
    r"split_?kv|decode|mmha|masked_multihead|paged_attention_v\d|paged_attention_ll4mi|unified_attention_[23]d|stage1|"
    r"flash_?mla|mla_|kernel_paged|_grouped_kernel",
    re.IGNORECASE,
)
_CAUSAL = re.compile(r"flash_fwd_kernel<.*?>, (?:true|false), (?P<flag>true|false)|(?P<word>causal)", re.IGNORECASE)
_BACKWARD = re.compile(r"bwd|backward|bprop|cutlassB", re.IGNORECASE)
_BLOCK_PER_TILE = re.compile(r"flash_fwd_kernel|fmha_cutlassF|AttentionKernel<|sdpa_")
_MOST = 1 << 20
_FLASH = ("flash", re.compile(r"pytorch_flash|flash_fwd_(?:splitkv_)?kernel"))
_LIBRARIES = (("efficient", re.compile(r"fmha_cutlass|AttentionKernel<")), ("cudnn", re.compile(r"cudnn|sdpa_")))


def attention(name: str, grid: Grid) -> NamedKernel | None:
    """Attention with an open number of keys; None where the name is of none."""
    if named_work(name).kind != ATTENTION:
        return None
    dim, tile = _tile(name)
    dtype = _dtype(name)
    if _DECODING.search(name):
        build = partial(_decoded, blocks_of(grid), dim, dtype)
        return NamedKernel(build=build, most=_MOST)
    causal = _is_causal(name)
    library = next((library for library, pattern in _LIBRARIES if pattern.search(name)), "flash")
    if _BACKWARD.search(name):
        return NamedKernel(build=partial(_trained, grid[1] * grid[2], dim, dtype, library, causal), most=_MOST)
    if not _BLOCK_PER_TILE.search(name):
        return NamedKernel(build=partial(_alike, grid[1] * grid[2], dim, dtype, library, causal), most=_MOST)
    queries = grid[0] * tile
    build = partial(_attended, grid[1] * grid[2], queries, dim, dtype, library, causal)
    return NamedKernel(build=build, size=queries if causal else None, most=_MOST)


def attention_operator(name: str) -> str:
    """Operator that launches a kernel of PyTorch's fused attention; empty where its name is of none."""
    if _BACKWARD.search(name) or named_work(name).kind != ATTENTION:
        return ""
    library = next((library for library, pattern in (*_LIBRARIES, _FLASH) if pattern.search(name)), "")
    return f"aten::_scaled_dot_product_{library}_attention" if library else ""


def _tile(name: str) -> tuple[int, int]:
    """Head dimension, and queries of a tile."""
    found = next((match for pattern in _PATTERNS if (match := pattern.search(name))), None)
    if found is None:
        return _DIM, _QUERIES
    groups = found.groupdict()
    if not groups:
        return int(found[1]), int(found[2])
    return int(groups["dim"]), int(groups.get("queries") or _QUERIES)


def _dtype(name: str) -> str:
    """Of the operands: what the name says the kernel multiplies in, else the first type in it; two bytes at least."""
    found = multiplied_dtype(name) if named_work(name).number_format else element_dtype(name)
    return found if found in ("float16", "bfloat16", "float32") else "bfloat16"


def _is_causal(name: str) -> bool:
    found = _CAUSAL.search(name)
    return bool(found) and (found["flag"] == "true" if found["flag"] else True)  # type: ignore[index]


def _attended(pairs: int, queries: int, dim: int, dtype: str, library: str, causal: bool, keys: int) -> Op:
    query, key = TensorSpec((1, pairs, queries, dim), dtype), TensorSpec((1, pairs, keys, dim), dtype)
    return Op(
        f"aten::_scaled_dot_product_{library}_attention",
        (query, key, key),
        (query,),
        attributes_from({"is_causal": causal}),
    )


def _alike(pairs: int, dim: int, dtype: str, library: str, causal: bool, length: int) -> Op:
    """As many keys as queries, neither of which is known."""
    return _attended(pairs, length, dim, dtype, library, causal, length)


def _decoded(pairs: int, dim: int, dtype: str, keys: int) -> Op:
    query, key = TensorSpec((1, pairs, 1, dim), dtype), TensorSpec((1, pairs, keys, dim), dtype)
    return Op("serving::paged_attention", (query, key, key), (query,))


def _trained(pairs: int, dim: int, dtype: str, library: str, causal: bool, length: int) -> Op:
    data = TensorSpec((1, pairs, length, dim), dtype)
    sums = TensorSpec((1, pairs, length), "float32")
    return Op(
        f"aten::_scaled_dot_product_{library}_attention_backward",
        (data, data, data, data, data, sums),
        (data, data, data),
        attributes_from({"is_causal": causal}),
    )
