"""Tiles of fused attention kernels by algorithm, architecture and head dimension."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import AttentionAlgorithm, AttentionTable

__all__ = ["AttentionTiles", "attention_tiles", "legacy_matrix_share"]

FloatArray = NDArray[np.float64]

#: Shared memory of one core that blocks can use (CUDA Programming Guide, technical specifications by compute
#: capability); every other architecture counts as Ampere. [B]
_KIB = 1024
_SHARED_MEMORY = {
    "pascal": 64 * _KIB,
    "volta": 96 * _KIB,
    "turing": 64 * _KIB,
    "ampere": 164 * _KIB,
    "ampere_ga10x": 100 * _KIB,
    "ada": 100 * _KIB,
    "hopper": 228 * _KIB,
    "blackwell": 228 * _KIB,
    "blackwell_ultra": 228 * _KIB,
    "blackwell_gb20x": 100 * _KIB,
}
#: Shared memory that the system takes of each block. [B]
_RESERVED = 1 * _KIB
#: Shared memory up to which FlashAttention-2 takes smaller tiles, and from which it takes two small blocks of the
#: widest heads. [B]
_SMALL, _LARGE = 100 * _KIB, 192 * _KIB

#: Share of the matrix peak that warp-wide instructions reach where the peak needs warp-group instructions: they run at
#: the rate of Ampere, 2048 FLOP a clock and core. With parameters fitted on an A100 this gives what is published of
#: FlashAttention-2 on an H100 (Shah et al., "FlashAttention-3", 2024, forward, not causal): 309 to 370 TFLOP/s at head
#: dimension 128, to 4 %, and 298 at 256. Blackwell doubles the rate of its own instructions only (NVIDIA Blackwell
#: tuning guide).
_LEGACY_MATRIX_SHARE = {"hopper": 0.5, "blackwell": 0.25, "blackwell_ultra": 0.25}

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
    resident : array
        Thread blocks that one core runs side by side.
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
    resident: FloatArray
    alternating: NDArray[np.bool_]
    shared: FloatArray
    fetched: FloatArray


#: Head dimension up to which a tile holds, then rows, columns, columns when causal, warps.
_TilesByHead = tuple[tuple[float, int, int, int, int], ...]

#: csrc/flash_attn/src/flash_fwd_launch_template.h of FlashAttention 2.7.
_FLASH2: _TilesByHead = ((64, 128, 128, 128, 4), (128, 128, 64, 64, 4), (np.inf, 128, 64, 64, 8))
#: The same with 228 KiB a core.
_FLASH2_LARGE: _TilesByHead = (
    (64, 128, 128, 128, 4),
    (128, 128, 64, 64, 4),
    (192, 128, 64, 64, 8),
    (np.inf, 64, 64, 64, 4),
)
#: The same with 100 KiB a core.
_FLASH2_SMALL: _TilesByHead = (
    (64, 128, 128, 128, 4),
    (96, 128, 64, 64, 4),
    (128, 128, 32, 64, 4),
    (192, 128, 64, 64, 8),
    (np.inf, 64, 64, 64, 4),
)
#: run_mha_fwd_splitkv_dispatch in the same file, which serves every paged cache.
_FLASH2_PAGED: _TilesByHead = ((64, 64, 256, 256, 4), (128, 64, 128, 128, 4), (np.inf, 64, 64, 64, 4))
#: hopper/tile_size.h; two or three warp groups.
_FLASH3: _TilesByHead = (
    (64, 192, 192, 128, 12),
    (96, 192, 144, 144, 12),
    (128, 128, 176, 128, 8),
    (192, 128, 112, 112, 8),
    (256, 128, 80, 80, 8),
    (np.inf, 64, 80, 80, 8),  # wider heads are of FlashAttention-4; its times fit half the queries
)
#: Two tiles of 128 queries a block, which take turns; one where heads are wide or queries few (FlashAttention-4; cuDNN
#: works alike).
_TWO_TILES, _ONE_TILE = ("flash4", "cudnn_attention"), 128.0
_FLASH4: _TilesByHead = ((128, 256, 128, 128, 8), (np.inf, 128, 128, 128, 8))
#: aten/src/ATen/native/transformers/cuda/mem_eff_attention/kernels/generate_kernels.py (xFormers); warps of 32 x 32.
_EFFICIENT: _TilesByHead = ((64, 64, 64, 64, 4), (128, 64, 128, 128, 8), (np.inf, 32, 128, 128, 4))
_EFFICIENT_BEFORE_AMPERE: _TilesByHead = ((64, 64, 64, 64, 4), (np.inf, 32, 128, 128, 4))
_BEFORE_AMPERE = frozenset({"pascal", "volta", "turing"})

#: Queries and keys of one warp's tile in the memory-efficient kernel, and depth of a stage of its operands.
_WARP_TILE, _STAGE = 32, 32
#: Warps of a core for which that kernel is compiled (getWarpsPerSmFw in kernel_forward.h).
_EFFICIENT_WARPS = 16
#: Warps of a core whose registers suffice for output and scores of a tile, 255 a thread.
_FLASH_WARPS = 8

#: Widest slice of the values whose output fits the registers or tensor memory beside the scores, for heads over 256.
_VALUE_SLICE = 128
_WIDEST_VALUE = 256


def attention_tiles(group: str, table: AttentionTable, architecture: str) -> AttentionTiles:
    """Tiles of each kernel of a parameter group on one architecture."""
    if group == "efficient":
        return _efficient_tiles(table, architecture)
    rows, columns, warps = _flash_shape(group, table, architecture)
    head = np.ceil(table.head_dim / _padding(group)) * _padding(group)
    passes = np.where(table.head_dim > _WIDEST_VALUE, np.ceil(head / _VALUE_SLICE), 1.0)
    loaded = 2.0 * columns * head * table.itemsize
    queries = rows * head * table.itemsize
    warp_wide = group in _WARP_WIDE
    resident = _resident(architecture, loaded + queries, np.floor(_FLASH_WARPS / warps))
    return AttentionTiles(
        rows=rows,
        columns=columns,
        head=head,
        value=head,
        passes=passes,
        resident=resident if warp_wide else np.ones(len(table)),
        alternating=(rows > _ONE_TILE) | (group not in _TWO_TILES),
        # A warp owns some queries, so each one reads all keys and values; they arrive once.
        shared=(warps + 1.0) * loaded + queries if warp_wide else np.zeros(len(table)),
        fetched=loaded,
    )


def _flash_shape(group: str, table: AttentionTable, architecture: str) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Rows, columns and warps of the tiles of a FlashAttention or cuDNN kernel."""
    rows, columns, causal_columns, warps = _lookup(_flash_table(group, architecture), table.head_dim)
    if group == "flash2":
        paged = table.algorithm == AttentionAlgorithm.FLASH2_PAGED
        shorter = (
            (_shared_memory(architecture) <= _SMALL) & table.causal & (table.head_dim > 64) & (table.head_dim <= 128)
        )
        rows = np.where(shorter, 64.0, rows)
        own = (rows, columns, causal_columns, warps)
        rows, columns, causal_columns, warps = (
            np.where(paged, other, tile)
            for other, tile in zip(_lookup(_FLASH2_PAGED, table.head_dim), own, strict=True)
        )
    if group in _TWO_TILES:
        rows = np.where(table.query_length <= _ONE_TILE, np.minimum(rows, _ONE_TILE), rows)
    return rows, np.where(table.causal, causal_columns, columns), warps


