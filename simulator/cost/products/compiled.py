"""The search of :mod:`simulator.cost.products.choice` as compiled code, for very many products at once.

The terms are those of :mod:`simulator.cost.products.terms`: what gives them there is compiled here, for one choice in
place of arrays of them. Nothing is reordered, and a quotient stays a quotient. It needs numba, which ``roofcast[fast]``
brings; without it the import fails.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from . import terms
from .terms import Choices, Space

__all__ = ["searched"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

#: Relative error of rounding that bounds leave room for.
_ROUNDING = 1e-11

_compiled: Callable[[Any], Any] = numba.njit(nogil=True, cache=True, error_model="numpy")


@_compiled
def _either(condition: Any, first: Any, second: Any) -> Any:
    """``numpy.where`` of scalars."""
    return first if condition else second


def _terms(*names: str) -> dict[str, Any]:
    """Functions that give terms as compiled ones, each after those that it calls."""
    scope = {**vars(terms), "_either": _either}
    for name in names:
        code = vars(terms)[name].__code__
        scope[name] = _compiled(types.FunctionType(code, scope, name))
    return scope


_SCOPE = _terms(
    *("_blocks", "_steps", "_edge", "_filling", "_resident", "_placing"),
    *("_arithmetic", "_exposed", "_l2", "_splitting", "_least_busy"),
)
_blocks, _filling, _resident = (_SCOPE[name] for name in ("_blocks", "_filling", "_resident"))
_arithmetic, _exposed, _l2 = (_SCOPE[name] for name in ("_arithmetic", "_exposed", "_l2"))
_splitting, _least_busy = _SCOPE["_splitting"], _SCOPE["_least_busy"]
_Kernels, _Machines, _Tiles = _SCOPE["_Kernels"], _SCOPE["_Machines"], _SCOPE["_Tiles"]


def searched(space: Space, open_to: BoolArray, splits: BoolArray) -> IntArray:
    """Position of the fastest choice of each product at the boost clock, shape (num_kernels, num_accelerators).

    Parameters are those of :func:`simulator.cost.products.choice.fastest`.
    """
    columns = (_Kernels(*space.kernels), _Machines(*space.machines), _Tiles(*space.tiles))
    pairs = (np.ascontiguousarray(values) for values in (space.peak, space.dram))
    chosen: IntArray = _search(*columns, *pairs, space.library, open_to, splits)
    return chosen


@_compiled
def _search(
    kernels: Any, machines: Any, tiles: Any, peak: Any, dram: Any, library: Any, open_to: Any, splits: Any
) -> Any:
    """The same of columns."""
    count, parts, choices = len(kernels.m), len(machines.cores), len(tiles.rows)
    chosen = np.zeros((count, parts), dtype=np.int64)
    bound = np.empty((parts, choices))
    for i in range(count):
        anywhere = splits[i].any()
        for j in range(choices):
            whole = tiles.splits[j] == 1.0
            for a in range(parts):
                bound[a, j] = np.inf
                if open_to[i, j] and (whole or (anywhere and splits[i, a])):
                    bound[a, j] = _bound(_choice(kernels, machines, tiles, peak, dram, library, i, a, j))
        for a in range(parts):
            best = bound[a].argmin()
            time = _time(_choice(kernels, machines, tiles, peak, dram, library, i, a, best))
            room = _room(time - machines.floor[a], dram[i, a], machines.overlap[a])
            for j in range(choices):
                if bound[a, j] * (1.0 - _ROUNDING) <= room:
                    other = _time(_choice(kernels, machines, tiles, peak, dram, library, i, a, j))
                    if other < time:
                        best, time = j, other
                        room = _room(time - machines.floor[a], dram[i, a], machines.overlap[a])
            chosen[i, a] = best
    return chosen


@_compiled
def _choice(kernels: Any, machines: Any, tiles: Any, peak: Any, dram: Any, library: Any, i: int, a: int, j: int) -> Any:
    """One tile of one product on one accelerator."""
    return Choices(
        _Kernels(
            kernels.batch[i],
            kernels.m[i],
            kernels.n[i],
            kernels.k[i],
            kernels.itemsize[i],
            kernels.width[i],
            kernels.output[i],
        ),
        _Machines(
            machines.cores[a],
            machines.clock[a],
            machines.core_memory[a],
            machines.l2_rate[a],
            machines.drain_rate[a],
            machines.gathered[a],
            machines.rate[a],
            machines.feed[a],
            machines.alone[a],
            machines.accesses[a],
            machines.narrow_accesses[a],
            machines.overlap[a],
            machines.split[a],
            machines.start[a],
            machines.floor[a],
        ),
        _Tiles(tiles.rows[j], tiles.columns[j], tiles.splits[j]),
        peak[i, a],
        dram[i, a],
        library,
    )


@_compiled
def _bound(c: Any) -> Any:
    """:func:`simulator.cost.products.terms.least_on_chip` of one choice."""
    blocks = _blocks(c)
    on_chip = max(_arithmetic(c, _least_busy(c, blocks)) + _exposed(c, blocks), _l2(c, blocks))
    return on_chip + _splitting(c)


@_compiled
def _time(c: Any) -> Any:
    """Time of one choice, as :func:`simulator.cost.products.terms.product_terms` has it."""
    blocks = _blocks(c)
    on_chip = max(_arithmetic(c, _busy(c, blocks)) + _exposed(c, blocks), _l2(c, blocks))
    longest = max(on_chip, c.dram, 1e-30)
    joined = (on_chip / longest) ** c.machines.overlap + (c.dram / longest) ** c.machines.overlap
    return c.machines.floor + longest * max(joined, 1.0) ** (1.0 / c.machines.overlap) + _splitting(c)


@_compiled
def _busy(c: Any, blocks: Any) -> Any:
    """:func:`simulator.cost.products.tiles.wave_time` of one choice."""
    per_core, lone = np.ceil(blocks / c.machines.cores), c.machines.alone * _filling(c)
    busy = np.inf
    for abreast in range(1, int(_resident(c)) + 1):
        full = np.floor(per_core / abreast)
        rest = per_core - full * abreast
        busy = min(busy, full * max(abreast, lone) + (max(rest, lone) if rest > 0 else 0.0))
    return busy


@_compiled
def _room(joined: Any, dram: Any, exponent: Any) -> Any:
    """Bound above which a choice takes longer than a time that the DRAM is joined with."""
    waited = min(dram / joined, 1.0) ** exponent * (1.0 - _ROUNDING)
    return joined * (1.0 - waited) ** (1.0 / exponent)
