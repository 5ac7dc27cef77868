"""Row-wise kernels: softmax, normalizations, the statistics of group norm, the scaling of rows to narrower formats."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.cost.hardware import HardwareColumns
from simulator.cost.mechanisms import cache_hit_rate, overlapped
from simulator.cost.parameters import Follows, Parameters, floor_parameter, parameter
from simulator.cost.roofline import roofline_terms
from simulator.kernels import RowKind, RowWiseTable

from .family import Family, FamilyCost, Formula, ParameterGroup, bound_of, every, narrow
from .systolic.memory_bound import SYSTOLIC_ROWS, VECTOR_FORMULAS

__all__ = [
    "ROWS",
    "MomentsParameters",
    "NormalizationParameters",
    "QuantizeParameters",
    "SoftmaxParameters",
    "moments_cost",
    "normalization_cost",
    "quantize_cost",
    "softmax_cost",
]

FloatArray = NDArray[np.float64]

#: Threads of the block of a row of a normalization (layer_norm_kernel.cu, ``num_threads()``). [1]
_NORM_THREADS = 128.0

#: Threads of a block of row-wise moments: many, or a warp where a row is shorter (group_norm_kernel.cu,
#: ``kCUDABlockReduceNumThreads``). [1]
_MOMENTS_THREADS, _WARP = 512.0, 32.0

#: Bytes of one access of a vectorised kernel (``ALIGN_BYTES``). [B]
_VECTOR = 16.0

#: Exponent that joins the passes of blocks with the traffic of others, halfway between one after the other (1) and the
#: longer of the two: a core has one or two blocks of many threads. 1.5 is no better on devices left out, 1 worse. [1]
_IN_TURNS = 2.0

#: Lanes for which a core issues in a clock on the parts that moments were fitted to. [1]
_ISSUED = 128.0

#: Vector lanes of a core of V100, T4 or A100; newer cores have 128. [1]
_LANES = 64.0


@dataclass(frozen=True, eq=False, kw_only=True)
class _RowParameters(Parameters):
    """Parameters of kernels that read rows and write them again."""

    dram: FloatArray = parameter(0.85, "1", 0.3, 1.0, "share of the DRAM bandwidth reached", follows=Follows.COPY_SHARE)


@dataclass(frozen=True, eq=False, kw_only=True)
class _TwoPassParameters(_RowParameters):
    """Parameters of kernels that read a row, reduce it and read it again."""

    # Where all cores are full of threads, 200 for a byte of DRAM in a cycle (T4, A100, V100), whose rows share the
    # cache with what they are written to.
    in_flight: FloatArray = parameter(
        400.0, "clk/B", 40.0, 4000.0, "threads whose rows the cache has to hold, for each byte of DRAM in a cycle"
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class SoftmaxParameters(_RowParameters):
    """Parameters of softmax."""

    resident: FloatArray = parameter(
        0.3, "1", 0.0, 1.0, "share of the traffic that the cache keeps where the operands fit it"
    )
    # The same for 16 and 32 bits on an A100: vectors of 16 bytes go through the reductions and out of shared memory.
    walk: FloatArray = parameter(3.8, "B/clk", 1.0, 60.0, "bytes of rows that a core takes through its passes")
    # Rows of 3137 on an H100 (bfloat16) and of odd lengths on an A100 (float32) alike.
    single: FloatArray = parameter(1.35, "clk", 0.05, 6.0, "time of a core for one element of rows without vectors")
    floor: FloatArray = floor_parameter(2e-6, cache=1.0, lower=1e-6)


@dataclass(frozen=True, eq=False, kw_only=True)
class NormalizationParameters(_TwoPassParameters):
    """Parameters of layer norm and RMS norm."""

    row: FloatArray = parameter(
        350.0, "clk", 0.0, 4000.0, "time of a row on 64 lanes of a core: its block's reductions and barriers"
    )
    # Next to nothing where each thread takes several neighbours.
    generated: FloatArray = parameter(
        0.0, "1", 0.0, 200.0, "instructions of a lane for one element in code of a compiler", observed=True
    )
    floor: FloatArray = floor_parameter(2e-6, cache=2.0, lower=1e-6)


@dataclass(frozen=True, eq=False, kw_only=True)
class MomentsParameters(_RowParameters):
    """Parameters of row-wise moments, which issue some 500 instructions a thread for the reduction of a block.

    A running mean divides by the count (``WelfordOps``) where layer norm multiplies by its reciprocal, for every
    element and at every step of the reduction.
    """

    # 500 instructions for each of 512 threads, and 32 for an element, of which a core issues 128 in a clock.
    row: FloatArray = parameter(2000.0, "clk", 100.0, 20000.0, "time of a core for the reduction of one block")
    element: FloatArray = parameter(0.25, "clk", 0.01, 4.0, "time of a core for one element")
    # A latency of the DRAM, 500 to 700 cycles, for two loads in flight.
    chain: FloatArray = parameter(300.0, "clk", 10.0, 2000.0, "time of a thread for one element where blocks are few")
    floor: FloatArray = floor_parameter(2e-6, cache=1.0, lower=1e-6)


@dataclass(frozen=True, eq=False, kw_only=True)
class QuantizeParameters(_TwoPassParameters):
    """Parameters of the scaling of rows to a narrower format."""

    dram: FloatArray = parameter(0.85, "1", 0.6, 1.0, "share of the DRAM bandwidth reached")
    resident: FloatArray = parameter(
        0.3, "1", 0.0, 1.0, "share of the traffic that the cache keeps where the operands fit it"
    )
    row: FloatArray = parameter(1000.0, "clk", 0.0, 10000.0, "time of one row on one core")
    stream: FloatArray = parameter(30.0, "B/clk", 2.0, 256.0, "rate at which one core passes over a row")
    overlap: FloatArray = parameter(2.0, "1", 1.2, 12.0, "exponent that joins memory and the cores' time")
    floor: FloatArray = floor_parameter(2.5e-6, cache=2.0)


def softmax_cost(table: RowWiseTable, hardware: HardwareColumns, parameters: SoftmaxParameters) -> FamilyCost:
    """Floor, and memory together with the cores' own passes over the row in shared memory.

    A block loads its row, reduces it twice and writes it; with one or two blocks of 1024 threads on a core few loads of
    one run under the passes of another (``cunn_SoftMaxForward``, SoftMax.cu). Rows of whole vectors go through them 16
    bytes at a time; a row that starts within one has its elements taken singly. Rows that a warp keeps in registers
    (``softmax_warp_forward``, PersistentSoftmax.cuh) or generated code does wait for no other warp: they are streams.
    """
    dram = _dram_time(table, hardware, parameters, kept=_kept(table, hardware, parameters.resident))
    row = (table.row_length * table.itemsize)[:, None]
    free = (table.held | table.generated)[:, None]
    vectors = (row % _VECTOR == 0) | free
    clocks = np.where(vectors, row / parameters.walk, table.row_length[:, None] * parameters.single)
    passes = _busiest(table, hardware) * clocks / _clock(hardware)
    on_core = np.where(free, 0.0, passes)
    together = overlapped((dram, on_core), np.full_like(parameters.walk, _IN_TURNS))
    return _joined(table, hardware, dram, on_core, together, parameters.floor)


def normalization_cost(
    table: RowWiseTable, hardware: HardwareColumns, parameters: NormalizationParameters
) -> FamilyCost:
    """Floor, memory, and the reductions of each row's block.

    A row is read for its moments and again for its output (``vectorized_layer_norm_kernel``, layer_norm_kernel.cu). Its
    elements cost no time beside their traffic; the reduction of its block does. Generated code reduces many rows in a
    block, and takes the instructions of its elements.
    """
    dram = _dram_time(table, hardware, parameters, again=_read_again(table, hardware, parameters))
    reduced = _busiest(table, hardware) * (parameters.row * _LANES / _lanes(hardware)) / _clock(hardware)
    written = (table.rows * table.row_length)[:, None] * parameters.generated / hardware.issue_rate
    on_core = np.where(table.generated[:, None], written, reduced)
    return _joined(table, hardware, dram, on_core, dram + on_core, parameters.floor)


def moments_cost(table: RowWiseTable, hardware: HardwareColumns, parameters: MomentsParameters) -> FamilyCost:
    """Floor plus the longer of memory and instructions; few blocks wait for their own chains.

    ``RowwiseMomentsCUDAKernel`` (group_norm_kernel.cu) runs one block for each row, of 512 threads that take one
    element after another. Fewer rows than cores leave cores idle: group norm has one row for each (sample, group). A
    compiler splits long rows over the device (``torch/_inductor/ir.py``, ``Reduction.num_splits``).
    """
    dram = _dram_time(table, hardware, parameters)
    threads = np.where(table.row_length < _MOMENTS_THREADS, _WARP, _MOMENTS_THREADS)[:, None]
    reduced = parameters.row * threads / _MOMENTS_THREADS
    instructions = reduced + parameters.element * table.row_length[:, None]
    issued = _busiest(table, hardware) * instructions * _ISSUED / hardware.issued_lanes
    waiting = reduced + parameters.chain * np.ceil(table.row_length[:, None] / threads)
    clocks = np.where(table.generated[:, None], 0.0, np.maximum(issued, waiting))
    on_core = clocks / _clock(hardware)
    together = overlapped((dram, on_core), np.full_like(parameters.row, _IN_TURNS))
    return _joined(table, hardware, dram, on_core, together, parameters.floor, waits=waiting > issued)


def quantize_cost(table: RowWiseTable, hardware: HardwareColumns, parameters: QuantizeParameters) -> FamilyCost:
    """Scaling of rows to a narrower format: a maximum and a division, one row on a core at a time."""
    again, kept = _read_again(table, hardware, parameters), _kept(table, hardware, parameters.resident)
    dram = _dram_time(table, hardware, parameters, again=again, kept=kept)
    passed = (2.0 * table.row_length * table.itemsize)[:, None] / parameters.stream
    on_core = np.ceil(table.rows[:, None] / hardware.cores) * (parameters.row + passed) / _clock(hardware)
    floor = np.broadcast_to(np.maximum(parameters.floor, hardware.shortest_kernel), dram.shape)
    return FamilyCost(
        time=floor + overlapped((dram, on_core), parameters.overlap),
        bound=bound_of({"dram": dram, "occupancy": on_core, "latency": floor}),
        terms={"DRAM traffic": dram, "rows on the cores": on_core, "floor": floor},
    )


def _joined(
    table: RowWiseTable,
    hardware: HardwareColumns,
    dram: FloatArray,
    on_core: FloatArray,
    together: FloatArray,
    shortest: FloatArray,
    *,
    waits: NDArray[np.bool_] | None = None,
) -> FamilyCost:
    """Cost of memory and cores together, no less than the datasheet's arithmetic."""
    floor = np.broadcast_to(np.maximum(shortest, hardware.shortest_kernel), dram.shape)
    roofline = roofline_terms(table, hardware)
    arithmetic = np.maximum(roofline["vector"], roofline["special"])
    waiting = table.rows[:, None] < hardware.cores if waits is None else waits
    bounds = {
        "dram": dram,
        "occupancy": np.where(waiting, on_core, 0.0),
        "vector": np.maximum(np.where(waiting, 0.0, on_core), roofline["vector"]),
        "special": roofline["special"],
        "latency": floor,
    }
    shown = {"DRAM traffic": dram, "rows on the cores": on_core, "arithmetic": arithmetic, "floor": floor}
    return FamilyCost(time=floor + np.maximum(together, arithmetic), bound=bound_of(bounds), terms=shown)


