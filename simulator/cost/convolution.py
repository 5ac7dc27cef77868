"""Convolutions: implicit products on matrix units; on vector units the fastest of three algorithms.

cuDNN's fp32 3x3 kernels are implicit products, a fused Winograd F(2x2, 3x3), and an unfused Winograd F(4x4, 3x3) whose
36 batched products go through cuBLAS (Lavin and Gray, "Fast algorithms for convolutional neural networks", CVPR 2016).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import ConvolutionTable

from .family import FamilyCost, bound_of
from .hardware import HardwareColumns
from .matmul import product_terms, unit_of, unit_peak
from .mechanisms import power_slowdown, residency, throttle_factor
from .product import Problem, ProductCost, product_cost
from .roofline import BOUNDS
from .tiles import occupied_rounds

__all__ = ["ALGORITHMS", "convolution_cost"]

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
#: Channels of one tap that a step of the main loop takes on matrix units, in bytes (``256x64_32x4`` of bf16). [B]
_TAP_BYTES = 64.0
#: Tile of the kernel that cuDNN takes for few channels.
_NARROW_TILE = (256.0, 64.0)
#: Fused blocks that one core runs side by side, and channels of one step.
_FUSED_RESIDENT, _FUSED_STEP = 2.0, 8.0


def convolution_cost(group: str, table: ConvolutionTable, hardware: HardwareColumns) -> FamilyCost:
    """Convolutions on matrix units (``convolution``) or on vector units (``vector_convolution``)."""
    if group == "convolution":
        return _on_matrix_units(table, hardware)
    return _on_vector_units(table, hardware)


def _on_matrix_units(table: ConvolutionTable, hardware: HardwareColumns) -> FamilyCost:
    """Implicit product: as a matrix product whose rows are gathered from the image, at a share of its rate.

    Few channels are gathered tap by tap. A depthwise convolution has no reduction to tile and streams its image.
    """
    problem = replace(_implicit_problem(table, hardware), k=_padded_depth(table))
    problem = replace(problem, peak=problem.peak * hardware.parameters["convolution.share"])
    cost = product_cost(problem, hardware, group="matmul", role="matrix")
    family = product_terms(cost, unit_of("convolution"))
    dram = table.bytes[:, None] / (hardware.parameters["stream.dram"] * hardware.dram_achievable_copy)
    streamed = hardware.parameters["stream.floor"] + dram
    gathered = _gathered(table, hardware)
    few = (table.filter_positions > 1) & (table.input_channels * table.itemsize <= _TAP_BYTES / 2)
    depthwise = table.depthwise
    time = np.where(few[:, None], cost.floor + np.maximum(gathered, dram), family.time)
    return FamilyCost(
        time=np.where(depthwise[:, None], streamed, time),
        bound=np.where((few & ~depthwise)[:, None], BOUNDS.index("occupancy"), family.bound),
        terms={**family.terms, "gathering of few channels": np.where(few[:, None], gathered, 0.0)},
    )


def _padded_depth(table: ConvolutionTable) -> FloatArray:
    """Reduced length as the main loop walks it: every tap takes whole steps of its channels."""
    step = _TAP_BYTES / table.itemsize
    padded = table.filter_positions * np.ceil(table.input_channels / step) * step
    return np.where(table.filter_positions > 1, padded, table.reduced_length)


def _gathered(table: ConvolutionTable, hardware: HardwareColumns) -> FloatArray:
    """Time of tiles that take a step of the main loop for each tap, most of it padding. [s]

    cuDNN pads 3 channels to 8 and runs 256 steps of 32 for a filter of 16 x 16 (H100:
    ``cutlass_tensorop_bf16_s16816fprop_optimized_bf16_256x64_32x4_nhwc_align8``), without splitting that length.
    """
    rows, columns = _NARROW_TILE
    step = (_TAP_BYTES / table.itemsize)[:, None]
    core_rate = unit_peak(table, hardware) * hardware.parameters["convolution.share"] / hardware.cores
    gather = hardware.parameters["convolution.gather"] * np.nan_to_num(hardware.clock, nan=np.inf)
    one_step = np.maximum(2.0 * rows * columns * step / core_rate, (rows + columns) * step / gather)
    blocks = table.num_groups * np.ceil(table.positions / rows) * np.ceil(table.output_channels / columns)
    time: FloatArray = np.ceil(blocks[:, None] / hardware.cores) * table.filter_positions[:, None] * one_step
    return time


def _on_vector_units(table: ConvolutionTable, hardware: HardwareColumns) -> FamilyCost:
    implicit = product_cost(
        _implicit_problem(table, hardware),
        hardware,
        group="vector_convolution",
        role="implicit",
        rate="implicit_rate",
    )
    unfused, transforms = _unfused(table, hardware)
    fused = _fused(table, hardware)
    direct = implicit.time + hardware.parameters["vector_convolution.implicit_latency"]
    eligible = (table.may_run_winograd & (table.output_height > 0))[:, None]
    times = np.stack([direct, np.where(eligible, fused, np.inf), np.where(eligible, unfused, np.inf)])
    chosen = times.argmin(axis=0)
    bounds = {
        "vector": np.where(chosen == 0, implicit.arithmetic, times.min(axis=0)),
        "dram": np.where(chosen == 2, transforms, implicit.dram),
    }
    terms = {
        "algorithm": chosen.astype(np.float64),
        **{f"time of {name}": time for name, time in zip(ALGORITHMS, times, strict=True)},
        "transforms of unfused Winograd": transforms,
    }
    return FamilyCost(time=times.min(axis=0), bound=bound_of(bounds), terms=terms)


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
        kept=residency(table, hardware.cache_capacity),
        flops=2.0 * table.num_groups * table.positions * table.output_channels * table.reduced_length,
        peak=unit_peak(table, hardware),
    )


def _images(table: ConvolutionTable) -> FloatArray:
    return table.positions / (_side(table.output_height) * _side(table.output_width))


def _side(length: FloatArray) -> FloatArray:
    """Side of the output image; 1 where it is not known, where Winograd is not considered."""
    return np.maximum(length, 1.0)


def _fused(table: ConvolutionTable, hardware: HardwareColumns) -> FloatArray:
    """Fused Winograd F(2x2): blocks of one patch of one image, padded at its edges. [s]"""

    def parameter(name: str) -> FloatArray:
        return hardware.parameters[f"vector_convolution.{name}"]

    patches = (
        _images(table)
        * np.ceil(_side(table.output_height) / _PATCH[0])
        * np.ceil(_side(table.output_width) / _PATCH[1])
    )
    blocks = (table.num_groups * patches * np.ceil(table.output_channels / _PATCH_CHANNELS))[:, None]
    channels = np.ceil(table.input_channels / _FUSED_STEP) * _FUSED_STEP
    flops = 2.0 * _PATCH_TILES * _PATCH_CHANNELS * _TRANSFORMED_2 * channels[:, None]
    resident = np.full(blocks.shape, _FUSED_RESIDENT)
    busy, rounds = occupied_rounds(blocks, cores=hardware.cores, resident=resident, alone=parameter("alone"))
    working = parameter("fused_rate") * blocks / (np.maximum(busy, 1.0) * hardware.cores)
    throttled = _throttled(table, hardware, share=working)
    work = busy * flops * throttled * hardware.cores / (unit_peak(table, hardware) * parameter("fused_rate"))
    filters = 5.0 * _filter_bytes(table)[:, None] / (parameter("transform") * hardware.dram_achievable_copy)
    return work + rounds * parameter("fused_fill") + filters + parameter("fused_latency")


def _unfused(table: ConvolutionTable, hardware: HardwareColumns) -> tuple[FloatArray, FloatArray]:
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
        kept=np.zeros((len(table), len(hardware))),
        flops=2.0 * values * tiles * table.output_channels * channels,
        peak=unit_peak(table, hardware),
    )
    products = _batched(problem, hardware)
    # Image and filters are read and written transformed; the products are read and the output written.
    moved = (table.bytes_read + image + filters + output + table.bytes_written)[:, None]
    transforms = moved / (hardware.parameters["vector_convolution.transform"] * hardware.dram_achievable_copy)
    latency = hardware.parameters["vector_convolution.unfused_latency"]
    return products.time + transforms + latency, transforms


def _batched(problem: Problem, hardware: HardwareColumns) -> ProductCost:
    return product_cost(problem, hardware, group="vector_convolution", role="vector_batched")


def _filter_bytes(table: ConvolutionTable) -> FloatArray:
    return table.num_groups * table.output_channels * table.reduced_length * table.itemsize


def _throttled(table: ConvolutionTable, hardware: HardwareColumns, *, share: FloatArray) -> FloatArray:
    """Slowdown at the power limit, for which only the `share` of the units that works at a time counts."""
    peak, parameters = unit_peak(table, hardware), hardware.parameters
    energy = parameters["vector_convolution.energy"]
    return throttle_factor(
        table.vector_flops[:, None] / peak,
        slowdown=power_slowdown(peak * np.minimum(share, 1.0), energy=energy, power=hardware.power),
        time=parameters["vector_convolution.throttle_time"],
    )
