"""Elementwise kernels, copies and gathers: bandwidth by access pattern, cache, indices and exact functions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.cost.hardware import HardwareColumns
from simulator.cost.mechanisms import cache_hit_rate, overlapped
from simulator.cost.parameters import Follows, Parameters, floor_parameter, parameter
from simulator.cost.roofline import roofline_terms, vector_peak
from simulator.kernels import AccessPattern, StreamKind, StreamTable

from .family import Family, FamilyCost, Formula, ParameterGroup, bound_of, every
from .systolic.memory_bound import SYSTOLIC_STREAM, VECTOR_FORMULAS

__all__ = ["STREAM", "STREAMS", "StreamParameters", "stream_cost"]

FloatArray = NDArray[np.float64]

#: Axes of a kernel that is not contiguous: those of a layout that is not known.
_FEWEST_AXES = 2.0

#: Lanes of the cores on which clocks of single elements were read off; fewer take as much longer. [1]
_LANES = 128.0

#: Loads of a thread of a reduction that are in flight together (``vt0``, Reduce.cuh). [1]
_LOADS_TOGETHER = 4.0


@dataclass(frozen=True, eq=False, kw_only=True)
class StreamParameters(Parameters):
    """Parameters of streams over memory; shares of the DRAM bandwidth are those of a copy.

    No measured table has single elements or reductions, of transcendental functions those alone that hide under their
    traffic, and all are timed from the host: what these and short kernels take is read off traces.
    """

    dram: FloatArray = parameter(0.86, "1", 0.4, 1.0, "share of the DRAM bandwidth reached", follows=Follows.COPY_SHARE)
    strided: FloatArray = parameter(
        0.75, "1", 0.1, 1.0, "the same where threads walk an operand with a stride", follows=Follows.COPY_SHARE
    )
    transposed: FloatArray = parameter(
        0.6, "1", 0.1, 1.0, "the same where an operand is transposed", follows=Follows.COPY_SHARE
    )
    # Defaults count instructions, of which a core issues 128 lanes in a clock: some 20 for bounds, addresses of 64
    # bits, accesses and arithmetic of an element; for an axis a division by multiplication (``IntDivider``,
    # IntegerDivider.cuh) and its remainder, some 6, and a multiply-add for each operand: 3 for each of three operands.
    element: FloatArray = parameter(
        20.0 / 128.0, "clk", 0.1, 4.0, "time of a core for one element that is taken singly (eager)", observed=True
    )
    offset: FloatArray = parameter(
        3.0 / 128.0, "clk", 0.005, 0.4, "the same for its offset along each axis of each operand (eager)", observed=True
    )
    # Some 20 instructions more: a division of 64 bits by a number that is no constant (Indexing.cu).
    divided: FloatArray = parameter(
        2.0,
        "1",
        1.0,
        6.0,
        "time of an element of a gather over that of one that is taken singly (eager)",
        observed=True,
    )
    # A choice among formats and a conversion: some 8 instructions.
    converted: FloatArray = parameter(
        8.0 / 128.0, "clk", 0.02, 1.0, "the same for each operand where their formats differ (eager)", observed=True
    )
    # By Little's law the rate goes with the threads that wait for memory.
    filled: FloatArray = parameter(
        0.5, "1", 0.2, 1.0, "share of that rate in a grid of half the threads of each core (eager)", observed=True
    )
    # Lanes of a transposed access are each in a line of their own, and the first-level cache looks up one in a clock.
    crossed: FloatArray = parameter(
        1.0, "1/clk", 0.1, 8.0, "single elements of a core in a cycle where an operand is transposed", observed=True
    )
    # Four accesses an element (in, to shared memory, from it, out) by 32 lanes of load and store units.
    tiled: FloatArray = parameter(
        8.0, "1/clk", 0.5, 40.0, "elements of 32 x 32 tiles that a core transposes in a cycle", observed=True
    )
    # A latency of the DRAM, 500 to 700 cycles on every generation since Volta.
    load: FloatArray = parameter(
        600.0, "clk", 100.0, 3000.0, "time of a thread for loads that it waits for (eager reductions)", observed=True
    )
    # ``erff`` of the CUDA math library: two polynomials of seven terms, an exponential, and the choice between them.
    transcendental: FloatArray = parameter(
        20.0, "1", 5.0, 100.0, "instructions of a lane for a transcendental function in full precision", observed=True
    )
    # Bounds, offsets by division, conversions: next to nothing where each thread takes several neighbours.
    generated: FloatArray = parameter(
        0.0, "1", 0.0, 200.0, "instructions of a lane for one element in code of a compiler", observed=True
    )
    resident: FloatArray = parameter(
        0.3, "1", 0.0, 1.0, "share of the traffic that the cache keeps where the operands fit it"
    )
    overlap: FloatArray = parameter(
        4.0, "1", 1.2, 12.0, "exponent that joins traffic, indices, transcendental functions and loads", observed=True
    )
    # The shortest kernel of a graph, 1.3 us, and a trip to the cache.
    floor: FloatArray = floor_parameter(1.6e-6, cache=1.0, observed=True)


def stream_cost(table: StreamTable, hardware: HardwareColumns, parameters: StreamParameters) -> FamilyCost:
    """Floor plus the slower of DRAM and L2, joined with indices, exact functions and loads that threads wait for."""
    roofline = roofline_terms(table, hardware)
    traffic = table.bytes[:, None]
    hit_rate = cache_hit_rate(table, hardware.cache_capacity) * parameters.resident
    reached = _pattern_share(table, parameters) * hardware.dram_achievable_copy
    dram = traffic * (1.0 - hit_rate) / np.minimum(reached, hardware.bytes_in_flight_rate)
    l2 = traffic / hardware.cache_rate
    indexed = _index_time(table, hardware, parameters)
    floor = np.broadcast_to(np.maximum(parameters.floor, hardware.shortest_kernel), dram.shape)
    transcendental = np.maximum(_transcendental_time(table, hardware, parameters), roofline["special"])
    waiting = _load_time(table, hardware, parameters)
    terms = {
        "dram": dram,
        "l2": l2,
        "occupancy": waiting,
        "vector": np.maximum(roofline["vector"], indexed),
        "special": transcendental,
        "latency": floor,
    }
    moved = np.stack([dram, l2, roofline["vector"]]).max(axis=0)
    busy = overlapped((moved, indexed, transcendental, waiting), parameters.overlap)
    shown = {
        "DRAM traffic": dram,
        "L2 traffic": l2,
        "index arithmetic": indexed,
        "transcendental functions": transcendental,
        "loads one after another": waiting,
        "floor": floor,
    }
    return FamilyCost(time=floor + busy, bound=bound_of(terms), terms=shown)


def _load_time(table: StreamTable, hardware: HardwareColumns, parameters: StreamParameters) -> FloatArray:
    """Time of threads that wait for one group of loads after another, shape (num_kernels, num_accelerators). [s]

    A reduction gives each output a warp or less, however few outputs there are. Its first loads are in flight with
    those of other threads.
    """
    sharing = table.reduced_length / (table.loads * _LOADS_TOGETHER)
    rounds = np.maximum((table.elements * sharing)[:, None] / (hardware.cores * hardware.max_threads), 1.0)
    waits = np.where(table.generated, 0.0, np.maximum(table.loads - 1.0, 0.0))[:, None]
    time: FloatArray = rounds * waits * parameters.load / np.nan_to_num(hardware.clock, nan=np.inf)
    return time


def _transcendental_time(table: StreamTable, hardware: HardwareColumns, parameters: StreamParameters) -> FloatArray:
    """Time of exponentials, error functions and the like in full precision, shape (num_kernels, num_accelerators). [s]

    The special function units only start them; the rest is a sequence on the vector lanes. Generated code takes
    approximations instead.
    """
    lanes = np.fmin(vector_peak(table, hardware) / 2.0, hardware.issue_rate)
    exact = table.special_ops * ~table.generated
    time: FloatArray = np.nan_to_num(parameters.transcendental * exact[:, None] / lanes, nan=0.0)
    return time


def _index_time(table: StreamTable, hardware: HardwareColumns, parameters: StreamParameters) -> FloatArray:
    """Time of computing each element's place, shape (num_kernels, num_accelerators). [s]

    A contiguous kernel moves 16 bytes an access and computes one index for it. A broadcast, strided or transposed one
    moves single elements and divides by every extent for each, and adds up an offset for each operand along each axis
    (``OffsetCalculator``, aten/src/ATen/cuda/detail), which bounds it by instructions rather than by bandwidth. So does
    one whose operands have several formats: every access then asks for the format of its operand
    (``fetch_and_cast``, c10/core/DynamicCast.h; CUDALoops.cuh vectorises none of them).
    Concatenation and gathers do so in a grid that fills half of each core (264 blocks of 512 threads on an H100).
    A gather divides by a length that is no constant (``indexSelectLargeIndex``, Indexing.cu).
    Generated code of compiled chains has its indices inlined, and takes the instructions that are left of them. A
    library's transposition goes tile by tile through shared memory, and an unfilled tile takes as long as a full one.
    Instructions go through as many lanes as a core issues for.
    """
    clock = np.nan_to_num(hardware.clock, nan=np.inf)
    joined = table.kind == StreamKind.CONCATENATION
    ordered = joined & (table.pattern == AccessPattern.BROADCAST)  # inputs that are read in their own order
    gathers, tiled = table.kind == StreamKind.GATHER, table.kind == StreamKind.TILED_TRANSPOSITION
    plain, operands = table.pattern == AccessPattern.CONTIGUOUS, table.num_inputs + 1.0
    axes = np.where(plain, 0.0, np.maximum(table.joined_axes, _FEWEST_AXES))
    offsets = (axes * np.where(ordered, 1.0, operands))[:, None] * parameters.offset
    single = parameters.element + offsets + (table.converts * operands)[:, None] * parameters.converted
    single = np.where(gathers[:, None], parameters.divided * parameters.element, single)
    single = np.where((joined | gathers)[:, None], single / parameters.filled, single)
    single = single * _LANES / hardware.issued_lanes
    crossed = np.maximum(1.0 / parameters.crossed, single)
    pattern = table.pattern[:, None]
    clocks = np.where(pattern == AccessPattern.TRANSPOSED, crossed, single)
    clocks = np.where(tiled[:, None], 1.0 / parameters.tiled, clocks)
    free = (plain & ~table.converts | table.generated)[:, None]
    time = np.where(free, 0.0, table.elements[:, None] * clocks / (hardware.cores * clock))
    generated = table.elements[:, None] * parameters.generated / hardware.issue_rate
    taken: FloatArray = np.where(table.generated[:, None], generated, time)
    return taken


def _pattern_share(table: StreamTable, parameters: StreamParameters) -> FloatArray:
    """Share of the DRAM bandwidth that an access pattern reaches, shape (num_kernels, num_accelerators)."""
    whole = parameters.dram
    strided = np.minimum(whole, parameters.strided)
    transposed = np.minimum(whole, parameters.transposed)
    by_pattern = np.stack([whole, whole, strided, transposed])
    # Tiles in shared memory are read and written in whole lines (V100: 730 of 900 GB/s).
    tiled = table.kind == StreamKind.TILED_TRANSPOSITION
    return np.where(tiled[:, None], whole, by_pattern[table.pattern])


STREAM = ParameterGroup(name="stream", parameters=StreamParameters, holds=every, cost=stream_cost)

_FORMULAS = {
    "DRAM traffic": Formula("bytes not in the cache / (share * DRAM rate)"),
    "L2 traffic": Formula("bytes / L2 bandwidth"),
    "index arithmetic": Formula(
        "elements * (element + operands * (axes * offset + conversion)) / (cores * clock), more in small grids"
    ),
    "transcendental functions": Formula("instructions of a vector lane each, joined with the rest by an exponent"),
    "loads one after another": Formula("rounds of threads * loads that each waits for * time of one"),
    "floor": Formula("shortest duration"),
}

STREAMS = Family(
    table=StreamTable,
    groups=(STREAM,),
    formulas=_FORMULAS,
    systolic=(SYSTOLIC_STREAM,),
    systolic_formulas=VECTOR_FORMULAS,
)
