"""Row-wise kernels: softmax, layer norm, the statistics of group norm, reductions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.cost.hardware import HardwareColumns
from simulator.cost.mechanisms import cache_hit_rate, overlapped
from simulator.cost.parameters import Follows, Parameters, parameter
from simulator.cost.roofline import roofline_terms
from simulator.kernels import RowKind, RowWiseTable

from .family import Family, FamilyCost, Formula, ParameterGroup, bound_of, every, narrow

__all__ = ["ROWS", "NormalizationParameters", "QuantizeParameters", "RowParameters", "quantize_cost", "rows_cost"]

FloatArray = NDArray[np.float64]

#: Widest row that PyTorch's softmax keeps in the registers of one warp (PersistentSoftmax.cuh).
WARP_SOFTMAX_WIDTH = 1024

#: Bytes of an element in registers. [B]
_COMPUTED_BYTES = 4.0

#: Registers of a core, and of a thread of these kernels (``vectorized_layer_norm_kernel`` in an H100's profile). Blocks
#: of 1024 threads with more than 32 run alone.
_REGISTER_FILE, _REGISTERS = 65536.0, 34.0

#: Vector lanes of a core of V100, T4 or A100; newer cores have 128.
_LANES = 64.0

#: Threads of one block: of the vectorised layer norm (layer_norm_kernel.cu, ``num_threads()``), of row-wise moments
#: (``kCUDABlockReduceNumThreads``), and the limits of the wide softmax (``SoftMaxForward_getBlockSize``).
_NORM_THREADS, _MOMENTS_THREADS = 128.0, 512.0
_SOFTMAX_THREADS = (32.0, 1024.0)


@dataclass(frozen=True, eq=False, kw_only=True)
class _PassParameters(Parameters):
    """Parameters of kernels that pass over rows, some of which the cache keeps between two passes."""

    dram: FloatArray = parameter(0.8, "1", 0.3, 1.0, "share of the DRAM bandwidth reached", follows=Follows.COPY_SHARE)
    resident: FloatArray = parameter(
        0.3, "1", 0.0, 1.0, "share of the traffic that the cache keeps where the operands fit it"
    )
    usable: FloatArray = parameter(
        0.5, "1", 0.05, 4.0, "share of the cache that rows in flight can hold between two passes"
    )
    # 200 to 250 where all cores are full (T4, A100, V100). Cores beyond what the DRAM feeds bring no further rows.
    fed: FloatArray = parameter(
        210.0, "clk/B", 50.0, 1000.0, "threads whose rows are in flight, for each byte of DRAM in a cycle"
    )


_ROW = "time of one row on a core full of blocks, besides its elements"
_BLOCK = "latency of a block's reductions and barriers"
_CHAIN = "time that one element adds to the chain of the thread that walks it"


@dataclass(frozen=True, eq=False, kw_only=True)
class RowParameters(_PassParameters):
    """Parameters of row-wise kernels; the defaults are what one fit of softmax to A100, V100 and T4 together finds."""

    row: FloatArray = parameter(50.0, "clk", 0.0, 500.0, _ROW)
    elements: FloatArray = parameter(2.2, "1/clk", 0.5, 5.5, "elements that a core full of blocks walks in a clock")
    block: FloatArray = parameter(3000.0, "clk", 150.0, 20000.0, _BLOCK)
    chain: FloatArray = parameter(100.0, "clk", 5.0, 2000.0, _CHAIN)
    drift: FloatArray = parameter(
        1.0, "1", 0.0, 6.0, "waves of blocks until loads of one run under arithmetic of another"
    )
    # Every pass unpacks it and the last packs it: layer norm and softmax of bf16 on an H100, of fp32 on an A100.
    converted: FloatArray = parameter(
        1.15, "1", 1.0, 2.0, "time of an element that is narrower in memory over that of one that is not"
    )
    floor: FloatArray = parameter(1.9e-6, "s", 1e-6, 2e-5, "shortest duration")


@dataclass(frozen=True, eq=False, kw_only=True)
class NormalizationParameters(RowParameters):
    """Parameters of normalizations, whose rows take longer to start and wait less for one another."""

    row: FloatArray = parameter(400.0, "clk", 0.0, 4000.0, _ROW)
    block: FloatArray = parameter(1500.0, "clk", 75.0, 20000.0, _BLOCK)
    chain: FloatArray = parameter(50.0, "clk", 2.5, 1000.0, _CHAIN)
    # A running mean divides by the count (``WelfordOps``) where layer norm multiplies by its reciprocal: four such
    # blocks take 5.4 ms for 75 million values on an H200.
    moments_chain: FloatArray = parameter(200.0, "clk", 10.0, 1000.0, "the same in row-wise moments, at least")


@dataclass(frozen=True, eq=False, kw_only=True)
class QuantizeParameters(_PassParameters):
    """Parameters of the scaling of rows to a narrower format."""

    dram: FloatArray = parameter(0.85, "1", 0.6, 1.0, "share of the DRAM bandwidth reached")
    row: FloatArray = parameter(1000.0, "clk", 0.0, 10000.0, "time of one row on one core")
    stream: FloatArray = parameter(30.0, "B/clk", 2.0, 256.0, "rate at which one core passes over a row")
    overlap: FloatArray = parameter(2.0, "1", 1.2, 12.0, "exponent that joins memory and the cores' time")
    floor: FloatArray = parameter(2.5e-6, "s", 0.0, 2e-5, "shortest duration")


def rows_cost(table: RowWiseTable, hardware: HardwareColumns, parameters: RowParameters) -> FamilyCost:
    """Floor plus memory and the cores' own time, which overlap as far as the blocks of a core have drifted apart.

    One block serves one row, so fewer rows than cores leave cores idle: group norm has one row for each (sample,
    group). Blocks that start together load together and compute together; after some waves of blocks they have
    drifted apart, and one's loads run under another's arithmetic.
    """
    dram = _dram_time(table, hardware, parameters)
    on_core, waves, waiting = _core_time(table, hardware, parameters)
    in_step = np.minimum(parameters.drift / np.maximum(waves, 1.0), 1.0)
    floor = np.broadcast_to(np.maximum(parameters.floor, hardware.shortest_kernel), dram.shape)
    roofline = roofline_terms(table, hardware)
    arithmetic = np.maximum(roofline["vector"], roofline["special"])
    exposed = np.minimum(dram, on_core) * in_step
    time = floor + np.maximum(np.maximum(dram, on_core) + exposed, arithmetic)
    bounds = {
        "dram": dram,
        "occupancy": np.where(waiting, on_core, 0.0),
        "vector": np.maximum(np.where(waiting, 0.0, on_core), roofline["vector"]),
        "special": roofline["special"],
        "latency": floor,
    }
    shown = {
        "DRAM traffic": dram,
        "rows on the cores": on_core,
        "not overlapped": exposed,
        "arithmetic": arithmetic,
        "floor": floor,
    }
    return FamilyCost(time=time, bound=bound_of(bounds), terms=shown)


def quantize_cost(table: RowWiseTable, hardware: HardwareColumns, parameters: QuantizeParameters) -> FamilyCost:
    """Scaling of rows to a narrower format: a maximum and a division, one row on a core at a time."""
    dram, clock = _dram_time(table, hardware, parameters), np.nan_to_num(hardware.clock, nan=np.inf)
    passed = (_passes(table) * table.row_length * table.itemsize)[:, None] / parameters.stream
    on_core = np.ceil(table.rows[:, None] / hardware.cores) * (parameters.row + passed) / clock
    floor = np.broadcast_to(np.maximum(parameters.floor, hardware.shortest_kernel), dram.shape)
    return FamilyCost(
        time=floor + overlapped((dram, on_core), parameters.overlap),
        bound=bound_of({"dram": dram, "occupancy": on_core, "latency": floor}),
        terms={"DRAM traffic": dram, "rows on the cores": on_core, "floor": floor},
    )


def _core_time(
    table: RowWiseTable, hardware: HardwareColumns, parameters: RowParameters
) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
    """Time of the cores without memory [s], waves of blocks [1], and whether blocks wait for their own chains.

    All of shape (num_kernels, num_accelerators).

    A core full of blocks passes over ``elements`` of them in a clock; an element of 16 bits is computed as one of 32,
    after a conversion. Few blocks wait for their own chains of loads and reductions.
    """
    threads, walked = _threads(table)[:, None], (_passes(table) * table.row_length)[:, None]
    resident = _resident(table, hardware)
    per_core = np.maximum(table.rows[:, None] / hardware.cores, 1.0)
    waves = table.rows[:, None] / (hardware.cores * resident)
    narrower = (table.itemsize < _COMPUTED_BYTES)[:, None]
    converted = np.where(narrower, parameters.converted, 1.0)
    issue = (parameters.row + converted * walked / parameters.elements) / _width(table, hardware)
    alone = parameters.block + walked / threads * _chain(table, parameters) + issue
    full, chain = per_core * issue, np.maximum(waves, 1.0) * alone
    clocks = np.where(_in_registers(table)[:, None], 0.0, np.maximum(full, chain))
    time: FloatArray = clocks / np.nan_to_num(hardware.clock, nan=np.inf)
    return time, waves, chain > full


def _chain(table: RowWiseTable, parameters: RowParameters) -> FloatArray:
    """Cycles that one element adds to the chain of its thread, shape (num_kernels, num_accelerators). [clk]"""
    if not isinstance(parameters, NormalizationParameters):
        return parameters.chain[None, :]
    moments = (table.kind == RowKind.MOMENTS)[:, None]
    return np.where(moments, np.maximum(parameters.chain, parameters.moments_chain), parameters.chain)


def _width(table: RowWiseTable, hardware: HardwareColumns) -> FloatArray:
    """Vector lanes of a core over 64, which bound running moments; exponentials are bound by units that cores share."""
    peak = hardware.rates("vector", ["fp32"])[0]
    lanes = np.nan_to_num(peak / (2.0 * hardware.cores * hardware.clock), nan=_LANES)
    return np.where((table.kind == RowKind.SOFTMAX)[:, None], 1.0, lanes / _LANES)


def _dram_time(table: RowWiseTable, hardware: HardwareColumns, parameters: _PassParameters) -> FloatArray:
    """Every pass but the first finds the row in the cache as far as the rows in flight fit there. [s]"""
    passes = _passes(table)[:, None]
    spilled = _spilled(table, hardware, parameters)
    read = table.bytes_read[:, None] * (1.0 + (passes - 1.0) * spilled)
    hit_rate = cache_hit_rate(table, hardware.cache_capacity) * parameters.resident
    bandwidth = parameters.dram * hardware.dram_achievable_copy
    time: FloatArray = (read + table.bytes_written[:, None]) * (1.0 - hit_rate) / bandwidth
    return time


def _in_registers(table: RowWiseTable) -> NDArray[np.bool_]:
    held: NDArray[np.bool_] = (table.kind == RowKind.SOFTMAX) & (table.row_length <= WARP_SOFTMAX_WIDTH)
    return held


def _passes(table: RowWiseTable) -> FloatArray:
    """Passes over each row: softmax three (maximum, sum, output), layer norm two, moments one."""
    once = (table.kind == RowKind.MOMENTS) | _in_registers(table)
    twice = np.where(table.kind == RowKind.SOFTMAX, 3.0, 2.0)
    return np.where(once, 1.0, twice)


def _threads(table: RowWiseTable) -> FloatArray:
    """Threads of the block that serves one row: softmax takes one for each element, up to a limit."""
    softmax = np.clip(2.0 ** np.ceil(np.log2(np.maximum(table.row_length, 1.0))), *_SOFTMAX_THREADS)
    moments = table.kind == RowKind.MOMENTS
    other = np.where(moments, _MOMENTS_THREADS, _NORM_THREADS)
    return np.where(table.kind == RowKind.SOFTMAX, softmax, other)


def _resident(table: RowWiseTable, hardware: HardwareColumns) -> FloatArray:
    """Blocks that one core runs side by side, as threads and registers allow."""
    threads = _threads(table)[:, None]
    by_threads = np.minimum(np.floor(hardware.max_threads / threads), np.floor(_REGISTER_FILE / (_REGISTERS * threads)))
    return np.clip(by_threads, 1.0, hardware.max_blocks)


def _spilled(table: RowWiseTable, hardware: HardwareColumns, parameters: _PassParameters) -> FloatArray:
    """Share of the rows in flight that the cache cannot hold until the next pass."""
    fed = parameters.fed * hardware.dram_bandwidth / np.nan_to_num(hardware.clock, nan=1e9)
    rows = np.clip(fed / _threads(table)[:, None], 1.0, table.rows[:, None])
    in_flight = rows * (table.row_length * table.itemsize)[:, None]
    capacity = np.maximum(parameters.usable * hardware.cache_capacity, 1.0)
    return np.clip((in_flight - capacity) / np.maximum(in_flight, 1.0), 0.0, 1.0)


_FORMULAS = {
    "DRAM traffic": Formula("(bytes not in the cache, later passes included) / (share * DRAM rate)"),
    "rows on the cores": Formula("rows / cores * (row + passes * width / elements), or waves of waiting blocks"),
    "not overlapped": Formula("the smaller of the two above, for the first waves of blocks, which run in step"),
    "arithmetic": Formula("work / datasheet rate of vector or special units"),
    "floor": Formula("shortest duration"),
}

ROWS = Family(
    table=RowWiseTable,
    groups=(
        ParameterGroup(name="normalization", parameters=NormalizationParameters, holds=every, cost=rows_cost),
        ParameterGroup(name="quantize", parameters=QuantizeParameters, holds=narrow, cost=quantize_cost),
        ParameterGroup(
            name="softmax",
            parameters=RowParameters,
            holds=lambda table: table.kind == RowKind.SOFTMAX,
            cost=rows_cost,
        ),
    ),
    formulas=_FORMULAS,
)
