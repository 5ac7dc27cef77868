"""Time of products that are tiled over cores: plain and batched matrix products, and convolutions that become one.

Symbols: the output is ``batch`` matrices of ``m x n``, reduced over ``k``; a block computes one ``tm x tn`` tile over
``k / splits``. The library's choice of tile is taken to be the fastest that the model predicts, unless the library is
known to choose by a rule.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from hw_specs.tiles import TileLibrary
from simulator.cost.hardware import HardwareColumns
from simulator.cost.mechanisms import overlapped
from simulator.cost.parameters import Parameters, floor_parameter, parameter

from .tiles import candidates, library_groups, offered, unsplit, wave_time

__all__ = ["WIDEST_ACCESS", "Problem", "ProductCost", "ProductParameters", "product_cost"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class ProductParameters(Parameters):
    """Parameters of everything that multiplies tiles."""

    rate: FloatArray = parameter(0.95, "1", 0.3, 1.0, "share of the peak rate inside the main loop of a large tile")
    feed: FloatArray = parameter(
        30.0, "elements", 0.0, 150.0, "tile edge (harmonic) below which shared memory feeds too slowly"
    )
    alone: FloatArray = parameter(
        0.5, "1", 0.25, 1.0, "share of the blocks whose accumulators fill a core that it needs to work at full rate"
    )
    accesses: FloatArray = parameter(
        4.0, "1/clk", 2.0, 8.0, "accesses of up to 16 B that a core makes in a clock to bring in operands"
    )
    # Load and store units move what copies to shared memory cannot take: an access for each of four schedulers.
    narrow_accesses: FloatArray = parameter(
        4.0, "1/clk", 1.0, 8.0, "the same where rows do not allow accesses of that width"
    )
    store: FloatArray = parameter(
        1.2, "1", 0.1, 20.0, "rate at which blocks drain their tiles, not overlapped, over the DRAM bandwidth"
    )
    dram: FloatArray = parameter(
        0.9, "1", 0.4, 1.15, "share reached of the DRAM bandwidth that microbenchmarks measure"
    )
    l2: FloatArray = parameter(0.65, "1", 0.1, 1.0, "share of the L2 bandwidth reached")
    overlap: FloatArray = parameter(
        4.0, "1", 1.2, 12.0, "exponent that joins units: 1 adds their times, infinity takes the largest"
    )
    split: FloatArray = parameter(2e-6, "s", 0.0, 1e-5, "extra latency of splitting the reduced length over blocks")
    floor: FloatArray = floor_parameter(2.5e-6, dram=1.0)


#: Elements (kernels x accelerators x choices) that are evaluated at once, so that they stay in the CPU's cache.
_CHUNK = 60_000

#: Bytes of one partial sum, and how often each is written and read when the reduced length is split.
_PARTIAL_BYTES = 8.0

#: Elements of the accumulators that fill the register file of one core.
_ACCUMULATORS = 256.0 * 128.0

#: Clocks of a core for the start, prologue and epilogue of a block. 150,528 blocks of one warp that do next to nothing
#: take 108 us on an H100 (TimeSformer trace, batched products of 8 x 64 x 8): 166 clocks each, of which some 80 are
#: their one step.
_BLOCK_CLOCKS = 90.0

#: Blocks for each core from which on no library splits the reduced length.
_FULL_CORES = 2.0

#: Steps of the main loop whose operands a block holds in shared memory: one in use, the others on their way.
_STAGES = 3.0

#: Widest access of one thread, and of one asynchronous copy to shared memory. [B]
WIDEST_ACCESS = 16.0

#: Longest side of a tile for rows that do not allow that width: kernels of older generations
#: (``cutlass_75_tensorop_bf16_s1688gemm_bf16_128x128_nn_align1`` on an H100).
_LONGEST_NARROW = 128.0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Problem:
    """Products as columns of shape (num_kernels,), or (num_kernels, num_accelerators) where it says so.

    Attributes
    ----------
    batch, m, n, k : array
    itemsize : array
        Bytes of one input element. [B]
    reads, writes : array
        Compulsory traffic. [B]
    hit_rate : array of shape (num_kernels, num_accelerators)
        Share of the traffic that the cache keeps from the DRAM. [1]
    peak : array of shape (num_kernels, num_accelerators)
        Rate of the units that it runs on. [FLOP/s]
    access : array, optional
        Widest access that the rows of all matrices allow, :data:`WIDEST_ACCESS` by default. [B]
    """

    batch: FloatArray
    m: FloatArray
    n: FloatArray
    k: FloatArray
    itemsize: FloatArray
    reads: FloatArray
    writes: FloatArray
    hit_rate: FloatArray
    peak: FloatArray
    access: FloatArray | None = None

    def rows(self, index: slice | NDArray[np.int64]) -> Problem:
        """Some of the problems."""
        columns = {f.name: getattr(self, f.name) for f in fields(self)}
        return Problem(**{name: values[index] for name, values in columns.items() if values is not None})

    def accelerators(self, columns: NDArray[np.int64]) -> Problem:
        """The problems on some of the accelerators."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return Problem(**{**values, "peak": self.peak[:, columns], "hit_rate": self.hit_rate[:, columns]})

    def widths(self) -> FloatArray:
        """Bytes of one access of each problem."""
        return np.full(len(self.m), WIDEST_ACCESS) if self.access is None else self.access


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ProductCost:
    """Chosen tile and the terms of its time; arrays of shape (num_kernels, num_accelerators)."""

    time: FloatArray
    access: FloatArray
    tile_rows: FloatArray
    tile_columns: FloatArray
    splits: FloatArray
    blocks: FloatArray
    waves: FloatArray
    arithmetic: FloatArray
    exposed: FloatArray
    l2: FloatArray
    dram: FloatArray
    splitting: FloatArray
    floor: FloatArray


