"""Tiles of fused attention kernels by algorithm, head dimension, and the tables that an architecture names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hw_specs.architecture import AttentionKernel, AttentionTraits
from hw_specs.tiles import AttentionTiles as TilesByHead
from simulator.cost.hardware import HardwareColumns
from simulator.kernels import AttentionAlgorithm, AttentionTable

__all__ = [
    "AITER",
    "CK",
    "CUDNN",
    "EFFICIENT",
    "FLASH2",
    "FLASH3",
    "FLASH4",
    "TRTLLM",
    "AttentionTiles",
    "FusedKernel",
    "attention_tiles",
    "matrix_share",
    "resident_blocks",
]

FloatArray = NDArray[np.float64]

#: Depth of the matrix instructions, to which kernels pad the head dimension unless they say otherwise. [1]
INSTRUCTION_DEPTH = 16.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FusedKernel:
    """How a library writes its fused attention.

    Attributes
    ----------
    name : str
        Of its tiles in the traits of an architecture.
    paged : str or None
        Of the tiles with which it reads a paged cache.
    padding : float
        Multiple to which it pads the head dimension. [1]
    warp_wide : bool
        Whether warps multiply by themselves, with operands that each of them reads from shared memory.
    holds_queries : bool
        Whether its queries stay in registers, where others read them from shared memory in each step.
    two_tiles : bool
        Whether a block has two tiles of queries, which take turns.
    stages_scores : bool
        Whether the scores pass through shared memory.
    packs_heads : bool
        Whether query heads of one key head share a tile for any number of queries, and not for single ones alone.
    split_queries : float
        Most queries with which it splits the keys over blocks. [1]
    """

    name: AttentionKernel
    paged: AttentionKernel | None = None
    padding: float = INSTRUCTION_DEPTH
    warp_wide: bool = False
    holds_queries: bool = False
    two_tiles: bool = False
    stages_scores: bool = False
    packs_heads: bool = False
    split_queries: float


# FlashAttention-2 is compiled for head dimensions that are multiples of 32; it and cuDNN split the keys for a tile of
# queries (decoding), newer ones for any number.
FLASH2 = FusedKernel(name="flash2", paged="flash2_paged", padding=32.0, warp_wide=True, split_queries=64.0)
EFFICIENT = FusedKernel(name="efficient", warp_wide=True, stages_scores=True, split_queries=0.0)
FLASH3 = FusedKernel(name="flash3", packs_heads=True, split_queries=np.inf)
# Rows of an operand in shared memory are swizzled in 128 B, which FlashAttention-4 fills up.
FLASH4 = FusedKernel(name="flash4", padding=64.0, two_tiles=True, split_queries=np.inf)
CUDNN = FusedKernel(name="cudnn_attention", two_tiles=True, split_queries=64.0)
TRTLLM = FusedKernel(name="trtllm", two_tiles=True, split_queries=64.0)
# Wavefronts multiply by themselves, and split the keys for a tile of queries (splitkv of both).
CK = FusedKernel(name="ck", padding=32.0, warp_wide=True, holds_queries=True, split_queries=64.0)
AITER = FusedKernel(name="aiter", padding=32.0, warp_wide=True, holds_queries=True, split_queries=64.0)


class AttentionTiles(NamedTuple):
    """Tiles as columns of shape (num_kernels,).

    Attributes
    ----------
    rows, columns : array
        Queries and keys of one step.
    head, value : array
        Head dimension as the products of queries and keys, and of scores and values, pad it.
    passes : array
        Times that the scores are computed, once for each slice of the values.
    storage : array
        Shared memory of one thread block, zero where a block has a core to itself. [B]
    side_by_side : array
        Most thread blocks that one core runs side by side, as their registers allow.
    alternating : array of bool
        Whether there is something to multiply while scores are exponentiated: other warps, or another tile of queries.
    shared : array
        Traffic of one step with shared memory that the rate of the matrix units does not cover. [B]
    fetched : array
        What one step fetches from the L2. [B]
    operands : array
        Operands that the warps of a block read in one step, where kernels stage scores; zero for others. [1]
    """

    rows: FloatArray
    columns: FloatArray
    head: FloatArray
    value: FloatArray
    passes: FloatArray
    storage: FloatArray
    side_by_side: FloatArray
    alternating: NDArray[np.bool_]
    shared: FloatArray
    fetched: FloatArray
    operands: FloatArray


#: Queries of one of two tiles; blocks have one where heads are wide or queries few.
_ONE_TILE = 128.0
#: Shared memory that the system takes of each block. [B]
_RESERVED = 1024.0

#: Queries and keys of one warp's tile in the memory-efficient kernel, and depth of a stage of its operands.
_WARP_TILE, _STAGE = 32, 32
#: Warps of a core for which that kernel is compiled (getWarpsPerSmFw in kernel_forward.h).
_EFFICIENT_WARPS = 16
#: Warps of a core whose registers suffice for output and scores of a tile, 255 a thread.
_FLASH_WARPS = 8

#: Widest slice of the values whose output fits the registers or tensor memory beside the scores, for heads over 256.
_VALUE_SLICE = 128
_WIDEST_VALUE = 256


def attention_tiles(kernel: FusedKernel, table: AttentionTable, traits: AttentionTraits) -> AttentionTiles:
    """Tiles with which a library's kernel runs each call on one architecture."""
    if kernel.stages_scores:
        return _staging_tiles(kernel, table, traits)
    rows, columns, warps = _flash_shape(kernel, table, traits)
    head, value = (np.ceil(dim / kernel.padding) * kernel.padding for dim in (table.head_dim, table.value_dim))
    passes = np.where(table.value_dim > _WIDEST_VALUE, np.ceil(value / _VALUE_SLICE), 1.0)
    loaded = columns * (head + value) * table.itemsize * table.key_share
    queries = rows * head * table.itemsize
    return AttentionTiles(
        rows=rows,
        columns=columns,
        head=head,
        value=value,
        passes=passes,
        storage=loaded + queries,
        side_by_side=np.maximum(np.floor(_FLASH_WARPS / warps), 1.0) if kernel.warp_wide else np.ones(len(table)),
        alternating=(rows > _ONE_TILE) | (not kernel.two_tiles),
        # A warp owns some queries, so each one reads all keys and values; they arrive once.
        shared=(warps + 1.0) * loaded + (0.0 if kernel.holds_queries else queries)
        if kernel.warp_wide
        else np.zeros(len(table)),
        fetched=loaded,
        operands=np.zeros(len(table)),
    )


