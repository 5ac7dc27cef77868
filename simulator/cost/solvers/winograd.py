"""Winograd's algorithm on vector units, in clocks as the library itself predicts it.

MIOpen's kernels F(2, 3) and F(3, 2) take filters of any size: they walk over pieces of 3 or 2 positions. A workgroup a
core computes 32 tiles of 32 output channels at a time, and its clocks are those of its start, of the start and the end
of such a work, and of each step of one channel, or two of 16 bits (``ShaderModel``,
``src/solver/conv/conv_winoRxS.cpp``).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.cost.hardware import HardwareColumns
from simulator.kernels import SearchedConvolutionTable

from .parameters import SearchedConvolutionParameters

__all__ = ["KINDS", "WinogradKind", "suits_winograd", "winograd_time"]

FloatArray = NDArray[np.float64]

#: Tiles of the output and output channels of one work.
_TILES, _CHANNELS = 32.0, 32.0

#: Parts into which the cores may be divided among groups of channels.
_PARTS = np.array([1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0, 48.0, 64.0, 96.0, 128.0])


class _Clocks(NamedTuple):
    """Clocks of a kernel's start, of the start of a work, of a step and of its end: fp32 and fp16."""

    start: tuple[float, float]
    before: tuple[float, float]
    step: tuple[float, float]
    after: tuple[float, float]


class WinogradKind(NamedTuple):
    """Outputs and filter positions of a tile's side, and clocks where the filter moves by one and by two positions."""

    outputs: float
    taps: float
    single: _Clocks
    double: _Clocks


KINDS = (
    WinogradKind(
        2.0,
        3.0,
        _Clocks((23652, 28561), (648, 872), (308, 327), (2039, 1852)),
        _Clocks((18349, 58446), (690, 737), (326, 337), (2409, 2533)),
    ),
    WinogradKind(
        3.0,
        2.0,
        _Clocks((37329, 41417), (950, 799), (295, 309), (6295, 4941)),
        _Clocks((38554, 49740), (616, 779), (315, 329), (9900, 4927)),
    ),
)


def suits_winograd(table: SearchedConvolutionTable) -> NDArray[np.bool_]:
    """Convolutions that the kernels take: fp32 and fp16, filters that move by one or two, shape (num_kernels,)."""
    known = np.array([name in ("fp32", "fp16") for name in table.formats], dtype=np.bool_)[table.number_format]
    moves = (table.stride == 1) | (table.stride == 2)
    suits: NDArray[np.bool_] = table.winograd & known & moves & (table.output_height > 0) & (table.itemsize > 1)
    return suits


def winograd_time(
    kind: WinogradKind,
    table: SearchedConvolutionTable,
    hardware: HardwareColumns,
    parameters: SearchedConvolutionParameters,
) -> FloatArray:
    """Time of the cores, shape (num_kernels, num_accelerators). [s]"""
    half, double = table.itemsize < 4, table.stride == 2
    clocks = [_chosen(kind, field, half, double) for field in range(len(_Clocks._fields))]
    single = ~double & (table.filter_width <= kind.taps)
    rows = _rows(table.filter_height, kind.taps, double)
    width = np.where(single, kind.taps, 2.0 * kind.taps)
    pieces = np.ceil(table.filter_width / width) * rows
    steps = np.ceil(table.input_channels / np.where(half, 2.0, 1.0)) * np.where(single, 1.0, 2.0)
    one = pieces * (clocks[1] + steps * clocks[2]) + clocks[3]
    works = _works(kind, table, hardware.cores) * one[:, None] / parameters.winograd
    return (parameters.winograd_start * clocks[0][:, None] + works) / hardware.core_clock


def _chosen(kind: WinogradKind, field: int, half: NDArray[np.bool_], double: NDArray[np.bool_]) -> FloatArray:
    """Clocks of a part of each kernel, by its width and by how the filter moves."""
    single_clocks, double_clocks = (np.where(half, *kinds[field][::-1]) for kinds in (kind.single, kind.double))
    return np.where(double, double_clocks, single_clocks)


def _rows(height: FloatArray, taps: float, double: NDArray[np.bool_]) -> FloatArray:
    """Pieces of the filter's height; filters that move by two walk over pairs but for one that is left over."""
    paired = double & (height % (2.0 * taps) != 1)
    rows: FloatArray = np.where(paired, 2.0 * np.ceil(height / (2.0 * taps)), np.ceil(height / taps))
    return rows


def _works(kind: WinogradKind, table: SearchedConvolutionTable, cores: FloatArray) -> FloatArray:
    """Works of the busiest core, shape (num_kernels, num_accelerators). [1]"""
    height, width = (np.ceil(np.maximum(n, 1.0) / kind.outputs) for n in (table.output_height, table.output_width))
    tiles = np.ceil(table.images * height * width / _TILES)
    works = (np.ceil(table.output_channels / _CHANNELS) * tiles)[:, None]
    least = np.ceil(works / cores)
    shared = [np.ceil(works / part) * np.ceil(table.groups[:, None] * part / cores) for part in _PARTS.tolist()]
    grouped: FloatArray = np.minimum.reduce(shared)
    return np.where(table.groups[:, None] > 1, grouped, least)