def product_cost(
    problem: Problem, hardware: HardwareColumns, parameters: ProductParameters, *, role: str
) -> ProductCost:
    """Time of each product with its best tile.

    Parameters
    ----------
    problem : Problem
    hardware : HardwareColumns
    parameters : ProductParameters
        Of the same accelerators.
    role : str
        Library, see :func:`simulator.cost.families.tiles.library_groups`.
    """
    shape = problem.peak.shape
    result = ProductCost(**{f.name: np.zeros(shape) for f in fields(ProductCost)})
    for library, columns in library_groups(role, hardware.traits):
        chosen, own = hardware.select(columns), parameters.select(columns).along(1, 3)
        step = max(_CHUNK // (len(columns) * len(library.tiles) * len(library.splits)), 1)
        for start in range(0, shape[0], step):
            index = slice(start, start + step)
            best = _best(problem.accelerators(columns).rows(index), chosen, own, library)
            for field in fields(ProductCost):
                getattr(result, field.name)[index, columns] = getattr(best, field.name)
    return result


def _best(
    problem: Problem, hardware: HardwareColumns, parameters: ProductParameters, library: TileLibrary
) -> ProductCost:
    """The fastest tile; where some tile leaves cores idle or alone, also the fastest way to split."""
    best = _fastest(problem, hardware, parameters, unsplit(library))
    short = _fewest_blocks(problem, library)[:, None] < _FULL_CORES * hardware.cores
    rows = np.flatnonzero(short.any(axis=1))
    if library.splits == (1,) or not rows.size:
        return best
    split = _fastest(problem.rows(rows), hardware, parameters, library)
    taken = short[rows] & (split.time < best.time[rows])
    for field in fields(ProductCost):
        values = getattr(best, field.name)
        values[rows] = np.where(taken, getattr(split, field.name), values[rows])
    return best


def _fewest_blocks(p: Problem, library: TileLibrary) -> FloatArray:
    """Blocks of the tile that needs fewest, shape (num_kernels,)."""
    rows, columns, _ = candidates(unsplit(library))
    tiles: FloatArray = np.ceil(p.m[:, None] / rows) * np.ceil(p.n[:, None] / columns)
    fewest: FloatArray = p.batch * tiles.min(axis=1)
    return fewest


def _fastest(
    problem: Problem, hardware: HardwareColumns, parameters: ProductParameters, library: TileLibrary
) -> ProductCost:
    choices = _evaluate(problem, hardware, parameters, library)
    winner = choices.time.argmin(axis=-1)[..., None]
    shape = choices.time.shape
    return ProductCost(
        **{
            f.name: np.take_along_axis(np.broadcast_to(getattr(choices, f.name), shape), winner, -1)[..., 0]
            for f in fields(ProductCost)
        }
    )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Grid:
    """Blocks of every choice; arrays broadcast to (num_kernels, num_accelerators, num_choices).

    Attributes
    ----------
    tm, tn, splits : array
    steps : array
        Steps of the main loop of one block. [1]
    tiles, blocks : array
        Output tiles, and blocks that compute them. [1]
    busy, waves : array
        See :func:`simulator.cost.families.tiles.wave_time`.
    """

    tm: FloatArray
    tn: FloatArray
    splits: FloatArray
    steps: FloatArray
    tiles: FloatArray
    blocks: FloatArray
    busy: FloatArray
    waves: FloatArray

    @classmethod
    def build(cls, p: Problem, hardware: HardwareColumns, library: TileLibrary, alone: FloatArray) -> _Grid:
        tm, tn, splits = candidates(library)
        batch, m, n, k, itemsize = (x[:, None, None] for x in (p.batch, p.m, p.n, p.k, p.itemsize))
        tiles = batch * np.ceil(m / tm) * np.ceil(n / tn)
        staged = _STAGES * library.step * (tm + tn)
        filling = np.clip(np.floor(_ACCUMULATORS / (tm * tn)), 1.0, library.resident)
        fitting = np.floor(hardware.core_memory[None, :, None] / staged)
        resident = np.clip(fitting, 1.0, filling)
        blocks = tiles * splits
        cores = hardware.cores[None, :, None]
        busy, waves = wave_time(blocks, cores=cores, resident=resident, lone=alone * filling)
        steps = np.maximum(np.ceil(k * itemsize / splits / library.step), 1.0)
        return cls(tm=tm, tn=tn, splits=splits, steps=steps, tiles=tiles, blocks=blocks, busy=busy, waves=waves)


def _evaluate(
    p: Problem, hardware: HardwareColumns, parameters: ProductParameters, library: TileLibrary
) -> ProductCost:
    """Every choice of tile and split; arrays broadcast to (num_kernels, num_accelerators, num_choices).

    The parameters have the shape (1, num_accelerators, 1) here and below.
    """
    grid = _Grid.build(p, hardware, library, parameters.alone)
    l2_rate = parameters.l2 * hardware.cache_rate[None, :, None]
    arithmetic = _arithmetic(p, hardware, parameters, library, grid)
    exposed = _exposed(p, hardware, parameters, grid)
    l2 = library.shared * grid.blocks * (grid.tm + grid.tn) * grid.steps * library.step / l2_rate
    dram = _dram(p, hardware, parameters)
    partial = grid.splits * (p.batch * p.m * p.n)[:, None, None] * _PARTIAL_BYTES
    splitting = np.where(grid.splits > 1, parameters.split + partial / l2_rate, 0.0)
    # The L2 feeds the main loop, so the slower of both sets its pace; DRAM is ahead of both by the bytes in flight.
    on_chip = np.maximum(arithmetic + exposed, l2)
    time = parameters.floor + overlapped((on_chip, dram), parameters.overlap) + splitting
    return ProductCost(
        time=np.where(_offered(p, library)[:, None, :], time, np.inf),
        access=p.widths()[:, None, None],
        tile_rows=grid.tm,
        tile_columns=grid.tn,
        splits=grid.splits,
        blocks=grid.blocks,
        waves=grid.waves,
        arithmetic=arithmetic,
        exposed=exposed,
        l2=l2,
        dram=dram,
        splitting=splitting,
        floor=parameters.floor,
    )


def _offered(p: Problem, library: TileLibrary) -> NDArray[np.bool_]:
    """Choices that the library has for each problem, shape (num_kernels, num_choices)."""
    tm, tn, _ = candidates(library)
    wide = (p.widths() >= WIDEST_ACCESS)[:, None]
    narrow = (np.maximum(tm, tn) <= _LONGEST_NARROW)[None, :]
    open_to: NDArray[np.bool_] = offered(library, p.m, p.n, p.k, batch=p.batch) & (wide | narrow)
    return open_to


def _arithmetic(
    p: Problem, hardware: HardwareColumns, parameters: ProductParameters, library: TileLibrary, grid: _Grid
) -> FloatArray:
    """Time of the busiest core in its main loops. [s]

    A step multiplies, and brings in its operands by accesses of a width that the rows allow; rows of odd lengths are
    moved element by element, those of the output too.
    """
    cores, clock = hardware.cores[None, :, None], hardware.core_clock[None, :, None]
    tm, tn, width = grid.tm, grid.tn, p.widths()[:, None, None]
    core_peak = p.peak[:, :, None] / cores
    depth = library.step / p.itemsize[:, None, None]
    fed = np.maximum(tm * tn, parameters.feed * (tm + tn))
    multiplying = grid.steps * 2.0 * depth * fed / (core_peak * parameters.rate)
    accesses = clock * np.where(width < WIDEST_ACCESS, parameters.narrow_accesses, parameters.accesses)
    moving = grid.steps * library.staged * (tm + tn) * library.step / (width * accesses)
    # An element that comes in is loaded and put into shared memory, one that goes out is only stored.
    placing = 0.5 * tm * tn * _output_bytes(p) * (1.0 / width - 1.0 / WIDEST_ACCESS) / accesses
    return grid.busy * (np.maximum(multiplying, moving) + placing + _gathering(hardware, library, grid))


def _gathering(hardware: HardwareColumns, library: TileLibrary, grid: _Grid) -> FloatArray:
    """Time in which a block computes the places of its operands between multiplications. [s]"""
    rate = np.inf if library.gathered is None else library.gathered * hardware.core_clock[None, :, None]
    time: FloatArray = grid.steps * (grid.tm + grid.tn) * library.step / rate
    return time


def _exposed(p: Problem, hardware: HardwareColumns, parameters: ProductParameters, grid: _Grid) -> FloatArray:
    """Start and end of blocks, which nothing hides. [s]"""
    drained = grid.blocks * grid.tm * grid.tn * _output_bytes(p)
    drain = drained / (parameters.store * hardware.dram_achievable_read[None, :, None])
    started = np.ceil(grid.blocks / hardware.cores[None, :, None])
    return started * _BLOCK_CLOCKS / hardware.core_clock[None, :, None] + drain


def _output_bytes(p: Problem) -> FloatArray:
    """Bytes of one output element, shape (num_kernels, 1, 1)."""
    return (p.writes / (p.batch * p.m * p.n))[:, None, None]


def _dram(p: Problem, hardware: HardwareColumns, parameters: ProductParameters) -> FloatArray:
    """Time of the DRAM: what the cache does not keep goes over it once. [s]

    Blocks that run together read the same rows and columns, and so do the waves after them, out of the cache.
    """
    moved = (p.reads + p.writes)[:, None, None] * (1.0 - p.hit_rate[:, :, None])
    read, datasheet = (rate[None, :, None] for rate in (hardware.dram_achievable_read, hardware.dram_bandwidth))
    return moved / np.minimum(parameters.dram * read, datasheet)
