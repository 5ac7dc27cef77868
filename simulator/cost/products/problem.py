"""Products as columns, the parameters of all that multiplies tiles, and what a chosen tile costs."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from simulator.cost.parameters import Parameters, floor_parameter, parameter

__all__ = ["WIDEST_ACCESS", "Problem", "ProductCost", "ProductParameters"]

FloatArray = NDArray[np.float64]

#: Widest access of one thread, and of one asynchronous copy to shared memory. [B]
WIDEST_ACCESS = 16.0


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
    start: FloatArray = parameter(
        100.0, "clk", 0.0, 1000.0, "time of a core for the start, prologue and epilogue of a block", observed=True
    )
    floor: FloatArray = floor_parameter(2.5e-6, dram=1.0)


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
    gathered : array of shape (num_accelerators,), optional
        Bytes of operands whose places a core computes in a clock, between multiplications; by default it copies whole
        tiles. [B/clk]
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
    gathered: FloatArray | None = None

    def rows(self, index: slice | NDArray[np.int64]) -> Problem:
        """Some of the problems."""
        columns = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "gathered"}
        own = {name: values[index] for name, values in columns.items() if values is not None}
        return Problem(**own, gathered=self.gathered)

    def accelerators(self, columns: NDArray[np.int64]) -> Problem:
        """The problems on some of the accelerators."""
        gathered = None if self.gathered is None else self.gathered[columns]
        return replace(self, peak=self.peak[:, columns], hit_rate=self.hit_rate[:, columns], gathered=gathered)

    def widths(self) -> FloatArray:
        """Bytes of one access of each problem."""
        return np.full(len(self.m), WIDEST_ACCESS) if self.access is None else self.access


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ProductCost:
    """Tiles and the terms of their times; arrays of one shape, (num_kernels, num_accelerators) of chosen tiles."""

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
