"""Solvers of a library of convolutions, each with the calls that it takes and its time.

What MIOpen has (``src/solver/conv``): implicit products on matrix units for channels innermost
(``ConvAsmImplicitGemmGTCDynamicFwdXdlopsNHWC``, Composable Kernel), around which it transposes what lies otherwise, and
for channels outermost (``ConvHipImplicitGemmForwardV4R4Xdlops``, ``ConvMlirIgemmFwdXdlops``); implicit products on
vector units (``ConvHipImplicitGemmV4R1Fwd``, ``ConvCkIgemmFwdV6r1DlopsNchw``); Winograd's algorithm
(``ConvBinWinogradRxS``); products of rocBLAS, of the image as it lies, or one image after another of a matrix of what
each position needs (``gemm.cpp``); direct kernels (``ConvOclDirectFwd``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from math import gcd
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.cost.hardware import HardwareColumns
from simulator.cost.mechanisms import cache_hit_rate, overlapped
from simulator.kernels import SearchedConvolutionTable

from .parameters import SearchedConvolutionParameters
from .tiled import Implicit, implicit_time
from .winograd import KINDS, WinogradKind, suits_winograd, winograd_time

__all__ = ["SOLVERS", "SolverCost", "solver_costs"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

#: Widest access of a thread. [B]
_WIDEST = 16

#: Bytes of the reduced length in one step: of operands in their order, and of those gathered one by one. [B]
_STEP, _NATIVE_STEP = 64.0, 16.0

#: Rate of bf16 over fp16 in kernels for the first matrix cores, of which later ones keep the instructions.
_FIRST_BF16 = 0.5

#: Largest image or result of kernels that compute offsets in 32 bits: unsigned, and signed
#: (``IsIndexRangeLargeEnough``, ``src/include/miopen/solver/implicitgemm_util.hpp``). [B]
_OFFSETS, _SIGNED_OFFSETS = 2.0**32, 2.0**31

#: Largest workspace of products (``gemm::MaxMemAllocSz``, ``src/solver/gemm_common.cpp``). [B]
_WORKSPACE = 7287183769.0

#: Least side of a tile and step of products on vector units, which pad neither. [1]
_VECTOR_TILE, _VECTOR_STEP = 32.0, 4.0

#: Bytes of an element that a lane loads by itself. [B]
_FLOAT = 4.0

#: Rate of a thread for each element over that of kernels that share what they load; assumed.
_NAIVE = 0.5

#: Kernels that transpose an image, a filter and a result.
_TRANSPOSITIONS = 3.0


class SolverCost(NamedTuple):
    """Times of one solver, shape (num_kernels, num_accelerators); infinite for calls that it does not take.

    Attributes
    ----------
    time : array
        [s]
    clocked : array
        Part of it that goes with the clock of the cores. [s]
    dram : array
        Time of the DRAM beside it. [s]
    host : array
        What timing from the host adds. [s]
    """

    time: FloatArray
    clocked: FloatArray
    dram: FloatArray
    host: FloatArray


class _Call(NamedTuple):
    table: SearchedConvolutionTable
    hardware: HardwareColumns
    parameters: SearchedConvolutionParameters

    @property
    def on_matrix(self) -> FloatArray:
        """Peak of the matrix units in each call's format, NaN where it has none. [FLOP/s]"""
        rates = self.hardware.rates("matrix", self.table.formats)[self.table.number_format]
        return np.where((self.table.matrix_flops > 0)[:, None], rates, np.nan)

    @property
    def on_vector(self) -> FloatArray:
        """Peak of the vector units: of float32 where they add up in it. [FLOP/s]"""
        own = self.hardware.rates("vector", self.table.formats)[self.table.number_format]
        wide = self.hardware.rates("vector", ["fp32"])[0]
        return np.where((self.table.matrix_flops > 0)[:, None] | np.isnan(own), wide, own)

    @property
    def for_products(self) -> FloatArray:
        """Peak of the units that plain products run on. [FLOP/s]"""
        return np.where(np.isnan(self.on_matrix), self.on_vector, self.on_matrix)

    @property
    def moved(self) -> FloatArray:
        """Traffic that no cache holds. [B]"""
        hits = cache_hit_rate(self.table, self.hardware.cache_capacity)
        return self.table.bytes[:, None] * (1.0 - hits)

    @property
    def drawn(self) -> FloatArray:
        """Time of the DRAM for what a product moves, of which cores have only so much in flight. [s]"""
        cores = self.parameters.drawn * self.hardware.cores * self.hardware.core_clock
        return self.moved / np.minimum(self.parameters.dram * self.hardware.dram_achievable_read, cores)

    def dram(self, size: FloatArray, share: FloatArray) -> FloatArray:
        """Time of the DRAM for some bytes. [s]"""
        time: FloatArray = size / (share * self.hardware.dram_achievable_read)
        return time

    def cost(
        self,
        cores: FloatArray,
        dram: FloatArray,
        takes: BoolArray,
        *,
        beside: FloatArray | float = 0.0,
        others: FloatArray | float = 0.0,
    ) -> SolverCost:
        """Cost of a kernel of cores and DRAM, of what some others move before and after it, and of their launches."""
        kernels = np.broadcast_to(1.0 + others, cores.shape)
        joined = overlapped((cores, dram), self.parameters.overlap) + kernels * self.parameters.floor + beside
        time = np.where(takes if takes.ndim > 1 else takes[:, None], joined, np.inf)
        return SolverCost(time, cores, dram, kernels * self.parameters.event)


