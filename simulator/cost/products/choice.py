"""The fastest tile of each product, by bound and prune.

A cheap lower bound is computed of every choice, the full formula of the one with the least bound, and then of those
alone whose bound leaves room for a better time. The result is that of the full formula of all choices; of equal ones it
may be another.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from .terms import Space, least_on_chip, product_terms

__all__ = ["fastest"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

#: Choices that are bounded at once, so that they stay in the CPU's cache.
_CHUNK = 60_000

#: Relative error of rounding that bounds leave room for.
_ROUNDING = 1e-11


def fastest(space: Space, open_to: BoolArray, splits: BoolArray) -> IntArray:
    """Position of the fastest choice of each product, shape (num_kernels, num_accelerators).

    Parameters
    ----------
    space : Space
    open_to : array of shape (num_kernels, num_choices)
        Choices that the library has for each product.
    splits : array of shape (num_kernels, num_accelerators)
        Whether a product may split its reduced length there.
    """
    chosen = np.zeros(space.peak.shape, dtype=np.int64)
    whole = np.flatnonzero(space.tiles[2] == 1.0)
    anywhere = splits.any(axis=1)
    for rows, tiles in ((~anywhere, whole), (anywhere, np.arange(space.tiles.shape[1]))):
        for kernels, machines in _chunks(np.flatnonzero(rows), space.peak.shape[1], len(tiles)):
            part = space.part(kernels, machines, tiles)
            split = splits[kernels, machines, None] | (part.tiles[2] == 1.0)
            chosen[kernels, machines] = tiles[_fastest(part, open_to[kernels][:, None, tiles] & split)]
    return chosen


def _chunks(kernels: IntArray, machines: int, choices: int) -> Iterator[tuple[IntArray, slice]]:
    """Kernels and accelerators in chunks."""
    columns = max(min(_CHUNK // choices, machines), 1)
    rows = max(_CHUNK // (choices * columns), 1)
    for row in range(0, len(kernels), rows):
        for column in range(0, machines, columns):
            yield kernels[row : row + rows], slice(column, column + columns)


def _fastest(space: Space, open_to: BoolArray) -> IntArray:
    """The same where the choices that are open have the shape (num_kernels, num_accelerators, num_choices)."""
    bound = np.where(open_to, least_on_chip(space.every()), np.inf)
    chosen: IntArray = bound.argmin(axis=-1)
    best = product_terms(space.chosen(chosen)).time
    kernel, machine, tile = np.nonzero(bound * (1.0 - _ROUNDING) <= _room(space, best)[..., None])
    time = product_terms(space.at(kernel, machine, tile)).time
    better = np.flatnonzero(time < best[kernel, machine])
    order = better[np.argsort(-time[better], kind="stable")]  # of one product the fastest comes last, and stays
    chosen[kernel[order], machine[order]] = tile[order]
    return chosen


def _room(space: Space, time: FloatArray) -> FloatArray:
    """Bound above which a choice takes longer than some time, shape (num_kernels, num_accelerators). [s]

    The time of the DRAM joins the rest as in :func:`simulator.cost.mechanisms.overlapped`, and grows no faster than it.
    """
    joined, exponent = time - space.floor, space.overlap
    waited = np.minimum(space.dram / joined, 1.0) ** exponent * (1.0 - _ROUNDING)
    room: FloatArray = joined * (1.0 - waited) ** (1.0 / exponent)
    return room
