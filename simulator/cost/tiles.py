"""Tile shapes that vendor libraries offer, by architecture, and how blocks fill the cores."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["LIBRARIES", "Rule", "TileLibrary", "library_groups", "occupied_rounds"]

FloatArray = NDArray[np.float64]


class Rule(NamedTuple):
    """A tile that a library takes for products of up to so many rows and columns and at least that reduced length."""

    tile: tuple[int, int]
    rows: float = np.inf
    columns: float = np.inf
    reduced: float = 0.0


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
        Share of the operand tiles that a block reads from L2 itself; the rest comes from the other blocks of a
        cluster, which read it once for all.
    staged : float
        Share of the operand tiles that a block's core takes into its shared memory; of a pair of cores that multiply
        together each holds half of one side.
    rules : tuple of Rule
        How the library chooses where that is known, the first rule that applies; none where it takes the fastest.
    source : str
    """

    tiles: tuple[tuple[int, int], ...]
    splits: tuple[int, ...]
    step: float
    resident: int
    source: str
    shared: float = 1.0
    staged: float = 1.0
    rules: tuple[Rule, ...] = ()

    def candidates(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Rows, columns and splits of every choice, each of shape (num_choices,)."""
        choices = [(m, n, s) for m, n in self.tiles for s in self.splits]
        rows, columns, splits = np.array(choices, dtype=np.float64).T
        return rows, columns, splits

    def offered(self, m: FloatArray, n: FloatArray, k: FloatArray) -> NDArray[np.bool_]:
        """Choices that are open to products ``m x n x k``, shape (num_products, num_choices)."""
        rows, columns, _ = self.candidates()
        if not self.rules:
            return np.ones((len(m), len(rows)), dtype=np.bool_)
        applies = np.array([(m <= rule.rows) & (n <= rule.columns) & (k >= rule.reduced) for rule in self.rules])
        tiles = np.array([rule.tile for rule in self.rules])[applies.argmax(axis=0)]
        chosen: NDArray[np.bool_] = (tiles[:, :1] == rows) & (tiles[:, 1:] == columns)
        return chosen


def _ruled(
    rules: tuple[Rule, ...], *, step: float, source: str, shared: float = 1.0, staged: float = 1.0
) -> TileLibrary:
    """A library that takes the tiles of its rules and never splits."""
    tiles = tuple(dict.fromkeys(rule.tile for rule in rules))
    return TileLibrary(
        tiles=tiles, splits=(1,), step=step, resident=4, source=source, shared=shared, staged=staged, rules=rules
    )


def _both_ways(long: tuple[int, ...], short: tuple[int, ...], largest: int) -> tuple[tuple[int, int], ...]:
    tiles = {(a, b) for a in long for b in short if a * b <= largest}
    return tuple(sorted(tiles | {(b, a) for a, b in tiles}))


_SPLITS = (1, 2, 3, 4, 6, 8, 16, 32)

_WARP_TILES = (
    *((256, 128), (128, 256), (128, 128), (256, 64), (64, 256), (128, 64), (64, 128), (64, 64)),
    *((32, 128), (128, 32), (64, 32), (32, 64), (16, 128), (16, 64), (32, 32), (16, 32)),
)

#: wgmma and tcgen05 take N in multiples of 8 and 16 (PTX ISA 9.7.15).
_WARPGROUP_TILES = _both_ways((64, 128, 192, 256), (8, 16, 32, 64, 96, 128, 160, 192, 224, 256), 256 * 192)

_SQUARES = ((128, 128), (64, 64), (32, 32))

_VLLM = "vllm-project/vllm, csrc/quantization/w8a8/cutlass: cutlass_scaled_mm, tiles by shape"

#: Products of up to 16 rows run with 32.
_ADA_RULES = (
    *(Rule((32, 64), 32, 8192), Rule((32, 128), 32, 16384), Rule((32, 64), 32)),
    *(Rule((64, 64), 64, 8192), Rule((64, 128), 64, 16384), Rule((64, 64), 64)),
    *(Rule((64, 128), 128, 8192), Rule((128, 128), 128, 16384), Rule((128, 64), 128)),
    *(Rule((64, 128), 256, 4096), Rule((128, 128), 256)),
    *(Rule((128, 128), columns=4096), Rule((256, 128), columns=8192), Rule((128, 128))),
)

#: Up to 64 rows the product is computed transposed, so that tiles of 64 cover columns.
_HOPPER_RULES = (
    *(Rule((16, 64), 16), Rule((16, 64), 64, 1280), Rule((64, 64), 64), Rule((64, 128), 128)),
    *(Rule((128, 128), 8191), Rule((256, 128), reduced=6144), Rule((128, 128))),
)

_BLACKWELL_RULES = (
    *(Rule((32, 128), 16), Rule((64, 128), 63), Rule((64, 128), 64, reduced=4096), Rule((64, 64), 64)),
    *(Rule((128, 128), 256), Rule((256, 128))),
)

LIBRARIES: dict[str, TileLibrary] = {
    "warp": TileLibrary(
        tiles=_WARP_TILES,
        splits=_SPLITS,
        step=128.0,
        resident=4,
        source="NVIDIA Matrix Multiplication Background guide 2.3; cutlass_80_tensorop kernel names",
    ),
    "warpgroup": TileLibrary(
        tiles=_WARPGROUP_TILES,
        splits=_SPLITS,
        step=128.0,
        resident=4,
        source="nvjet kernel names",
        shared=1 / 2,  # clusters of two by two blocks read each side once for two
    ),
    "pair": TileLibrary(
        tiles=_WARPGROUP_TILES,
        splits=_SPLITS,
        step=128.0,
        resident=4,
        source="nvjet kernel names; tcgen05.mma with cta_group::2 (PTX ISA 9.7.16)",
        shared=1 / 2,
        staged=2 / 3,  # of 128 rows and 256 columns each core of a pair holds its rows and half the columns
    ),
    "eight_bit": _ruled(_ADA_RULES, step=64.0, source=_VLLM),
    "eight_bit_warpgroup": _ruled(_HOPPER_RULES, step=128.0, source=_VLLM, shared=3 / 4),  # clusters of two blocks
    "eight_bit_pair": _ruled(_BLACKWELL_RULES, step=128.0, source=_VLLM, shared=1 / 2, staged=2 / 3),
    "vector": TileLibrary(
        tiles=(*_SQUARES, (128, 32)),
        splits=_SPLITS,
        step=32.0,
        resident=8,
        source="names of cuBLAS kernels: sgemm_128x128, 64x64, 32x32_sliced, 32x128_tn (columns before rows)",
    ),
    "vector_batched": TileLibrary(
        tiles=_SQUARES, splits=(1,), step=32.0, resident=8, source="names of cuBLAS sgemm kernels"
    ),
    "vector_batched_large": TileLibrary(
        tiles=((128, 128),),
        splits=(1,),
        step=32.0,
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

#: Architectures before Ampere, for which cuBLAS still varies the tile of batched fp32 products.
_BEFORE_AMPERE = ("pascal", "volta", "turing")

#: Library of each role by architecture; the role's own where nothing is said.
_SPECIAL: dict[tuple[str, str], str] = {
    ("matrix", "hopper"): "warpgroup",
    ("eight_bit", "hopper"): "eight_bit_warpgroup",
    **{("matrix", name): "pair" for name in ("blackwell", "blackwell_ultra")},
    **{("eight_bit", name): "eight_bit_pair" for name in ("blackwell", "blackwell_ultra")},
    **{("vector_batched", name): "vector_batched" for name in _BEFORE_AMPERE},
}
_USUAL = {"matrix": "warp", "vector_batched": "vector_batched_large"}


def library_groups(role: str, architectures: tuple[str, ...]) -> Iterator[tuple[TileLibrary, NDArray[np.int64]]]:
    """Libraries that some accelerators use for a role, each with the positions of its accelerators.

    Parameters
    ----------
    role : {"matrix", "eight_bit", "vector", "vector_batched", "implicit"}
    architectures : tuple of str
    """
    usual = _USUAL.get(role, role)
    names = np.array([_SPECIAL.get((role, architecture), usual) for architecture in architectures])
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