def solver_costs(
    table: SearchedConvolutionTable, hardware: HardwareColumns, parameters: SearchedConvolutionParameters
) -> tuple[SolverCost, ...]:
    """Cost of each solver, in the order of :data:`SOLVERS`."""
    call = _Call(table, hardware, parameters)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = tuple(solver(call) for solver in _TRIED.values())
    nothing = np.isinf(np.stack([cost.time for cost in found]).min(axis=0))
    return (*found, _one_by_one(call, nothing))


def _channels_last(call: _Call) -> SolverCost:
    """Implicit product of channels innermost, with transpositions of what lies otherwise.

    Kernels of this kind came with cores that multiply bf16 as fast as fp16.
    """
    table = call.table
    width = _widths(table.input_channels * table.itemsize)
    cost = 1.0 + call.parameters.narrow * (_WIDEST / width[:, None] - 1.0)
    cores = implicit_time(_implicit(call, call.on_matrix, _STEP, cost, cost, call.parameters.gathered), *call[1:])
    moves = call.dram(2.0 * table.bytes[:, None], call.parameters.transposed)
    first: FloatArray = np.where(table.channels_last, 0.0, 1.0)[:, None]
    takes = ~table.unfolds[:, None] & (table.channels_last | (table.groups == 1))[:, None] & ~_first_bf16(call)
    return call.cost(
        cores, call.drawn, takes & ~np.isnan(call.on_matrix), beside=moves * first, others=first * _TRANSPOSITIONS
    )


def _first_bf16(call: _Call) -> BoolArray:
    """Calls in bf16 on parts that multiply it slower than fp16, shape (num_kernels, num_accelerators)."""
    half, brain = (call.hardware.rates("matrix", [name])[0] for name in ("fp16", "bf16"))
    slower: BoolArray = _of_format(call.table, "bf16")[:, None] & (brain < half)
    return slower


def _of_format(table: SearchedConvolutionTable, name: str) -> BoolArray:
    return np.array([each == name for each in table.formats], dtype=np.bool_)[table.number_format]


def _channels_first(call: _Call) -> SolverCost:
    """Implicit product of channels outermost on matrix units: gathered element by element, but for one position."""
    half = call.hardware.rates("matrix", ["fp16"])[0]
    peak = np.where(_of_format(call.table, "bf16")[:, None], _FIRST_BF16 * half, call.on_matrix)
    return _gathered(call, np.where(np.isnan(call.on_matrix), np.nan, peak), call.parameters.native, most=_OFFSETS)