def resident_blocks(tiles: AttentionTiles, hardware: HardwareColumns) -> FloatArray:
    """Blocks that fit the shared memory of a core and are no more than its registers allow.

    Shape (num_kernels, num_accelerators).
    """
    fitting = np.floor(hardware.attention_storage / (tiles.storage[:, None] + _RESERVED))
    return np.clip(fitting, 1.0, tiles.side_by_side[:, None])


def matrix_share(kernel: FusedKernel, hardware: HardwareColumns) -> FloatArray:
    """Share of the matrix peak that a kernel's instructions can reach, shape (num_accelerators,). [1]"""
    return hardware.warp_matrix_share if kernel.warp_wide else np.ones(len(hardware))


def _flash_shape(
    kernel: FusedKernel, table: AttentionTable, traits: AttentionTraits
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Rows, columns and warps of the tiles of a FlashAttention or cuDNN kernel."""
    shape = _lookup(traits.tiles(kernel.name), table)
    if kernel.paged is not None:
        paged = table.algorithm == AttentionAlgorithm.FLASH2_PAGED
        shape = np.where(paged, _lookup(traits.tiles(kernel.paged), table), shape)
    rows, columns, warps = shape
    if kernel.two_tiles:
        rows = np.where(table.query_length <= _ONE_TILE, np.minimum(rows, _ONE_TILE), rows)
    return rows, columns, warps


def _staging_tiles(kernel: FusedKernel, table: AttentionTable, traits: AttentionTraits) -> AttentionTiles:
    """Tiles of a kernel that passes the scores through shared memory, as the memory-efficient one of CUTLASS does.

    It stages queries and keys anew for each block of keys. Where the output is wider than a block of keys it is kept
    in memory, in float32, and read and written in every step.
    """
    rows, columns, warps = _lookup(traits.tiles(kernel.name), table)
    head = np.ceil(table.head_dim / _STAGE) * _STAGE
    value = np.ceil(table.value_dim / columns) * columns
    scores, item = rows * columns, table.itemsize
    staged = (rows + columns) * head + columns * value
    operands = scores * (head + value) * 2.0 / _WARP_TILE
    return AttentionTiles(
        rows=rows,
        columns=columns,
        head=head,
        value=value,
        passes=np.ones(len(table)),
        storage=(scores + 2.0 * _STAGE * (rows + columns)) * item,
        side_by_side=np.maximum(np.floor(_EFFICIENT_WARPS / warps), 1.0),
        alternating=np.ones(len(table), dtype=np.bool_),
        shared=(staged + operands + scores) * item,
        fetched=staged * item + np.where(value > columns, 8.0 * rows * value, 0.0),
        operands=operands,
    )


def _lookup(tiles: TilesByHead, table: AttentionTable) -> FloatArray:
    """Rows, columns and warps of the tile of each kernel, shape (3, num_kernels)."""
    limits = np.array([np.inf if tile.head is None else tile.head for tile in tiles.by_head])
    plain = np.array([(t.rows, t.columns, t.warps) for t in tiles.by_head], dtype=np.float64)
    causal = np.array(
        [(t.causal_rows or t.rows, t.causal_columns or t.columns, t.warps) for t in tiles.by_head], dtype=np.float64
    )
    found = np.searchsorted(limits, table.head_dim)
    shape: FloatArray = np.where(table.causal[:, None], causal[found], plain[found]).T
    return shape
