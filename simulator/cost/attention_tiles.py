"""Tiles of fused attention kernels by algorithm, head dimension, and the tables that an architecture names."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hw_specs.architecture import AttentionTraits
from hw_specs.tiles import AttentionTiles as TilesByHead
from simulator.kernels import AttentionAlgorithm, AttentionTable

from .hardware import HardwareColumns

__all__ = ["AttentionTiles", "attention_tiles", "matrix_share", "resident_blocks"]

FloatArray = NDArray[np.float64]

#: Groups whose kernels use warp-wide instructions.
_WARP_WIDE = ("flash2", "efficient")


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


#: Two tiles of 128 queries a block, which take turns; one where heads are wide or queries few (FlashAttention-4; cuDNN
#: works alike).
_TWO_TILES, _ONE_TILE = ("flash4", "cudnn_attention"), 128.0
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


def attention_tiles(group: str, table: AttentionTable, traits: AttentionTraits) -> AttentionTiles:
    """Tiles of each kernel of a parameter group on one architecture."""
    if group == "efficient":
        return _efficient_tiles(table, traits)
    rows, columns, warps = _flash_shape(group, table, traits)
    head = np.ceil(table.head_dim / _padding(group)) * _padding(group)
    passes = np.where(table.head_dim > _WIDEST_VALUE, np.ceil(head / _VALUE_SLICE), 1.0)
    loaded = 2.0 * columns * head * table.itemsize
    queries = rows * head * table.itemsize
    warp_wide = group in _WARP_WIDE
    return AttentionTiles(
        rows=rows,
        columns=columns,
        head=head,
        value=head,
        passes=passes,
        storage=loaded + queries,
        side_by_side=np.maximum(np.floor(_FLASH_WARPS / warps), 1.0) if warp_wide else np.ones(len(table)),
        alternating=(rows > _ONE_TILE) | (group not in _TWO_TILES),
        # A warp owns some queries, so each one reads all keys and values; they arrive once.
        shared=(warps + 1.0) * loaded + queries if warp_wide else np.zeros(len(table)),
        fetched=loaded,
    )


def resident_blocks(tiles: AttentionTiles, hardware: HardwareColumns) -> FloatArray:
    """Blocks that fit the shared memory of a core and are no more than its registers allow.

    Shape (num_kernels, num_accelerators).
    """
    fitting = np.floor(hardware.attention_storage / (tiles.storage[:, None] + _RESERVED))
    return np.clip(fitting, 1.0, tiles.side_by_side[:, None])


def matrix_share(group: str, hardware: HardwareColumns) -> FloatArray:
    """Share of the matrix peak that a group's instructions can reach, shape (num_accelerators,). [1]"""
    return hardware.warp_matrix_share if group in _WARP_WIDE else np.ones(len(hardware))


def _flash_shape(
    group: str, table: AttentionTable, traits: AttentionTraits
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Rows, columns and warps of the tiles of a FlashAttention or cuDNN kernel."""
    shape = _lookup(traits.tiles(group), table)
    if group == "flash2":
        paged = table.algorithm == AttentionAlgorithm.FLASH2_PAGED
        shape = np.where(paged, _lookup(traits.tiles("flash2_paged"), table), shape)
    rows, columns, warps = shape
    if group in _TWO_TILES:
        rows = np.where(table.query_length <= _ONE_TILE, np.minimum(rows, _ONE_TILE), rows)
    return rows, columns, warps


def _efficient_tiles(table: AttentionTable, traits: AttentionTraits) -> AttentionTiles:
    """Tiles of the memory-efficient kernel of CUTLASS, which passes the scores through shared memory.

    It stages queries and keys anew for each block of keys. Where the output is wider than a block of keys it is kept
    in memory, in float32, and read and written in every step.
    """
    rows, columns, warps = _lookup(traits.tiles("efficient"), table)
    head = np.ceil(table.head_dim / _STAGE) * _STAGE
    value = np.ceil(table.head_dim / columns) * columns
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


#: Multiple to which kernels pad the head dimension. FlashAttention-2 is compiled for multiples of 32; instructions are
#: 16 deep; the rows of an operand in shared memory are swizzled in 128 B, which FlashAttention-4 fills up.
_PADDING = {"flash2": 32.0, "flash4": 64.0}
_INSTRUCTION_DEPTH = 16.0


def _padding(group: str) -> float:
    return _PADDING.get(group, _INSTRUCTION_DEPTH)