def _on_vector_units(call: _Call) -> SolverCost:
    """Implicit product of channels outermost on vector units."""
    return _gathered(call, call.on_vector, call.parameters.vector, most=_SIGNED_OFFSETS)


def _gathered(call: _Call, peak: FloatArray, rate: FloatArray, *, most: float) -> SolverCost:
    """Implicit product of tensors of at most so many bytes; on matrix units blocks may share the reduced length."""
    table, splits = call.table, most == _OFFSETS
    whole = _widths(table.positions * table.itemsize)
    rows, columns = (
        1.0 + call.parameters.scattered * (_WIDEST / width[:, None] - 1.0)
        for width in (np.where(table.as_it_lies, whole, table.itemsize), _widths(table.reduced_length * table.itemsize))
    )
    cores = implicit_time(_implicit(call, peak, _NATIVE_STEP, rows, columns, rate, splits=splits), *call[1:])
    # On vector units it is what an older library has of three axes, in float32.
    small = np.maximum(table.image_bytes, table.bytes_written) <= most
    older = _of_format(table, "fp32") & _whole_tiles(table) & (not splits)
    takes = small & ~table.channels_last & (~table.unfolds | older)
    return call.cost(cores, call.drawn, takes[:, None] & ~np.isnan(peak))


def _whole_tiles(table: SearchedConvolutionTable) -> BoolArray:
    """Products of whole tiles of 32 by 32 and four steps, ungrouped, shape (num_kernels,).

    ``ConvHipImplicitGemmV4R4Fwd`` pads nothing (``IsApplicable``,
    ``src/solver/conv_hip_implicit_gemm_fwd_v4r4.cpp``).
    """
    rows, columns = table.images * table.positions % _VECTOR_TILE, table.output_channels % _VECTOR_TILE
    whole: BoolArray = (rows == 0) & (columns == 0) & (table.reduced_length % _VECTOR_STEP == 0) & (table.groups == 1)
    return whole


def _implicit(
    call: _Call,
    peak: FloatArray,
    step: float,
    rows: FloatArray,
    columns: FloatArray,
    gathered: FloatArray,
    *,
    splits: bool = True,
) -> Implicit:
    table = call.table
    return Implicit(
        batch=table.groups,
        m=table.images * table.positions,
        n=table.output_channels,
        k=table.reduced_length,
        itemsize=table.itemsize,
        step=step,
        row_cost=rows,
        column_cost=columns,
        peak=peak,
        gathered=gathered,
        splits=splits,
    )


def _widths(lengths: FloatArray) -> FloatArray:
    """Widest access that rows of some bytes allow, shape (num_kernels,). [B]"""
    return np.array([gcd(int(length), _WIDEST) for length in lengths.tolist()], dtype=np.float64)


def _winograd(kind: WinogradKind, call: _Call) -> SolverCost:
    cores = winograd_time(kind, *call)
    return call.cost(cores, call.drawn, suits_winograd(call.table))


def _plain_product(call: _Call, *, images: FloatArray, m: FloatArray, groups: FloatArray) -> FloatArray:
    """Time of the cores in products of matrices in memory. [s]"""
    one = np.ones(call.for_products.shape)
    product = _implicit(call, call.for_products, _STEP, one, one, call.parameters.gathered)
    return implicit_time(replace(product, batch=images * groups, m=m), *call[1:])


def _as_it_lies(call: _Call) -> SolverCost:
    """Product of the filter and each image, all of them in one launch (``GemmFwd1x1_0_1``)."""
    table = call.table
    cores = _plain_product(call, images=table.images, m=table.positions, groups=table.groups)
    takes = table.as_it_lies & (table.groups == 1) & ~table.channels_last
    cost = call.cost(cores, call.drawn, takes)
    return cost._replace(host=cost.host + call.parameters.host)


