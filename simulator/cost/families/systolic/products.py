"""Matrix products and convolutions on systolic engines: grid, vector unit for what is fused behind them, DRAM."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.cost.families.family import FamilyCost, Formula, ParameterGroup, bound_of, every, parameters_of
from simulator.cost.hardware import HardwareColumns
from simulator.cost.mechanisms import cache_hit_rate, overlapped
from simulator.cost.parameters import Parameters, floor_parameter, parameter
from simulator.kernels import ConvolutionTable, FamilyTable, ProductTable

from .grid import Grid, grid_time
from .operands import read_again
from .vector_unit import vector_time

__all__ = [
    "SYSTOLIC_CONVOLUTION",
    "SYSTOLIC_FORMULAS",
    "SYSTOLIC_PRODUCT",
    "SystolicProductParameters",
    "matrix_peak",
    "room_of",
]

FloatArray = NDArray[np.float64]

#: Channels that a position of a filter is padded to where several positions share the grid: its sublanes. [1]
_SUBLANES = 8.0


@dataclass(frozen=True, eq=False, kw_only=True)
class SystolicProductParameters(Parameters):
    """Parameters of products on a systolic grid; by default what the one that was measured reaches.

    A compiler's best blocks keep its grid busy for 0.88 of the peak, its usual ones for three quarters of it.
    """

    rate: FloatArray = parameter(0.8, "1", 0.4, 1.0, "share of the published rate while operands stream through")
    dram: FloatArray = parameter(0.9, "1", 0.4, 1.0, "share of the DRAM bandwidth reached")
    # A compiler's memory for one kernel is a share of the whole, of which the next operands' prefetches have theirs.
    room: FloatArray = parameter(0.25, "1", 0.02, 1.0, "share of the memory on chip that one operand may take")
    # Compilers place what one kernel hands to the next on chip, where there is room beside operands on their way.
    resident: FloatArray = parameter(
        0.5,
        "1",
        0.0,
        1.0,
        "share of the traffic that stays on chip where an earlier kernel left it there",
        observed=True,
    )
    overlap: FloatArray = parameter(
        6.0, "1", 1.2, 12.0, "exponent that joins grid, vector unit and DRAM: 1 adds, infinity takes the largest"
    )
    # Fitted, it takes in what a compiler gets wrong of short products: 9 us, where whole rows of attention take 7.
    floor: FloatArray = floor_parameter(3e-6, observed=True)


@dataclass(frozen=True, eq=False, kw_only=True)
class SystolicConvolutionParameters(Parameters):
    """Parameter of convolutions on a systolic grid, beside those of products."""

    share: FloatArray = parameter(
        1.0, "1", 0.3, 1.2, "rate of convolutions over that of products that fill the grid alike"
    )


def matrix_peak(table: FamilyTable, hardware: HardwareColumns) -> FloatArray:
    """Published rate of the grids for each kernel, shape (num_kernels, num_accelerators). [FLOP/s]"""
    return hardware.rates("matrix", table.formats)[table.number_format]


def room_of(hardware: HardwareColumns, share: FloatArray) -> FloatArray:
    """Memory on chip that one operand may take, infinite where its size is not known. [B]"""
    capacity = hardware.cache_capacity
    return np.where(capacity > 0, share * capacity, np.inf)


def product_cost(table: ProductTable, hardware: HardwareColumns, parameters: SystolicProductParameters) -> FamilyCost:
    """Matrix products: the grid, what follows in the same kernel, and operands that come from DRAM."""
    batch, m, n, k = (column[:, None] for column in (table.batch, table.m, table.n, table.k))
    item = table.itemsize[:, None]
    grid = Grid.of(hardware.traits)
    busy = grid_time(grid, batch=batch, m=m, n=n, k=k, peak=matrix_peak(table, hardware))
    again = batch * read_again(
        m=m, n=n, depth=k * item, first=m * k * item, second=n * k * item, room=room_of(hardware, parameters.room)
    )
    return _joined(table, hardware, parameters, busy, again)


def convolution_cost(
    table: ConvolutionTable, hardware: HardwareColumns, parameters: SystolicConvolutionParameters
) -> FamilyCost:
    """Convolutions: each position of the filter is a product over the channels that lie below it.

    A grid is as deep as the channels of one position, or of several where they are few. Depthwise convolutions, which
    reduce no channels, run on the vector unit.
    """
    usual = parameters_of(hardware, SYSTOLIC_PRODUCT)
    grid, positions = Grid.of(hardware.traits), table.positions[:, None]
    depth = _filter_depth(table, grid)
    busy = grid_time(
        grid,
        batch=table.num_groups[:, None],
        m=positions,
        n=table.output_channels[:, None],
        k=depth,
        peak=parameters.share * matrix_peak(table, hardware),
    )
    busy = np.where(table.depthwise[:, None], 0.0, busy)
    item = table.itemsize[:, None]
    filters = (table.output_channels * table.reduced_length)[:, None] * item
    image = np.maximum(table.bytes_read[:, None] / table.num_groups[:, None] - filters, 1.0)
    again = table.num_groups[:, None] * read_again(
        m=positions,
        n=table.output_channels[:, None],
        depth=image / positions,
        first=image,
        second=filters,
        room=room_of(hardware, usual.room),
    )
    return _joined(table, hardware, usual, busy, again)


def _filter_depth(table: ConvolutionTable, grid: Grid) -> FloatArray:
    """Reduced length with its padding, shape (num_kernels, num_accelerators). [1]

    Positions whose channels do not fill the grid share it, each padded to the sublanes of a register.
    """
    channels, positions = table.input_channels[:, None], table.filter_positions[:, None]
    padded = np.ceil(channels / _SUBLANES) * _SUBLANES
    sharing = np.maximum(np.floor(grid.rows / padded), 1.0)
    few = np.ceil(positions / sharing) * grid.rows
    many = positions * np.ceil(channels / grid.rows) * grid.rows
    # A grid that keeps sums streams the reduced length, whatever it is.
    deep = np.where(channels < grid.rows, few, many)
    return np.where(grid.keeps_output, positions * padded, deep)


def _joined(
    table: ProductTable | ConvolutionTable,
    hardware: HardwareColumns,
    parameters: SystolicProductParameters,
    busy: FloatArray,
    again: FloatArray,
) -> FamilyCost:
    """Cost of a grid that is busy for some time at its full rate, with some bytes that are read again."""
    grid = Grid.of(hardware.traits)
    filled = (grid.rows + grid.columns) / hardware.core_clock
    multiplying = busy / parameters.rate + np.where(busy > 0, filled, 0.0)
    reduced = np.where(busy > 0, 0.0, table.matrix_flops[:, None])  # depthwise
    vector = vector_time(
        table,
        hardware,
        grid,
        operations=table.vector_flops[:, None] + reduced,
        specials=table.special_ops[:, None],
    )
    kept = cache_hit_rate(table, hardware.cache_capacity) * parameters.resident
    moved = table.bytes[:, None] * (1.0 - kept) + again
    dram = moved / (parameters.dram * hardware.dram_bandwidth)
    floor = np.broadcast_to(parameters.floor, dram.shape)
    bounds = {"matrix": multiplying, "vector": vector, "dram": dram, "latency": floor}
    terms = {"grid": multiplying, "vector unit": vector, "read again": again, "DRAM traffic": dram, "floor": floor}
    return FamilyCost(
        time=floor + overlapped((multiplying, vector, dram), parameters.overlap),
        bound=bound_of(bounds),
        terms=terms,
        clocked=multiplying,
    )


SYSTOLIC_FORMULAS = {
    "grid": Formula(
        "blocks that the grid keeps * clocks of the stream past each / (share * published rate), and filling"
    ),
    "vector unit": Formula("elementwise operations / rate of the vector unit, or special functions / theirs"),
    "read again": Formula("bytes of operands that memory on chip leaves no room for", "B"),
    "DRAM traffic": Formula("(bytes not kept on chip + those read again) / (share * DRAM bandwidth)"),
    "floor": Formula("shortest duration"),
}

SYSTOLIC_PRODUCT = ParameterGroup(
    name="systolic_product", parameters=SystolicProductParameters, holds=every, cost=product_cost
)

SYSTOLIC_CONVOLUTION = ParameterGroup(
    name="systolic_convolution",
    parameters=SystolicConvolutionParameters,
    holds=every,
    cost=convolution_cost,
    borrowed=(SYSTOLIC_PRODUCT.name,),
)
