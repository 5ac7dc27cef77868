"""Tile shapes that vendor libraries offer, by architecture, and how blocks fill the cores."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["LIBRARIES", "TileLibrary", "library_groups", "occupied_rounds"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class TileLibrary:
    """Output tiles that a library may choose from, and how it may split the reduced length.

    Attributes
    ----------
    tiles : tuple of (rows, columns)
    splits : tuple of int
        Blocks that may share one output tile.
    step : float
        Bytes of the reduced length in one step of the main loop. [B]
    resident : int
        Most blocks of one core.
    shared : float
        Share of the operand tiles that a block reads from L2 itself; the rest comes from the other block of a
        cluster, which reads it once for both.
    source : str
    """

    tiles: tuple[tuple[int, int], ...]
    splits: tuple[int, ...]
    step: float
    resident: int
    source: str
    shared: float = 1.0

    def candidates(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Rows, columns and splits of every choice, each of shape (num_choices,)."""
        choices = [(m, n, s) for m, n in self.tiles for s in self.splits]
        rows, columns, splits = np.array(choices, dtype=np.float64).T
        return rows, columns, splits


def _both_ways(long: tuple[int, ...], short: tuple[int, ...], largest: int) -> tuple[tuple[int, int], ...]:
    tiles = {(a, b) for a in long for b in short if a * b <= largest}
    return tuple(sorted(tiles | {(b, a) for a, b in tiles}))


_SPLITS = (1, 2, 3, 4, 6, 8, 16, 32)

_WARP_TILES = (
    *((256, 128), (128, 256), (128, 128), (256, 64), (64, 256), (128, 64), (64, 128), (64, 64)),
    *((32, 128), (128, 32), (64, 32), (32, 64), (16, 128), (16, 64), (32, 32), (16, 32)),
)

_VECTOR_TILES = ((128, 128), (128, 64), (64, 128), (64, 64), (128, 32), (32, 128), (64, 32), (32, 64), (32, 32))

LIBRARIES: dict[str, TileLibrary] = {
    "warp": TileLibrary(
        tiles=_WARP_TILES,
        splits=_SPLITS,
        step=128.0,
        resident=4,
        source="NVIDIA Matrix Multiplication Background guide 2.3; cutlass_80_tensorop kernel names",
    ),
    "warpgroup": TileLibrary(
        tiles=_both_ways((64, 128, 192, 256), (8, 16, 32, 64, 96, 128, 160, 192, 224, 256), 256 * 192),
        splits=_SPLITS,
        step=128.0,
        resident=4,
        source="wgmma and tcgen05 take N in multiples of 8 and 16 (PTX ISA 9.7.15); nvjet kernel names",
        shared=2 / 3,  # two blocks of 128 x 256 each load one side of their own and half of the other
    ),
    "eight_bit": TileLibrary(
        tiles=((256, 128), (128, 128), (128, 64), (64, 128), (64, 64), (32, 64), (16, 64)),
        splits=(1,),
        step=128.0,
        resident=4,
        source="CUTLASS scaled products as serving frameworks configure them: no split of the reduced length",
    ),
    "vector": TileLibrary(
        tiles=_VECTOR_TILES, splits=_SPLITS, step=64.0, resident=8, source="names of cuBLAS sgemm kernels"
    ),
    "vector_batched": TileLibrary(
        tiles=_VECTOR_TILES, splits=(1,), step=64.0, resident=8, source="names of cuBLAS sgemm kernels"
    ),
    "vector_batched_large": TileLibrary(
        tiles=((128, 128),),
        splits=(1,),
        step=64.0,
        resident=8,
        source="cuBLAS 12 takes ampere_sgemm_128x128 for every batched fp32 product",
    ),
    "implicit": TileLibrary(
        tiles=((128, 32), (128, 64), (128, 128)),
        splits=(1,),
        step=32.0,
        resident=8,
        source="names of cuDNN scudnn kernels",
    ),
}

#: Architectures whose matrix instructions take tiles of many widths.
_WARPGROUP = frozenset({"hopper", "blackwell", "blackwell_ultra"})
#: Architectures before Ampere, for which cuBLAS still varies the tile of batched fp32 products.
_BEFORE_AMPERE = frozenset({"pascal", "volta", "turing"})


def _library(role: str, architecture: str) -> str:
    if role == "matrix":
        return "warpgroup" if architecture in _WARPGROUP else "warp"
    if role == "vector_batched":
        return "vector_batched" if architecture in _BEFORE_AMPERE else "vector_batched_large"
    return role


def library_groups(role: str, architectures: tuple[str, ...]) -> Iterator[tuple[TileLibrary, NDArray[np.int64]]]:
    """Libraries that some accelerators use for a role, each with the positions of its accelerators.

    Parameters
    ----------
    role : {"matrix", "eight_bit", "vector", "vector_batched", "implicit"}
    architectures : tuple of str
    """
    names = np.array([_library(role, architecture) for architecture in architectures])
    for name in dict.fromkeys(names.tolist()):
        yield LIBRARIES[name], np.flatnonzero(names == name)


def occupied_rounds(
    blocks: FloatArray, *, cores: FloatArray, resident: FloatArray, alone: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Time of the busiest core in units of one block at full rate, and the rounds of blocks that it runs.

    A core runs ``resident`` blocks side by side. Blocks of the last, partly filled round cannot hide one another's
    latency, so that round lasts at least the share ``alone`` of a full one.
    """
    per_core = np.ceil(blocks / cores)
    full = np.floor(per_core / resident)
    rest = per_core - full * resident
    last = np.where(rest > 0, np.maximum(rest, alone * resident), 0.0)
    return full * resident + last, full + (rest > 0)
