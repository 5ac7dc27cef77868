"""The fastest tile of each product as compiled code, for very many accelerators.

What choices of tile take of an accelerator, whichever it is, is computed once
(:func:`simulator.cost.products.demands.demands`). On an accelerator the time of a choice is a few products and maxima
of these. Every choice gets a lower bound first, and those alone whose bound leaves room are looked at. It needs numba,
which ``roofcast[fast]`` brings; without it the import fails.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from hw_specs.tiles import TileLibrary

from .choice import ALIKE
from .demands import demands
from .problem import WIDEST_ACCESS
from .terms import Space, library_numbers
from .tiles import candidates

__all__ = ["product_function", "searched"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

#: Relative error of rounding that bounds leave room for: of times, and of bounds in single precision.
_ROUNDING = 1e-11
_SINGLE = 1e-5

_compiled: Callable[[Any], Any] = numba.njit(nogil=True, cache=True, error_model="numpy")


class _Products(NamedTuple):
    """Products with the choices that each has, one product after another; those that split nothing come first.

    Attributes
    ----------
    widths : array of shape (num_products,)
        Of one access. [B]
    start, whole, stop : array of int, shape (num_products,)
        Where the choices of each begin, where those begin that split the reduced length, and where they end.
    demands : array of shape (11, num_choices)
    single : array of float32, shape (11, num_choices)
        The same, for bounds.
    position : array of int, shape (num_choices,)
        Of each choice in its library.
    """

    widths: FloatArray
    start: IntArray
    whole: IntArray
    stop: IntArray
    demands: FloatArray
    single: Any
    position: IntArray


def _products(kernels: FloatArray, open_to: BoolArray, tiles: FloatArray, library: Any) -> _Products:
    """Products of shape (num_products, 7) with the choices that are open to each."""
    splitting = tiles[2] > 1.0
    chosen = [np.concatenate([np.flatnonzero(own & ~splitting), np.flatnonzero(own & splitting)]) for own in open_to]
    stop = np.cumsum([len(own) for own in chosen])
    start = stop - [len(own) for own in chosen]
    whole = start + np.count_nonzero(open_to & ~splitting, axis=1)
    position = np.concatenate(chosen)
    of_choice = np.repeat(np.arange(len(kernels)), [len(own) for own in chosen])
    taken = demands(kernels[of_choice].T, tiles[:, position], library)
    return _Products(kernels[:, 5].copy(), start, whole, stop, taken, taken.astype(np.float32), position)


def searched(space: Space, open_to: BoolArray, splits: BoolArray) -> IntArray:
    """Position of the fastest choice of each product at the boost clock, shape (num_kernels, num_accelerators).

    Parameters are those of :func:`simulator.cost.products.choice.fastest`.
    """
    products = _products(space.kernels.T, open_to, space.tiles, space.library)
    registers = np.concatenate([space.machines, space.peak, space.dram, splits])
    count, first = len(space.peak), len(space.machines)
    own = first + np.arange(count)[:, None] + count * np.arange(3)
    given = np.concatenate([np.broadcast_to(np.arange(first), (count, first)), own], axis=1)
    chosen, _, _ = _search(products, registers, given)
    result: IntArray = products.position[chosen]
    return result


def product_function(
    details: Sequence[Hashable],
) -> Callable[[FloatArray, IntArray], Mapping[str, FloatArray]]:
    """Function that carries out calls of recorded products (:mod:`simulator.cost.products.recorded`)."""
    found = dict[TileLibrary, list[int]]()
    for at, detail in enumerate(details):
        found.setdefault(detail[1], []).append(at)  # type: ignore[index]
    parts = [(np.array(rows), _of_library(library, [details[at] for at in rows])) for library, rows in found.items()]

    def carried_out(registers: FloatArray, given: IntArray) -> dict[str, FloatArray]:
        shape = (len(details), registers.shape[1])
        result = {name: np.empty(shape) for name in ("time", "arithmetic")}
        for rows, products in parts:
            _, result["time"][rows], result["arithmetic"][rows] = _search(products, registers, given[rows])
        return result

    return carried_out


def _of_library(library: TileLibrary, details: Sequence[Any]) -> _Products:
    """Products that share a library."""
    kernels = np.array([kernel for _, _, kernel, _ in details])
    open_to = np.array([open_to for _, _, _, open_to in details])
    return _products(kernels, open_to, np.stack(candidates(library)), library_numbers(library))


class _Machine(NamedTuple):
    """What one product meets on one accelerator: time of each unit of its demands, and what joins them."""

    cores: float
    memory: float
    alone: float
    feed: float
    flop: float
    access: float
    gathering: float
    started: float
    drained: float
    fetched: float
    split: float
    floor: float
    dram: float
    overlap: float


@_compiled
def _search(products: Any, registers: Any, given: Any) -> Any:
    """Fastest choice of each product on each accelerator, its time, and its arithmetic."""
    shape = (len(products.start), registers.shape[1])
    chosen, time, arithmetic = np.empty(shape, dtype=np.int64), np.empty(shape), np.empty(shape)
    bound = np.empty((products.stop - products.start).max(), dtype=np.float32)
    for i in range(shape[0]):
        guess, start = products.start[i], products.start[i]
        narrow = products.widths[i] < WIDEST_ACCESS
        for a in range(shape[1]):
            machine = _machine(registers, given[i], a, narrow)
            stop = products.stop[i] if registers[given[i, 17], a] != 0.0 else products.whole[i]
            guess = guess if guess < stop else start
            guess, time[i, a], arithmetic[i, a] = _fastest(machine, products, guess, start, stop, bound)
            chosen[i, a] = guess
    return chosen, time, arithmetic


@_compiled
def _machine(registers: Any, given: Any, a: int, narrow: bool) -> Any:
    """An accelerator from the columns of :class:`simulator.cost.products.terms.Space`, peak and DRAM time."""
    cores, clock = registers[given[0], a], registers[given[1], a]
    accesses = registers[given[10], a] if narrow else registers[given[9], a]
    return _Machine(
        cores,
        registers[given[2], a],
        registers[given[8], a],
        registers[given[7], a],
        1.0 / (registers[given[15], a] / cores * registers[given[6], a]),
        1.0 / (clock * accesses),
        1.0 / registers[given[5], a],
        registers[given[13], a] / clock,
        1.0 / registers[given[4], a],
        1.0 / registers[given[3], a],
        registers[given[12], a],
        registers[given[14], a],
        registers[given[16], a],
        registers[given[11], a],
    )


@_compiled
def _fastest(machine: Any, products: Any, guess: int, start: int, stop: int, bound: Any) -> Any:
    """The fastest of some choices, given one of them to begin with, its time and its arithmetic.

    Of equally fast ones it is the one that takes the least beside the DRAM, and of these the first in the library.
    """
    best = guess
    on_chip, splitting, arithmetic = _parts(machine, products.demands, guess)
    time = _joined(machine, on_chip) + splitting
    room = _room(machine, on_chip, splitting, time)
    _bound(machine, products.single, start, stop, bound)
    for j in range(start, stop):
        if bound[j - start] > room * (1.0 + _SINGLE) or j == guess:
            continue
        other, partial, own = _parts(machine, products.demands, j)
        if (other + partial) * (1.0 - _ROUNDING) > room:
            continue
        later = _joined(machine, other) + partial
        less = other + partial < on_chip + splitting or (
            other + partial == on_chip + splitting and products.position[j] < products.position[best]
        )
        if later < time * (1.0 - ALIKE) or (less and later <= time * (1.0 + ALIKE)):
            best, on_chip, splitting, arithmetic, time = j, other, partial, own, later
            room = _room(machine, on_chip, splitting, time)
    return best, machine.floor + time, arithmetic


@_compiled
def _parts(machine: Any, taken: Any, j: int) -> Any:
    """Time on the chip, time of partial sums, and arithmetic of one choice."""
    per_core, lone = np.ceil(taken[0, j] / machine.cores), machine.alone * taken[1, j]
    arithmetic = _busy(per_core, _resident(machine, taken, j), lone) * _block(machine, taken, j)
    on_core = arithmetic + (per_core * machine.started + taken[7, j] * machine.drained)
    splitting = machine.split + taken[9, j] * machine.fetched if taken[9, j] > 0.0 else 0.0
    return max(on_core, taken[8, j] * machine.fetched), splitting, arithmetic


@_compiled
def _resident(machine: Any, taken: Any, j: int) -> Any:
    """Blocks that fit on a core."""
    return min(max(np.floor(machine.memory / taken[10, j]), 1.0), taken[1, j])


@_compiled
def _block(machine: Any, taken: Any, j: int) -> Any:
    """Time of a core for one block at full rate."""
    multiplying = max(taken[2, j], machine.feed * taken[3, j]) * machine.flop
    moving = max(multiplying, taken[4, j] * machine.access)
    return moving + taken[5, j] * machine.access + taken[6, j] * machine.gathering


@_compiled
def _busy(per_core: Any, resident: Any, lone: Any) -> Any:
    """:func:`simulator.cost.products.tiles.wave_time` of one choice; no more run abreast than there are."""
    busy = np.inf
    for abreast in range(1, int(min(resident, per_core)) + 1):
        full = np.floor(per_core / abreast)
        rest = per_core - full * abreast
        busy = min(busy, full * max(abreast, lone) + (max(rest, lone) if rest > 0 else 0.0))
    return busy


@_compiled
def _joined(machine: Any, on_chip: Any) -> Any:
    """Time on the chip joined with that of the DRAM (:func:`simulator.cost.mechanisms.overlapped`)."""
    longest = max(on_chip, machine.dram)
    share = min(on_chip, machine.dram) / longest
    return longest * (1.0 + share**machine.overlap) ** (1.0 / machine.overlap)


@_compiled
def _room(machine: Any, on_chip: Any, splitting: Any, time: Any) -> Any:
    """Time on the chip above which a choice takes longer than a time.

    The DRAM joins it and grows no faster than it, so that this is the time on the chip itself where nothing is split.
    """
    if splitting == 0.0:
        return on_chip
    waited = min(machine.dram / time, 1.0) ** machine.overlap * (1.0 - _ROUNDING)
    return time * (1.0 - waited) ** (1.0 / machine.overlap)


@_compiled
def _bound(machine: Any, taken: Any, start: int, stop: int, bound: Any) -> None:
    """Lower bounds in single precision: cores are as busy as if blocks filled them evenly.

    In two loops, each over few enough arrays for the compiler to take several choices at a time.
    """
    feed, flop = np.float32(machine.feed), np.float32(machine.flop)
    access, gathering = np.float32(machine.access), np.float32(machine.gathering)
    tile, edge, moved = taken[2, start:stop], taken[3, start:stop], taken[4, start:stop]
    placed, gathered, least = taken[5, start:stop], taken[6, start:stop], bound[: stop - start]
    for j in range(len(least)):
        fed, moving = edge[j] * feed, moved[j] * access
        multiplying = (tile[j] if tile[j] > fed else fed) * flop
        block = multiplying if multiplying > moving else moving
        least[j] = block + placed[j] * access + gathered[j] * gathering
    _filled(machine, taken, start, stop, least)


@_compiled
def _filled(machine: Any, taken: Any, start: int, stop: int, least: Any) -> None:
    """Bounds of times from the time of a core for one block, in their place."""
    per_core, alone = np.float32((1.0 - _SINGLE) / machine.cores), np.float32(machine.alone)
    started, drained, fetched = np.float32(machine.started), np.float32(machine.drained), np.float32(machine.fetched)
    split, nothing = np.float32(machine.split), np.float32(0.0)
    blocks, filling, stored = taken[0, start:stop], taken[1, start:stop], taken[7, start:stop]
    loaded, partial = taken[8, start:stop], taken[9, start:stop]
    for j in range(len(least)):
        waves, lone = np.ceil(blocks[j] * per_core), alone * filling[j]
        on_core = (waves if waves > lone else lone) * least[j] + waves * started + stored[j] * drained
        traffic = loaded[j] * fetched
        on_chip = on_core if on_core > traffic else traffic
        least[j] = on_chip + (split + partial[j] * fetched if partial[j] > nothing else nothing)
