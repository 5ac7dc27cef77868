"""Implicit products of convolutions on cores, tile by tile."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hw_specs.tiles import TileLibrary
from simulator.cost.hardware import HardwareColumns
from simulator.cost.products.tiles import candidates, library_groups

from .parameters import SearchedConvolutionParameters

__all__ = ["Implicit", "implicit_time"]

FloatArray = NDArray[np.float64]

#: Role of the library of tiles.
_ROLE = "convolution"

#: Accumulators that fill a core, and the most blocks of one core.
_ACCUMULATORS, _RESIDENT = 32768.0, 4.0

#: Bytes of a partial sum, which is written and read again.
_PARTIAL_BYTES = 8.0

#: Start of the kernels that clear and convert partial sums. [s]
_SPLIT_START = 1.5e-5


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Implicit:
    """Products with what a core does for their operands.

    Attributes
    ----------
    batch, m, n, k : array of shape (num_kernels,)
        Rows are positions, columns channels.
    itemsize : array of shape (num_kernels,)
        [B]
    step : float
        Bytes of the reduced length in one step of the main loop. [B]
    row_cost, column_cost : array of shape (num_kernels, num_accelerators)
        Cost of gathering a byte of a row and of a column, over that of accesses of full width. [1]
    peak : array of shape (num_kernels, num_accelerators)
        [FLOP/s]
    gathered : array of shape (num_accelerators,)
        Operands that a core gathers in a clock. [B/clk]
    splits : bool
        Whether blocks may share the reduced length.
    """

    batch: FloatArray
    m: FloatArray
    n: FloatArray
    k: FloatArray
    itemsize: FloatArray
    step: float
    row_cost: FloatArray
    column_cost: FloatArray
    peak: FloatArray
    gathered: FloatArray
    splits: bool = True

    def accelerators(self, columns: NDArray[np.int64]) -> Implicit:
        """The same on some of the accelerators."""
        return replace(
            self,
            row_cost=self.row_cost[:, columns],
            column_cost=self.column_cost[:, columns],
            peak=self.peak[:, columns],
            gathered=self.gathered[columns],
        )


def implicit_time(
    product: Implicit, hardware: HardwareColumns, parameters: SearchedConvolutionParameters
) -> FloatArray:
    """Time of the cores with the fastest tile of the library, shape (num_kernels, num_accelerators). [s]

    A block gathers the operands of a step, whose places it computes, and multiplies them, one after the other: threads
    of one wavefront do both. Few blocks on a core cannot fill it.
    """
    time = hardware.zeros(len(product.m))
    for library, columns in library_groups(_ROLE, hardware.traits):
        part = product.accelerators(columns), hardware.select(columns), parameters.select(columns)
        time[:, columns] = _fastest(library, *part)
    return time


def _fastest(
    library: TileLibrary, product: Implicit, hardware: HardwareColumns, parameters: SearchedConvolutionParameters
) -> FloatArray:
    best: FloatArray = np.full(product.peak.shape, np.inf)
    for rows, columns, splits in zip(*(values.tolist() for values in candidates(library)), strict=True):
        if splits == 1 or product.splits:
            best = np.minimum(best, _of_tile(rows, columns, splits, product, hardware, parameters))
    return best


def _of_tile(
    rows: float,
    columns: float,
    splits: float,
    p: Implicit,
    hardware: HardwareColumns,
    parameters: SearchedConvolutionParameters,
) -> FloatArray:
    """Time with one tile."""
    depth = p.step / p.itemsize
    steps = np.ceil(p.k / splits / depth)[:, None]
    blocks = p.batch * np.ceil(p.m / rows) * np.ceil(p.n / columns) * splits
    core_rate = p.peak / hardware.cores / hardware.core_clock * parameters.rate
    multiplying = (2.0 * rows * columns * depth)[:, None] / core_rate
    gathering = p.step * (rows * p.row_cost + columns * p.column_cost) / p.gathered
    block = parameters.start + steps * (multiplying + gathering)
    busy = _busy(blocks[:, None], rows * columns, hardware.cores, parameters.alone)
    time: FloatArray = busy * block / hardware.core_clock
    if splits == 1:
        return time
    partial = (splits * p.batch * p.m * p.n * _PARTIAL_BYTES)[:, None] / hardware.cache_rate
    return time + _SPLIT_START + partial


def _busy(blocks: FloatArray, tile: float, cores: FloatArray, alone: FloatArray) -> FloatArray:
    """Blocks that the busiest core has to run one after another at full rate. [1]"""
    resident = float(np.clip(np.floor(_ACCUMULATORS / tile), 1.0, _RESIDENT))
    each = np.ceil(blocks / cores)
    busy: FloatArray = np.maximum(each, alone * resident * np.ceil(each / resident))
    return busy
