"""Choices of tile that a library offers, and how blocks fill the cores."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from hw_specs import Architecture
from hw_specs.tiles import TileLibrary, load_tile_library

__all__ = ["candidates", "library_groups", "offered", "wave_time"]

FloatArray = NDArray[np.float64]

#: Longest side of a matrix that counts as small.
_SMALL = 64.0


@functools.cache
def candidates(library: TileLibrary) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Rows, columns and splits of every choice, each of shape (num_choices,)."""
    tiles = dict.fromkeys((*library.tiles, *library.small))
    choices = [(m, n, s) for m, n in tiles for s in library.splits]
    rows, columns, splits = np.array(choices, dtype=np.float64).T
    return rows, columns, splits


def offered(
    library: TileLibrary, m: FloatArray, n: FloatArray, k: FloatArray, *, batch: FloatArray
) -> NDArray[np.bool_]:
    """Choices that are open to ``batch`` products ``m x n x k``, shape (num_products, num_choices)."""
    if not library.rules:
        few = (batch > 1) & (np.maximum(m, n) <= _SMALL) & bool(library.small)
        return np.where(few[:, None], _among(library.small, library), _among(library.tiles, library))
    applies = np.array(
        [(m <= (r.rows or np.inf)) & (n <= (r.columns or np.inf)) & (k >= (r.reduced or 0)) for r in library.rules]
    )
    rows, columns, _ = candidates(library)
    tiles = np.array([rule.tile for rule in library.rules])[applies.argmax(axis=0)]
    chosen: NDArray[np.bool_] = (tiles[:, :1] == rows) & (tiles[:, 1:] == columns)
    return chosen


@functools.cache
def _among(tiles: tuple[tuple[int, int], ...], library: TileLibrary) -> NDArray[np.bool_]:
    """Choices of a library that have one of some tiles, shape (num_choices,)."""
    rows, columns, _ = candidates(library)
    return np.array([choice in tiles for choice in zip(rows.tolist(), columns.tolist(), strict=True)])


def library_groups(role: str, traits: Sequence[Architecture]) -> Iterator[tuple[TileLibrary, NDArray[np.int64]]]:
    """Libraries that some accelerators use for a role, each with the positions of its accelerators.

    Parameters
    ----------
    role : {"matrix", "eight_bit", "vector", "vector_batched", "implicit"}
    traits : sequence of Architecture
    """
    names = np.array([getattr(architecture.tiles, role) for architecture in traits])
    for name in dict.fromkeys(names.tolist()):
        yield load_tile_library(name), np.flatnonzero(names == name)


def wave_time(
    blocks: FloatArray, *, cores: FloatArray, resident: FloatArray, lone: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Time of the busiest core in units of one block at full rate, and the fewest waves of blocks that it can run.

    Few blocks cannot hide one another's latency, so that however few run side by side, they take ``lone`` such units.
    A core runs up to ``resident`` of them, as many as is best: the library launches what fills the waves evenly.

    Parameters
    ----------
    blocks, cores, resident : array
        Blocks of the grid, cores, and blocks that fit on one core. [1]
    lone : array
        Blocks that a core needs side by side to work at full rate. [1]
    """
    per_core = np.ceil(blocks / cores)
    room = np.maximum(resident, 1.0)
    busy: FloatArray = np.array(np.inf)
    for abreast in range(1, int(resident.max()) + 1):
        full = np.floor(per_core / abreast)
        rest = per_core - full * abreast
        time = full * np.maximum(abreast, lone) + np.where(rest > 0, np.maximum(rest, lone), 0.0)
        busy = np.where(abreast <= room, np.minimum(time, busy), busy)
    return busy, np.ceil(per_core / room)