def _of_every_second(call: _Call) -> SolverCost:
    """The same of every second position, copied out first, and the result put in order (``GemmFwd1x1_0_2``)."""
    table = call.table
    one = (table.filter_height * table.filter_width == 1) & (table.stride == 2) & (table.axes == 2)
    cores = _plain_product(call, images=np.ones(len(table)), m=table.images * table.positions, groups=table.groups)
    copied = table.images * table.positions * table.input_channels * table.groups * table.itemsize
    moves = call.dram((2.0 * copied + 2.0 * table.bytes_written)[:, None], call.parameters.transposed)
    takes = one & ~table.channels_last & (copied + table.bytes_written <= _WORKSPACE)
    cost = call.cost(cores, call.drawn, takes, beside=moves, others=2.0)
    return cost._replace(host=cost.host + _TRANSPOSITIONS * call.parameters.host)


def _unfolded(call: _Call) -> SolverCost:
    """A matrix of what each position needs, and its product with the filter, one image after another.

    Two axes are unfolded through shared memory, at a share of the DRAM's bandwidth. With three a lane finds the place
    of each element by six divisions (``Im3d2Col``, ``src/kernels/MIOpenIm3d2Col.cl``), which takes longer than the
    DRAM, and as long for two bytes as for four.
    """
    table = call.table
    cores = _plain_product(call, images=np.ones(len(table)), m=table.positions, groups=table.groups)
    matrix = (table.positions * table.groups * table.reduced_length * table.itemsize)[:, None]
    read = matrix + ((table.bytes_read - table.image_bytes) + table.bytes_written / table.images)[:, None]
    copied = call.dram(matrix + (table.image_bytes / table.images)[:, None], call.parameters.unfolded)
    found = (matrix[:, 0] / table.itemsize)[:, None] * call.parameters.places / call.hardware.issue_rate
    moved = np.where((table.axes == 3)[:, None], found, copied)
    takes = ~table.channels_last & ~(table.as_it_lies & (table.groups == 1)) & (matrix[:, 0] <= _WORKSPACE)
    one = call.cost(cores, call.dram(read, call.parameters.dram), takes, beside=moved, others=1.0)
    images = table.images[:, None]
    host = call.parameters.host + images * (one.host + call.parameters.each)
    return SolverCost(images * one.time, images * one.clocked, images * one.dram, host)


def _direct(call: _Call) -> SolverCost:
    """Kernels that reduce nothing together: a filter of each channel by itself, and few channels."""
    table = call.table
    return _each_element(call, (~table.channels_last & ~table.unfolds & (table.axes == 2))[:, None], 1.0)


def _one_by_one(call: _Call, takes: BoolArray) -> SolverCost:
    """A thread for each element of the result, for what nothing else takes (``ConvDirectNaiveConvFwd``)."""
    return _each_element(call, takes, _NAIVE)


def _each_element(call: _Call, takes: BoolArray, share: float) -> SolverCost:
    """Products and loads one by one: narrow elements take as long as wide ones."""
    table, parameters = call.table, call.parameters
    flops = np.where(table.matrix_flops > 0, table.matrix_flops, table.vector_flops)[:, None]
    cores = flops / (share * parameters.direct * call.hardware.rates("vector", ["fp32"])[0])
    wide = np.maximum(_FLOAT / table.itemsize, 1.0)[:, None]
    return call.cost(cores, call.dram(wide * call.moved, share * parameters.direct_dram), takes)


def _tried() -> Iterator[tuple[str, Callable[[_Call], SolverCost]]]:
    yield "implicit product, channels innermost", _channels_last
    yield "implicit product, channels outermost", _channels_first
    yield "implicit product on vector units", _on_vector_units
    for kind in KINDS:
        yield f"Winograd F({kind.outputs:.0f}, {kind.taps:.0f})", partial(_winograd, kind)
    yield "product as it lies", _as_it_lies
    yield "product of every second position", _of_every_second
    yield "unfolded", _unfolded
    yield "direct", _direct


_TRIED = dict(_tried())

#: Names of the solvers; codes of them are positions here.
SOLVERS = (*_TRIED, "element by element")