def _busiest(table: RowWiseTable, hardware: HardwareColumns) -> FloatArray:
    """Rows that one core takes, at least one, shape (num_kernels, num_accelerators). [1]"""
    return np.maximum(table.rows[:, None] / hardware.cores, 1.0)


def _clock(hardware: HardwareColumns) -> FloatArray:
    return np.nan_to_num(hardware.clock, nan=np.inf)


def _lanes(hardware: HardwareColumns) -> FloatArray:
    """Vector lanes of a core, which bound running moments, shape (num_accelerators,). [1]"""
    peak = hardware.rates("vector", ["fp32"])[0]
    lanes: FloatArray = np.nan_to_num(peak / (2.0 * hardware.cores * hardware.clock), nan=_LANES)
    # Operations of two values in a lane count twice in a peak, and are none of a reduction's.
    return np.where(hardware.issued_lanes < _ISSUED, np.minimum(lanes, hardware.issued_lanes), lanes)


def _dram_time(
    table: RowWiseTable,
    hardware: HardwareColumns,
    parameters: _RowParameters,
    *,
    again: FloatArray | float = 0.0,
    kept: FloatArray | float = 0.0,
) -> FloatArray:
    """Time of the traffic, of which a share is read `again` and a share is `kept` in the cache from before. [s]"""
    traffic = table.bytes_read[:, None] * (1.0 + again) + table.bytes_written[:, None]
    bandwidth = np.minimum(parameters.dram * hardware.dram_achievable_copy, hardware.bytes_in_flight_rate)
    time: FloatArray = traffic * (1.0 - kept) / bandwidth
    return time


