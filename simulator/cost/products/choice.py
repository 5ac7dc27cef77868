"""The fastest tile of each product, by bound and prune.

A cheap lower bound is computed of every choice, the full formula of the one with the least bound, and then of those
alone whose bound leaves room for a better time. The result is that of the full formula of all choices; of those that
are equally fast, as where the DRAM is all that counts, the one that takes the least beside it. Where a power limit
slows the fastest down, the choice is the fastest within that limit.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from simulator.cost.power_limit import Allowance

from .terms import Choices, Space, least_on_chip, product_terms

__all__ = ["fastest"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

#: Choices that are bounded at once, so that they stay in the CPU's cache.
_CHUNK = 60_000

#: Accelerators from which on compiled code is worth its start: studies have them.
_MANY = 64

#: Relative error of rounding that bounds leave room for.
_ROUNDING = 1e-11

#: Relative difference of times up to which choices are equally fast.
ALIKE = 1e-12

#: Error of the clock that a power limit leaves, over it and as such, that bounds leave room for.
_CLOCK_ERROR = 1e-5


def fastest(space: Space, open_to: BoolArray, splits: BoolArray, allowance: Allowance | None = None) -> IntArray:
    """Position of the fastest choice of each product, shape (num_kernels, num_accelerators).

    Parameters
    ----------
    space : Space
    open_to : array of shape (num_kernels, num_choices)
        Choices that the library has for each product.
    splits : array of shape (num_kernels, num_accelerators)
        Whether a product may split its reduced length there.
    allowance : Allowance, optional
        Power limit within which they are the fastest; the boost clock by default.
    """
    compiled = _compiled() if space.peak.shape[1] >= _MANY else None
    chosen = _searched(space, open_to, splits) if compiled is None else compiled(space, open_to, splits)
    if allowance is not None:
        _replace_held(chosen, space, open_to, splits, allowance)
    return chosen


@functools.cache
def _compiled() -> Callable[[Space, BoolArray, BoolArray], IntArray] | None:
    """The search as compiled code, where what compiles it is installed."""
    try:
        from .compiled import searched
    except ImportError:
        return None
    return searched


def _searched(space: Space, open_to: BoolArray, splits: BoolArray) -> IntArray:
    """Position of the fastest choice of each product at the boost clock."""
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
    first = space.chosen(chosen)
    best = product_terms(first).time
    kernel, machine, tile = np.nonzero(bound * (1.0 - _ROUNDING) <= _room(first, best)[..., None])
    found = product_terms(space.at(kernel, machine, tile))
    np.minimum.at(best, (kernel, machine), found.time)
    alike = np.flatnonzero(found.time <= best[kernel, machine] * (1.0 + ALIKE))
    beside = np.maximum(found.arithmetic + found.exposed, found.l2) + found.splitting
    ordered = alike[np.lexsort((-tile[alike], -beside[alike]))]
    chosen[kernel[ordered], machine[ordered]] = tile[ordered]
    return chosen


def _replace_held(chosen: IntArray, space: Space, open_to: BoolArray, splits: BoolArray, allowance: Allowance) -> None:
    """Put the fastest choice within the power limit in place of each that the limit slows down.

    One that ends sooner draws more, as it takes no less time at the boost clock: it runs at a lower clock, and so ends
    sooner at the clock of the first choice, too. That bounds it.
    """
    first = product_terms(space.chosen(chosen))
    limited = allowance.times(first.time, first.arithmetic)
    slower = (limited - first.time) / first.arithmetic * (1.0 - _CLOCK_ERROR) - _CLOCK_ERROR
    slower = np.where(allowance.run_time > 0, 0.0, np.maximum(slower, 0.0))
    kernel, machine = np.nonzero(limited > first.time)
    step = max(_CHUNK // space.tiles.shape[1], 1)
    for start in range(0, len(kernel), step):
        at = kernel[start : start + step], machine[start : start + step]
        here = open_to[at[0]] & (splits[at][:, None] | (space.tiles[2] == 1.0))
        chosen[at] = _within(space, at, chosen[at], here, allowance, slower[at])


def _within(
    space: Space,
    at: tuple[IntArray, IntArray],
    chosen: IntArray,
    open_to: BoolArray,
    allowance: Allowance,
    slower: FloatArray,
) -> IntArray:
    """The fastest choices within the power limit of some products on their accelerators, shape (num_pairs,)."""
    kernel, machine = at
    first = space.at(kernel, machine, chosen)
    terms = product_terms(first)
    limited = allowance.at(kernel, machine).times(terms.time, terms.arithmetic)
    every = space.at(kernel[:, None], machine[:, None], np.arange(open_to.shape[-1])[None, :])
    bound = np.where(open_to, least_on_chip(every, slower=slower[:, None]), np.inf)
    row, tile = np.nonzero(bound * (1.0 - _ROUNDING) <= _room(first, limited)[:, None])
    found = product_terms(space.at(kernel[row], machine[row], tile))
    time = allowance.at(kernel[row], machine[row]).times(found.time, found.arithmetic)
    better = _improvements(time, limited[row])
    best = chosen.copy()
    best[row[better]] = tile[better]
    return best


def _improvements(time: FloatArray, than: FloatArray) -> IntArray:
    """Positions of shorter times, the shortest last: what is put in their places in this order is of the fastest."""
    better = np.flatnonzero(time < than)
    ordered: IntArray = better[np.argsort(-time[better], kind="stable")]
    return ordered


def _room(c: Choices, time: FloatArray) -> FloatArray:
    """Bound above which any other choice takes longer than some time. [s]

    The time of the DRAM joins the rest as in :func:`simulator.cost.mechanisms.overlapped`, and grows no faster than it.
    """
    joined, exponent = time - c.machines.floor, c.machines.overlap
    waited = np.minimum(c.dram / joined, 1.0) ** exponent * (1.0 - _ROUNDING)
    room: FloatArray = joined * (1.0 - waited) ** (1.0 / exponent)
    return room
