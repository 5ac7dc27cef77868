"""Convolutions: implicit products on matrix units; on vector units the fastest of three algorithms.

cuDNN's fp32 3x3 kernels are implicit products, a fused Winograd F(2x2, 3x3), and an unfused Winograd F(4x4, 3x3) whose
36 batched products go through cuBLAS (Lavin and Gray, "Fast algorithms for convolutional neural networks", CVPR 2016).
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from simulator.cost.hardware import HardwareColumns
from simulator.cost.mechanisms import cache_hit_rate
from simulator.cost.parameters import Parameters, parameter
from simulator.cost.power_limit import Allowance
from simulator.cost.products import Problem, ProductCost, at_built_rate, product_cost, runs_as_built
from simulator.cost.products.tiles import library_groups, wave_time
from simulator.kernels import ConvolutionTable

from .family import Family, FamilyCost, Formula, ParameterGroup, bound_of, every, parameters_of
from .matmul import MATMUL, PRODUCT_FORMULAS, VECTOR_MATMUL, VectorProductParameters, product_terms, unit_peak
from .stream import STREAM
from .systolic.products import SYSTOLIC_CONVOLUTION, SYSTOLIC_FORMULAS

__all__ = ["ALGORITHMS", "CONVOLUTIONS", "matrix_convolution_cost", "vector_convolution_cost"]

FloatArray = NDArray[np.float64]

ALGORITHMS = ("implicit product", "fused Winograd F(2x2)", "unfused Winograd F(4x4)")

#: Patch of output that one block of fused Winograd covers, 4 x 8 tiles of 2 x 2, and its output channels
#: (``winograd_128x128_ldg1_ldg4_relu_tile148t``).
_PATCH = (8.0, 16.0)
_PATCH_TILES, _PATCH_CHANNELS = 32.0, 32.0
#: Products of one channel in F(2x2, 3x3): 4 x 4 transformed values of each tile, an add and a multiply each.
_TRANSFORMED_2 = 16.0
#: Transformed values of a tile of F(4x4, 3x3), which become that many products.
_TRANSFORMED_4 = 36.0
#: Multiplications of each algorithm over those of nine taps: 16 for 2 x 2 results, 36 for 4 x 4.
_MULTIPLICATIONS = np.array([1.0, _TRANSFORMED_2 / (9.0 * 4.0), _TRANSFORMED_4 / (9.0 * 16.0)])
#: Channels of one tap that a step of the main loop takes on matrix units, in bytes (``256x64_32x4`` of bf16). [B]
_TAP_BYTES = 64.0
#: Prologue and epilogue of each wave of fused Winograd. [s]
_FUSED_FILL = 5e-6
#: Fused blocks that one core runs side by side, and channels of one step.
_FUSED_RESIDENT, _FUSED_STEP = 2.0, 8.0
#: Share of a core's time that a lone fused block takes. [1]
_FUSED_ALONE = 0.5


@dataclass(frozen=True, eq=False, kw_only=True)
class ConvolutionParameters(Parameters):
    """Parameter of convolutions on matrix units, beside those of products and streams."""

    share: FloatArray = parameter(
        1.0, "1", 0.3, 1.2, "rate of implicit products over that of plain ones that gather their operands as they do"
    )
    # Of 16 B each, after 32 instructions of 128 lanes, or twice as many.
    copies: FloatArray = parameter(
        64.0, "B/clk", 4.0, 512.0, "operands whose places a core computes in a clock, and copies", observed=True
    )
    registers: FloatArray = parameter(
        32.0, "B/clk", 4.0, 512.0, "the same where they go to shared memory through registers", observed=True
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class VectorConvolutionParameters(Parameters):
    """Parameters of convolutions on vector units; the products inside them have the usual ones of products beside.

    On parts left out of a fit (A100, V100, T4, P100) they do as well as with those of products fitted too and a latency
    for each algorithm (20 % in the mean, rows over 150 us).
    """

    rate: FloatArray = parameter(0.75, "1", 0.2, 1.0, "share of the peak in the products of unfused Winograd")
    fused_rate: FloatArray = parameter(0.6, "1", 0.1, 1.0, "share of the peak in fused Winograd")
    transform: FloatArray = parameter(0.65, "1", 0.2, 1.0, "share of the DRAM bandwidth in the transforms of Winograd")
    latency: FloatArray = parameter(3e-5, "s", 0.0, 1.2e-4, "kernels around those that multiply")


def matrix_convolution_cost(
    table: ConvolutionTable, hardware: HardwareColumns, parameters: ConvolutionParameters
) -> FamilyCost:
    """Implicit product: as a matrix product whose operands are gathered from image and filter.

    Threads compute the place of every access, and whether it lies in the image, between multiplications: cores that
    multiply faster lose more by it. Few channels are padded to a step of the main loop at each tap, which makes 256
    steps of a filter of 16 x 16. A depthwise convolution has no reduction to tile and streams its image.
    """
    problem = replace(_implicit_problem(table, hardware), k=_padded_depth(table))
    problem = replace(problem, peak=problem.peak * parameters.share)
    cost = _tiled(problem, hardware, parameters, _roles(table), runs_as_built(table), Allowance.of(table, hardware))
    family = product_terms(cost, "matrix")
    stream = parameters_of(hardware, STREAM)
    streamed = stream.floor + table.bytes[:, None] / (stream.dram * hardware.dram_achievable_copy)
    return FamilyCost(
        time=np.where(table.depthwise[:, None], streamed, family.time),
        bound=family.bound,
        terms=family.terms,
        clocked=np.where(table.depthwise[:, None], 0.0, cost.arithmetic),
    )


def _roles(table: ConvolutionTable) -> NDArray[np.str_]:
    """Tile library of each convolution, by its role, shape (num_kernels,)."""
    few = (table.filter_positions > 1) & (table.input_channels * table.itemsize <= _TAP_BYTES / 2)
    roles: NDArray[np.str_] = np.where(few, "few_channels", np.where(table.axes > 2, "convolution_3d", "convolution"))
    return roles


def _tiled(
    problem: Problem,
    hardware: HardwareColumns,
    parameters: ConvolutionParameters,
    roles: NDArray[np.str_],
    as_built: NDArray[np.bool_],
    allowance: Allowance | None,
) -> ProductCost:
    """Every product with the tiles of its role, at the rate of the instructions of their library."""
    result = ProductCost(**{f.name: hardware.zeros(len(roles)) for f in fields(ProductCost)})
    for role in dict.fromkeys(roles.tolist()):
        rows = np.flatnonzero(roles == role)
        own = problem.rows(rows)
        own = replace(
            own, peak=own.peak * _instruction_share(role, hardware), gathered=_gathered(role, hardware, parameters)
        )
        limit = None if allowance is None else allowance.at(rows)
        usual = parameters_of(hardware, MATMUL)
        cost = at_built_rate(own, hardware, usual, as_built=as_built[rows], role=role, allowance=limit)
        for field in fields(ProductCost):
            getattr(result, field.name)[rows] = getattr(cost, field.name)
    return result


def _instruction_share(role: str, hardware: HardwareColumns) -> FloatArray:
    """Share of the matrix peak that the instructions of a library reach, shape (num_accelerators,). [1]"""
    share = np.ones(len(hardware))
    for library, columns in library_groups(role, hardware.traits):
        if library.warp_wide:
            share[columns] = hardware.warp_matrix_share[columns]
    return share


def _gathered(role: str, hardware: HardwareColumns, parameters: ConvolutionParameters) -> FloatArray:
    """Operands whose places a core computes in a clock, shape (num_accelerators,); infinite for whole tiles. [B/clk]"""
    rate = np.full(len(hardware), np.inf)
    for library, columns in library_groups(role, hardware.traits):
        if library.gathered is not None:
            rate[columns] = getattr(parameters, library.gathered)[columns]
    return rate


def _padded_depth(table: ConvolutionTable) -> FloatArray:
    """Reduced length as the main loop walks it: every tap takes whole steps of its channels."""
    step = _TAP_BYTES / table.itemsize
    padded = table.filter_positions * np.ceil(table.input_channels / step) * step
    return np.where(table.filter_positions > 1, padded, table.reduced_length)


def vector_convolution_cost(
    table: ConvolutionTable, hardware: HardwareColumns, parameters: VectorConvolutionParameters
) -> FamilyCost:
    """The fastest of three algorithms within the power limit."""
    usual = _usual(hardware)
    limit = Allowance.of(table, hardware, beside=parameters.latency)
    implicit = product_cost(_implicit_problem(table, hardware), hardware, usual, role="implicit", allowance=limit)
    unfused, transforms = _unfused(table, hardware, parameters)
    fused = _fused(table, hardware, parameters)
    times = np.stack([implicit.time, fused, unfused]) + parameters.latency
    clocks = np.stack([implicit.arithmetic, fused + parameters.latency, unfused + parameters.latency - transforms])
    chosen = _chosen(table, hardware, times, clocks)
    times[1:, ~_eligible(table)] = np.inf
    time = np.take_along_axis(times, chosen[None], axis=0)[0]
    bounds = {
        "vector": np.where(chosen == 0, implicit.arithmetic, time),
        "dram": np.where(chosen == 2, transforms, implicit.dram),
    }
    terms = {
        "algorithm": chosen.astype(np.float64),
        **{f"time of {name}": time for name, time in zip(ALGORITHMS, times, strict=True)},
        "transforms of unfused Winograd": transforms,
    }
    clocked = bounds["vector"] - np.where(chosen == 2, transforms, 0.0)
    done = np.choose(chosen, _MULTIPLICATIONS)
    return FamilyCost(time=time, bound=bound_of(bounds), terms=terms, clocked=clocked, done=done)


def _usual(hardware: HardwareColumns) -> VectorProductParameters:
    """Parameters of the products inside: the usual ones, with what was observed of blocks."""
    usual = VectorProductParameters.usual(len(hardware))
    return replace(usual, start=parameters_of(hardware, VECTOR_MATMUL).start)


def _chosen(
    table: ConvolutionTable, hardware: HardwareColumns, times: FloatArray, clocked: FloatArray
) -> NDArray[np.int64]:
    """Algorithm that is the fastest within the power limit, shape (num_kernels, num_accelerators)."""
    limited = [
        time if limit is None else limit.times(time, part)
        for time, part, share in zip(times, clocked, _MULTIPLICATIONS, strict=True)
        for limit in [Allowance.of(table, hardware, done=np.full((1, 1), share))]
    ]
    chosen: NDArray[np.int64] = np.where(_eligible(table)[:, None], np.stack(limited).argmin(axis=0), 0)
    return chosen


def _eligible(table: ConvolutionTable) -> NDArray[np.bool_]:
    """Convolutions that Winograd can compute, shape (num_kernels,)."""
    eligible: NDArray[np.bool_] = table.may_run_winograd & (table.output_height > 0)
    return eligible


def _implicit_problem(table: ConvolutionTable, hardware: HardwareColumns) -> Problem:
    """Convolution as a product: rows are output positions, columns output channels, reduced over taps."""
    return Problem(
        batch=table.num_groups,
        m=table.positions,
        n=table.output_channels,
        k=table.reduced_length,
        itemsize=table.itemsize,
        reads=table.bytes_read,
        writes=table.bytes_written,
        hit_rate=cache_hit_rate(table, hardware.cache_capacity),
        peak=unit_peak(table, hardware),
    )


def _images(table: ConvolutionTable) -> FloatArray:
    return table.positions / (_side(table.output_height) * _side(table.output_width))


def _side(length: FloatArray) -> FloatArray:
    """Side of the output image; 1 where it is not known, where Winograd is not considered."""
    return np.maximum(length, 1.0)


def _fused(table: ConvolutionTable, hardware: HardwareColumns, parameters: VectorConvolutionParameters) -> FloatArray:
    """Fused Winograd F(2x2): blocks of one patch of one image, padded at its edges. [s]"""
    patches = (
        _images(table)
        * np.ceil(_side(table.output_height) / _PATCH[0])
        * np.ceil(_side(table.output_width) / _PATCH[1])
    )
    blocks = (table.num_groups * patches * np.ceil(table.output_channels / _PATCH_CHANNELS))[:, None]
    channels = np.ceil(table.input_channels / _FUSED_STEP) * _FUSED_STEP
    flops = 2.0 * _PATCH_TILES * _PATCH_CHANNELS * _TRANSFORMED_2 * channels[:, None]
    resident = np.full(blocks.shape, _FUSED_RESIDENT)
    busy, waves = wave_time(blocks, cores=hardware.cores, resident=resident, lone=_FUSED_ALONE * resident)
    work = busy * flops * hardware.cores / (unit_peak(table, hardware) * parameters.fused_rate)
    filters = 5.0 * _filter_bytes(table)[:, None] / (parameters.transform * hardware.dram_achievable_copy)
    return work + waves * _FUSED_FILL + filters


def _unfused(
    table: ConvolutionTable, hardware: HardwareColumns, parameters: VectorConvolutionParameters
) -> tuple[FloatArray, FloatArray]:
    """Unfused Winograd F(4x4): 36 batched products between transforms that go through memory. [s], [s]"""
    tiles = _images(table) * np.ceil(_side(table.output_height) / 4.0) * np.ceil(_side(table.output_width) / 4.0)
    channels = table.input_channels
    itemsize = table.itemsize
    values = _TRANSFORMED_4 * table.num_groups
    image, filters = values * tiles * channels * itemsize, values * table.output_channels * channels * itemsize
    output = values * tiles * table.output_channels * itemsize
    problem = Problem(
        batch=values,
        m=table.output_channels,
        n=tiles,
        k=channels,
        itemsize=itemsize,
        reads=image + filters,
        writes=output,
        hit_rate=np.zeros((len(table), len(hardware))),
        peak=unit_peak(table, hardware),
    )
    own = replace(_usual(hardware), rate=parameters.rate)
    products = product_cost(problem, hardware, own, role="vector_batched")
    # Image and filters are read and written transformed; the products are read and the output written.
    moved = (table.bytes_read + image + filters + output + table.bytes_written)[:, None]
    transforms = moved / (parameters.transform * hardware.dram_achievable_copy)
    return products.time + transforms, transforms


def _filter_bytes(table: ConvolutionTable) -> FloatArray:
    return table.num_groups * table.output_channels * table.reduced_length * table.itemsize


_FORMULAS = {
    **PRODUCT_FORMULAS,
    "algorithm": Formula("fastest of " + ", ".join(ALGORITHMS), "", ALGORITHMS),
    **{f"time of {name}": Formula("candidate; the fastest is taken") for name in ALGORITHMS},
    "transforms of unfused Winograd": Formula("transformed image, filter, and output through DRAM"),
}

CONVOLUTIONS = Family(
    table=ConvolutionTable,
    groups=(
        ParameterGroup(
            name="convolution",
            parameters=ConvolutionParameters,
            holds=every,
            cost=matrix_convolution_cost,
            borrowed=(MATMUL.name,),
        ),
        ParameterGroup(
            name="vector_convolution",
            parameters=VectorConvolutionParameters,
            holds=lambda table: table.matrix_flops == 0,
            cost=vector_convolution_cost,
        ),
    ),
    formulas=_FORMULAS,
    systolic=(SYSTOLIC_CONVOLUTION,),
    systolic_formulas=SYSTOLIC_FORMULAS,
)