def _kept(table: RowWiseTable, hardware: HardwareColumns, resident: FloatArray) -> FloatArray:
    """Share of the traffic that the cache keeps, shape (num_kernels, num_accelerators). [1]"""
    return cache_hit_rate(table, hardware.cache_capacity) * resident


def _read_again(table: RowWiseTable, hardware: HardwareColumns, parameters: _TwoPassParameters) -> FloatArray:
    """Share of what is read that the second pass does not find in the cache, at most all. [1]

    The threads in flight go with what the DRAM feeds: cores beyond that bring no further rows. A row that comes late to
    its second pass pushes out another one, so that the share rises twice as fast as what does not fit.
    """
    fed = parameters.in_flight * hardware.dram_bandwidth / np.nan_to_num(hardware.clock, nan=1e9)
    rows = np.clip(fed / _NORM_THREADS, 1.0, table.rows[:, None])
    held = rows * (table.row_length * table.itemsize)[:, None]
    spilled = 1.0 - hardware.cache_capacity / np.maximum(held, 1.0)
    return np.clip(2.0 * spilled, 0.0, 1.0)


_FORMULAS = {
    "DRAM traffic": Formula("(bytes not in the cache, later passes included) / (share * DRAM rate)"),
    "rows on the cores": Formula("rows / cores * time of a core for a row, or the chain of the longest block"),
    "arithmetic": Formula("work / datasheet rate of vector or special units"),
    "floor": Formula("shortest duration"),
}

ROWS = Family(
    table=RowWiseTable,
    groups=(
        ParameterGroup(name="normalization", parameters=NormalizationParameters, holds=every, cost=normalization_cost),
        ParameterGroup(name="quantize", parameters=QuantizeParameters, holds=narrow, cost=quantize_cost),
        ParameterGroup(
            name="softmax",
            parameters=SoftmaxParameters,
            holds=lambda table: table.kind == RowKind.SOFTMAX,
            cost=softmax_cost,
        ),
        ParameterGroup(
            name="moments",
            parameters=MomentsParameters,
            holds=lambda table: table.kind == RowKind.MOMENTS,
            cost=moments_cost,
        ),
    ),
    formulas=_FORMULAS,
    systolic=(SYSTOLIC_ROWS,),
    systolic_formulas=VECTOR_FORMULAS,
)
