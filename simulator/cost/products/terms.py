"""Terms of the time of tiled products, for any kernels on any accelerators with any tiles.

Symbols: the output is ``batch`` matrices of ``m x n``, reduced over ``k``; a block computes one ``tm x tn`` tile over
``k / splits``. Arrays broadcast together: of every choice they have the shape (num_kernels, num_accelerators,
num_choices), in which most vary along one axis alone. :mod:`simulator.cost.products.compiled` compiles the functions
that give single terms, for scalars in place of arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hw_specs.tiles import TileLibrary
from simulator.cost.hardware import HardwareColumns
from simulator.cost.mechanisms import overlapped

from .problem import WIDEST_ACCESS, Problem, ProductCost, ProductParameters
from .tiles import candidates, wave_time

__all__ = ["Choices", "Space", "dram_time", "least_on_chip", "library_numbers", "product_terms"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Bytes of one partial sum, and how often each is written and read when the reduced length is split.
_PARTIAL_BYTES = 8.0

# One of two values by a condition; for scalars, compiled code has its own.
_either = np.where

#: Steps of the main loop whose operands a block holds in shared memory: one in use, the others on their way.
_STAGES = 3.0


class _Kernels(NamedTuple):
    """Columns of the products; ``width`` is of one access and ``output`` of one output element. [B]"""

    batch: FloatArray
    m: FloatArray
    n: FloatArray
    k: FloatArray
    itemsize: FloatArray
    width: FloatArray
    output: FloatArray


class _Machines(NamedTuple):
    """Columns of the accelerators, and parameters of their products as :class:`ProductParameters` has them.

    ``gathered`` is the rate at which a core computes places of operands, infinite where it copies whole tiles. [B/s]
    """

    cores: FloatArray
    clock: FloatArray
    core_memory: FloatArray
    l2_rate: FloatArray
    drain_rate: FloatArray
    gathered: FloatArray
    rate: FloatArray
    feed: FloatArray
    alone: FloatArray
    accesses: FloatArray
    narrow_accesses: FloatArray
    overlap: FloatArray
    split: FloatArray
    start: FloatArray
    floor: FloatArray


class _Tiles(NamedTuple):
    """Columns of the choices."""

    rows: FloatArray
    columns: FloatArray
    splits: FloatArray


class _Library(NamedTuple):
    """Numbers of the library, see :class:`~hw_specs.tiles.TileLibrary`."""

    step: float
    resident: float
    accumulators: float
    shared: float
    staged: float


class Choices(NamedTuple):
    """Products on accelerators with tiles.

    Attributes
    ----------
    kernels, machines, tiles, library : tuple
    peak : array
        Rate of the units. [FLOP/s]
    dram : array
        Time of the DRAM, whatever the tile. [s]
    """

    kernels: _Kernels
    machines: _Machines
    tiles: _Tiles
    peak: FloatArray
    dram: FloatArray
    library: _Library


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Space:
    """All products, accelerators and tiles that can be joined to choices.

    Attributes
    ----------
    kernels, machines, tiles : array
        One row a column: of shape (num_columns, num_kernels), (num_columns, num_accelerators), (3, num_choices).
    peak, dram : array of shape (num_kernels, num_accelerators)
    library : tuple
    """

    kernels: FloatArray
    machines: FloatArray
    tiles: FloatArray
    peak: FloatArray
    dram: FloatArray
    library: _Library

    @classmethod
    def build(cls, p: Problem, hardware: HardwareColumns, parameters: ProductParameters, library: TileLibrary) -> Space:
        """Products and accelerators with all tiles of a library."""
        own = {name: getattr(parameters, name) for name in _Machines._fields if name in parameters.declarations()}
        machines = _Machines(
            cores=hardware.cores,
            clock=hardware.core_clock,
            core_memory=hardware.core_memory,
            l2_rate=parameters.l2 * hardware.operand_rate,
            drain_rate=parameters.store * hardware.dram_achievable_read,
            gathered=_gathered(p, hardware),
            **own,
        )
        output = p.writes / (p.batch * p.m * p.n)
        return cls(
            kernels=np.stack(_Kernels(p.batch, p.m, p.n, p.k, p.itemsize, p.widths(), output)),
            machines=np.stack(machines),
            tiles=np.stack(candidates(library)),
            peak=p.peak,
            dram=dram_time(p, hardware, parameters),
            library=library_numbers(library),
        )

    def part(self, kernels: IntArray | slice, machines: slice, tiles: IntArray | slice) -> Space:
        """Some of the products, accelerators and tiles."""
        return Space(
            kernels=self.kernels[:, kernels],
            machines=self.machines[:, machines],
            tiles=self.tiles[:, tiles],
            peak=self.peak[kernels, machines],
            dram=self.dram[kernels, machines],
            library=self.library,
        )

    def every(self) -> Choices:
        """Every choice, of shape (num_kernels, num_accelerators, num_choices)."""
        return Choices(
            kernels=_Kernels(*self.kernels[:, :, None, None]),
            machines=_Machines(*self.machines[:, None, :, None]),
            tiles=_Tiles(*self.tiles[:, None, None, :]),
            peak=self.peak[:, :, None],
            dram=self.dram[:, :, None],
            library=self.library,
        )

    def at(self, kernel: IntArray, machine: IntArray, tile: IntArray) -> Choices:
        """Single choices by their positions, of the shape of these."""
        return Choices(
            kernels=_Kernels(*self.kernels[:, kernel]),
            machines=_Machines(*self.machines[:, machine]),
            tiles=_Tiles(*self.tiles[:, tile]),
            peak=self.peak[kernel, machine],
            dram=self.dram[kernel, machine],
            library=self.library,
        )

    def chosen(self, tile: IntArray) -> Choices:
        """One choice of each product on each accelerator, by its position, shape (num_kernels, num_accelerators)."""
        kernels, machines = np.divmod(np.arange(tile.size).reshape(tile.shape), tile.shape[1])
        return self.at(kernels, machines, tile)


def product_terms(c: Choices) -> ProductCost:
    """Time of choices, with all that it comes about from."""
    blocks, resident = _blocks(c), _resident(c)
    busy, waves = wave_time(blocks, cores=c.machines.cores, resident=resident, lone=c.machines.alone * _filling(c))
    arithmetic, exposed, l2 = _arithmetic(c, busy), _exposed(c, blocks), _l2(c, blocks)
    splitting = _splitting(c)
    # The L2 feeds the main loop, so the slower of both sets its pace; DRAM is ahead of both by the bytes in flight.
    on_chip = np.maximum(arithmetic + exposed, l2)
    time = c.machines.floor + overlapped((on_chip, c.dram), c.machines.overlap) + splitting
    return ProductCost(
        time=time,
        access=c.kernels.width,
        tile_rows=c.tiles.rows,
        tile_columns=c.tiles.columns,
        splits=c.tiles.splits,
        blocks=blocks,
        waves=waves,
        arithmetic=arithmetic,
        exposed=exposed,
        l2=l2,
        dram=c.dram,
        splitting=splitting,
        floor=c.machines.floor,
    )


def least_on_chip(c: Choices, *, slower: FloatArray | None = None) -> FloatArray:
    """What choices take at least beside the DRAM and the floor: cores as busy as if blocks filled them evenly. [s]

    Where cores are slower, arithmetic takes longer by a share of its time.
    """
    blocks = _blocks(c)
    arithmetic = _arithmetic(c, _least_busy(c, blocks))
    least: FloatArray = np.maximum(arithmetic + _exposed(c, blocks), _l2(c, blocks))
    least = least if slower is None else least + slower * arithmetic
    return least + _splitting(c) if (c.tiles.splits > 1).any() else least


def _least_busy(c: Choices, blocks: FloatArray) -> FloatArray:
    """What :func:`simulator.cost.products.tiles.wave_time` is at least."""
    busy: FloatArray = np.maximum(np.ceil(blocks / c.machines.cores), c.machines.alone * _filling(c))
    return busy


def _blocks(c: Choices) -> FloatArray:
    """Blocks that compute the output. [1]"""
    tiles = c.kernels.batch * np.ceil(c.kernels.m / c.tiles.rows) * np.ceil(c.kernels.n / c.tiles.columns)
    blocks: FloatArray = tiles * c.tiles.splits
    return blocks


def _steps(c: Choices) -> FloatArray:
    """Steps of the main loop of one block. [1]"""
    length = c.kernels.k * c.kernels.itemsize
    steps: FloatArray = np.maximum(np.ceil(length / c.tiles.splits / c.library.step), 1.0)
    return steps


def _edge(c: Choices) -> FloatArray:
    """Rows of both operands of a block. [1]"""
    return c.tiles.rows + c.tiles.columns


def _filling(c: Choices) -> FloatArray:
    """Blocks whose accumulators fill a core. [1]"""
    filling = np.floor(c.library.accumulators / (c.tiles.rows * c.tiles.columns))
    return np.minimum(np.maximum(filling, 1.0), c.library.resident)


def _resident(c: Choices) -> FloatArray:
    """Blocks that fit on a core. [1]"""
    fitting = np.floor(c.machines.core_memory / (_STAGES * c.library.step * _edge(c)))
    return np.minimum(np.maximum(fitting, 1.0), _filling(c))


def _arithmetic(c: Choices, busy: FloatArray) -> FloatArray:
    """Time of the busiest core in its main loops, which does the work of so many blocks at full rate. [s]

    A step multiplies, and brings in its operands by accesses of a width that the rows allow; rows of odd lengths are
    moved element by element, those of the output too. Places of gathered operands are computed in between.
    """
    machines, width, steps, edge = c.machines, c.kernels.width, _steps(c), _edge(c)
    depth = c.library.step / c.kernels.itemsize
    fed = np.maximum(c.tiles.rows * c.tiles.columns, machines.feed * edge)
    multiplying = steps * (2.0 * depth) * fed / (c.peak / machines.cores * machines.rate)
    accesses = machines.clock * _either(width < WIDEST_ACCESS, machines.narrow_accesses, machines.accesses)
    moving = steps * (c.library.staged * c.library.step * edge) / (width * accesses)
    gathering = steps * (edge * c.library.step) / machines.gathered
    return busy * (np.maximum(multiplying, moving) + _placing(c) / accesses + gathering)


def _placing(c: Choices) -> FloatArray:
    """Accesses that put a tile of rows of odd lengths to its place. [1]

    An element that comes in is loaded and put into shared memory, one that goes out is only stored.
    """
    tile, width = c.tiles.rows * c.tiles.columns, c.kernels.width
    return 0.5 * tile * c.kernels.output * (1.0 / width - 1.0 / WIDEST_ACCESS)


def _exposed(c: Choices, blocks: FloatArray) -> FloatArray:
    """Start and end of blocks, which nothing hides. [s]"""
    drained = blocks * (c.tiles.rows * c.tiles.columns) * c.kernels.output
    started = np.ceil(blocks / c.machines.cores)
    return started * (c.machines.start / c.machines.clock) + drained / c.machines.drain_rate


def _l2(c: Choices, blocks: FloatArray) -> FloatArray:
    """Time of the L2, out of which blocks read their operands. [s]"""
    return blocks * _edge(c) * _steps(c) * (c.library.shared * c.library.step) / c.machines.l2_rate


def _splitting(c: Choices) -> FloatArray:
    """Time of partial sums where blocks share a tile. [s]"""
    partial = c.tiles.splits * (c.kernels.batch * c.kernels.m * c.kernels.n) * _PARTIAL_BYTES
    splitting: FloatArray = _either(c.tiles.splits > 1, c.machines.split + partial / c.machines.l2_rate, 0.0)
    return splitting


def library_numbers(library: TileLibrary) -> _Library:
    """What terms read of a library."""
    return _Library(library.step, float(library.resident), float(library.accumulators), library.shared, library.staged)


def _gathered(p: Problem, hardware: HardwareColumns) -> FloatArray:
    """Rate at which a core of each accelerator computes places of operands, shape (num_accelerators,). [B/s]"""
    return np.full(len(hardware), np.inf) if p.gathered is None else p.gathered * hardware.core_clock


def dram_time(p: Problem, hardware: HardwareColumns, parameters: ProductParameters) -> FloatArray:
    """Time of the DRAM, shape (num_kernels, num_accelerators): what the cache does not keep goes over it once. [s]

    Blocks that run together read the same rows and columns, and so do the waves after them, out of the cache.
    """
    moved = (p.reads + p.writes)[:, None] * (1.0 - p.hit_rate)
    return moved / np.minimum(parameters.dram * hardware.dram_achievable_read, hardware.dram_bandwidth)
