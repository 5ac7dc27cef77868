"""Tiles of fused attention kernels by algorithm, architecture and head dimension."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import KernelTable

__all__ = ["AttentionTiles", "attention_tiles", "legacy_matrix_share"]

FloatArray = NDArray[np.float64]

#: Architectures with 99 KiB of shared memory a block, for which FlashAttention-2 takes smaller tiles.
_SMALL_SHARED_MEMORY = frozenset({"turing", "ampere_ga10x", "ada", "blackwell_gb20x"})

#: Share of the matrix peak that warp-wide instructions reach where the peak needs warp-group instructions.
#: Hopper: FlashAttention-2 stays below 62 % of it (Shah et al., "FlashAttention-3", 2024). Blackwell doubles the
#: rate of its own instructions only (NVIDIA Blackwell tuning guide), which leaves half of that share.
_LEGACY_MATRIX_SHARE = {"hopper": 0.62, "blackwell": 0.31, "blackwell_ultra": 0.31}


class AttentionTiles(NamedTuple):
    """Tiles as columns of shape (num_kernels,).

    Attributes
    ----------
    rows, columns : array
        Queries and keys of one step.
    head : array
        Head dimension as the kernel pads it.
    resident : array
        Thread blocks that one core runs side by side.
    """

    rows: FloatArray
    columns: FloatArray
    head: FloatArray
    resident: FloatArray


#: Head dimension up to which a tile holds, then rows, columns, columns when causal, resident blocks.
_TilesByHead = tuple[tuple[float, int, int, int, int], ...]

#: csrc/flash_attn/src/flash_fwd_launch_template.h.
_FLASH2: _TilesByHead = (
    (64, 128, 128, 128, 2),
    (128, 128, 64, 64, 2),
    (192, 128, 64, 64, 1),
    (np.inf, 128, 64, 64, 1),
)
_FLASH2_SMALL: _TilesByHead = (
    (64, 128, 128, 128, 2),
    (96, 128, 64, 64, 2),
    (128, 128, 32, 64, 2),
    (np.inf, 64, 64, 64, 1),
)
#: hopper/tile_size.h.
_FLASH3: _TilesByHead = (
    (64, 192, 192, 128, 1),
    (96, 192, 144, 144, 1),
    (128, 128, 176, 128, 1),
    (192, 128, 112, 112, 1),
    (np.inf, 128, 80, 80, 1),
)
#: Two tiles of 128 queries a block, which take turns (FlashAttention-4; cuDNN works alike).
_FLASH4: _TilesByHead = ((128, 256, 128, 128, 1), (np.inf, 128, 128, 128, 1))


def attention_tiles(group: str, table: KernelTable, architecture: str) -> AttentionTiles:
    """Tiles of each kernel of a parameter group on one architecture."""
    algorithm = group.removesuffix("_causal")
    rows, columns, causal_columns, resident = _table(algorithm, architecture, table.k).T
    small_causal = (
        (algorithm == "flash2")
        & (architecture in _SMALL_SHARED_MEMORY)
        & table.causal
        & (table.k > 64)
        & (table.k <= 128)
    )
    return AttentionTiles(
        rows=np.where(small_causal, 64.0, rows),
        columns=np.where(table.causal, causal_columns, columns),
        head=_padded_head(algorithm, table.k),
        resident=resident,
    )


def _table(group: str, architecture: str, head: FloatArray) -> FloatArray:
    tiles = {"flash3": _FLASH3, "flash4": _FLASH4, "cudnn_attention": _FLASH4}.get(group, _FLASH2)
    if group == "flash2" and architecture in _SMALL_SHARED_MEMORY:
        tiles = _FLASH2_SMALL
    limits = np.array([row[0] for row in tiles])
    values = np.array([row[1:] for row in tiles], dtype=np.float64)
    return values[np.searchsorted(limits, head)]


def _padded_head(group: str, head: FloatArray) -> FloatArray:
    if group == "flash3":
        sizes = np.array([64.0, 96.0, 128.0, 192.0, 256.0])
        return np.where(head > 256, head, sizes[np.minimum(np.searchsorted(sizes, head), 4)])
    step = 32.0 if group == "flash2" else 16.0
    return np.ceil(head / step) * step


def legacy_matrix_share(group: str, architectures: tuple[str, ...]) -> FloatArray:
    """Share of the matrix peak that a group's instructions can reach, shape (num_accelerators,). [1]"""
    if group.removesuffix("_causal") != "flash2":
        return np.ones(len(architectures))
    return np.array([_LEGACY_MATRIX_SHARE.get(architecture, 1.0) for architecture in architectures])
