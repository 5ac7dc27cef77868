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


@functools.cache
def candidates(library: TileLibrary) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Rows, columns and splits of every choice, each of shape (num_choices,)."""
    choices = [(m, n, s) for m, n in library.tiles for s in library.splits]
    rows, columns, splits = np.array(choices, dtype=np.float64).T
    return rows, columns, splits


def offered(library: TileLibrary, m: FloatArray, n: FloatArray, k: FloatArray) -> NDArray[np.bool_]:
    """Choices that are open to products ``m x n x k``, shape (num_products, num_choices)."""
    rows, columns, _ = candidates(library)
    if not library.rules:
        return np.ones((len(m), len(rows)), dtype=np.bool_)
    applies = np.array(
        [(m <= (r.rows or np.inf)) & (n <= (r.columns or np.inf)) & (k >= (r.reduced or 0)) for r in library.rules]
    )
    tiles = np.array([rule.tile for rule in library.rules])[applies.argmax(axis=0)]
    chosen: NDArray[np.bool_] = (tiles[:, :1] == rows) & (tiles[:, 1:] == columns)
    return chosen


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
    blocks: FloatArray, *, cores: FloatArray, resident: FloatArray, alone: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Time of the busiest core in units of one block at full rate, and the waves of blocks that it runs.

    A core runs ``resident`` blocks side by side. Blocks of the last, partly filled wave cannot hide one another's
    latency, so that wave lasts at least the share ``alone`` of a full one.
    """
    per_core = np.ceil(blocks / cores)
    full = np.floor(per_core / resident)
    rest = per_core - full * resident
    last = np.where(rest > 0, np.maximum(rest, alone * resident), 0.0)
    return full * resident + last, full + (rest > 0)