def _flash_table(group: str, architecture: str) -> _TilesByHead:
    if group == "flash3":
        return _FLASH3
    if group != "flash2":
        return _FLASH4
    shared = _shared_memory(architecture)
    if shared <= _SMALL:
        return _FLASH2_SMALL
    return _FLASH2_LARGE if shared >= _LARGE else _FLASH2


def _shared_memory(architecture: str) -> int:
    return _SHARED_MEMORY.get(architecture, _SHARED_MEMORY["ampere"])


def _efficient_tiles(table: AttentionTable, architecture: str) -> AttentionTiles:
    """Tiles of the memory-efficient kernel of CUTLASS, which passes the scores through shared memory.

    It stages queries and keys anew for each block of keys. Where the output is wider than a block of keys it is kept
    in memory, in float32, and read and written in every step.
    """
    shapes = _EFFICIENT_BEFORE_AMPERE if architecture in _BEFORE_AMPERE else _EFFICIENT
    rows, columns, _, warps = _lookup(shapes, table.head_dim)
    head = np.ceil(table.head_dim / _STAGE) * _STAGE
    value = np.ceil(table.head_dim / columns) * columns
    scores, item = rows * columns, table.itemsize
    staged = (rows + columns) * head + columns * value
    operands = scores * (head + value) * 2.0 / _WARP_TILE
    storage = (scores + 2.0 * _STAGE * (rows + columns)) * item
    return AttentionTiles(
        rows=rows,
        columns=columns,
        head=head,
        value=value,
        passes=np.ones(len(table)),
        resident=_resident(architecture, storage, np.floor(_EFFICIENT_WARPS / warps)),
        alternating=np.ones(len(table), dtype=np.bool_),
        shared=(staged + operands + scores) * item,
        fetched=staged * item + np.where(value > columns, 8.0 * rows * value, 0.0),
    )


def _resident(architecture: str, storage: FloatArray, most: FloatArray) -> FloatArray:
    """Blocks that fit the shared memory of a core, and are no more than its registers allow."""
    capacity = _shared_memory(architecture)
    return np.clip(np.floor(capacity / (storage + _RESERVED)), 1.0, np.maximum(most, 1.0))


def _lookup(tiles: _TilesByHead, head: FloatArray) -> FloatArray:
    limits = np.array([row[0] for row in tiles])
    values = np.array([row[1:] for row in tiles], dtype=np.float64)
    found: FloatArray = values[np.searchsorted(limits, head)].T
    return found


#: Multiple to which kernels pad the head dimension. FlashAttention-2 is compiled for multiples of 32; instructions are
#: 16 deep; the rows of an operand in shared memory are swizzled in 128 B, which FlashAttention-4 fills up.
_PADDING = {"flash2": 32.0, "flash4": 64.0}
_INSTRUCTION_DEPTH = 16.0


def _padding(group: str) -> float:
    return _PADDING.get(group, _INSTRUCTION_DEPTH)


def legacy_matrix_share(group: str, architectures: tuple[str, ...]) -> FloatArray:
    """Share of the matrix peak that a group's instructions can reach, shape (num_accelerators,). [1]"""
    if group not in _WARP_WIDE:
        return np.ones(len(architectures))
    return np.array([_LEGACY_MATRIX_SHARE.get(architecture, 1.0) for architecture in architectures])
