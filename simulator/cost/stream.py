"""Elementwise kernels, copies and gathers: bandwidth by access pattern, cache and bytes in flight."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import AccessPattern, ScatterTable, StreamKind, StreamTable

from .family import FamilyCost, bound_of
from .hardware import HardwareColumns
from .mechanisms import residency, united
from .roofline import roofline_terms, vector_peak

__all__ = ["scatter_cost", "stream_cost"]

FloatArray = NDArray[np.float64]

#: Instructions of one lane for a transcendental function in full precision, with its conversions: gelu of 16-bit
#: values takes 0.35 cycles an element on the 128 lanes of an H100's core, in the cache and out of it. [1]
_TRANSCENDENTAL = 44.0

#: Exponent that joins those and index arithmetic with memory traffic: where exact functions take 3/4 of its time (fp32
#: on A100) nothing shows of them, and where indices take as long (fp32 on H100) the two take an eighth longer.
_OVERLAP = np.array(6.0)

#: Axes of a kernel that is not contiguous: those of a layout that is not known.
_FEWEST_AXES = 2.0

#: Bytes that one thread block of an elementwise kernel moves: 128 threads of four 16-byte accesses each.
_BLOCK_BYTES = 128 * 4 * 16


def stream_cost(group: str, table: StreamTable, hardware: HardwareColumns) -> FamilyCost:
    """Floor plus the slowest of DRAM, L2 and the cores' bytes in flight, joined with indices and exact functions.

    A kernel with too few bytes to occupy all cores is limited by what its cores can pull (Little's law: bytes in
    flight of one core over the memory latency).
    """
    parameters = hardware.parameters
    roofline = roofline_terms(table, hardware)
    traffic = table.bytes[:, None]
    room = hardware.cache_capacity * parameters["stream.held"]
    kept = residency(table, room) * parameters["stream.resident"]
    dram = traffic * (1.0 - kept) / (_pattern_share(table, hardware) * hardware.dram_achievable_copy)
    l2 = traffic / (parameters["stream.l2"] * hardware.cache_rate)
    active = np.clip(np.ceil(traffic / _BLOCK_BYTES), 1.0, hardware.cores)
    pulled = traffic / (active * parameters["stream.core_bandwidth"])
    indexed = _index_time(table, hardware)
    floor = np.broadcast_to(np.maximum(parameters["stream.floor"], hardware.shortest_kernel), dram.shape)
    transcendental = np.maximum(_transcendental_time(table, hardware), roofline["special"])
    terms = {
        "dram": dram,
        "l2": l2,
        "occupancy": pulled,
        "vector": np.maximum(roofline["vector"], indexed),
        "special": transcendental,
        "latency": floor,
    }
    moved = np.stack([dram, l2, pulled, roofline["vector"]]).max(axis=0)
    busy = united((moved, indexed, transcendental), _OVERLAP)
    shown = {
        "DRAM traffic": dram,
        "L2 traffic": l2,
        "bytes in flight": pulled,
        "index arithmetic": indexed,
        "transcendental functions": transcendental,
        "floor": floor,
    }
    return FamilyCost(time=floor + busy, bound=bound_of(terms), terms=shown)


def _transcendental_time(table: StreamTable, hardware: HardwareColumns) -> FloatArray:
    """Time of exponentials, error functions and the like in full precision, shape (num_kernels, num_accelerators). [s]

    The special function units only start them; the rest is a sequence on the vector lanes. Generated code takes
    approximations instead.
    """
    lanes = vector_peak(table, hardware) / 2.0
    exact = table.special_ops * ~table.generated
    time: FloatArray = np.nan_to_num(_TRANSCENDENTAL * exact[:, None] / lanes, nan=0.0)
    return time


def _index_time(table: StreamTable, hardware: HardwareColumns) -> FloatArray:
    """Time of computing each element's place, shape (num_kernels, num_accelerators). [s]

    A contiguous kernel moves 16 bytes an access and computes one index for it. A broadcast, strided or transposed one
    moves single elements and divides by every extent for each, and adds up an offset for each operand along each axis
    (``OffsetCalculator``, aten/src/ATen/cuda/detail), which bounds it by instructions rather than by bandwidth.
    Concatenation and gathers do so in a grid that fills half of each core (264 blocks of 512 threads on an H100).
    Generated code of compiled chains has its indices inlined. A library's transposition goes tile by tile through
    shared memory, and an unfilled tile takes as long as a full one.
    """
    parameters, clock = hardware.parameters, np.nan_to_num(hardware.clock, nan=np.inf)
    joined = table.kind == StreamKind.CONCATENATION
    ordered = joined & (table.pattern == AccessPattern.BROADCAST)  # inputs that are read in their own order
    limited, tiled = joined | (table.kind == StreamKind.GATHER), table.kind == StreamKind.TILED_TRANSPOSITION
    offsets = np.maximum(table.joined_axes, _FEWEST_AXES) * np.where(ordered, 1.0, table.num_inputs + 1.0)
    single = parameters["stream.element"] + offsets[:, None] * parameters["stream.offset"]
    single = np.where(limited[:, None], single / parameters["stream.filled"], single)
    crossed = np.maximum(1.0 / parameters["stream.crossed"], single)
    pattern = table.pattern[:, None]
    clocks = np.where(pattern == AccessPattern.TRANSPOSED, crossed, single)
    clocks = np.where(tiled[:, None], 1.0 / parameters["stream.tiled"], clocks)
    free = (pattern == AccessPattern.CONTIGUOUS) | table.generated[:, None]
    time: FloatArray = np.where(free, 0.0, table.elements[:, None] * clocks / (hardware.cores * clock))
    return time


def _pattern_share(table: StreamTable, hardware: HardwareColumns) -> FloatArray:
    """Share of the DRAM bandwidth that an access pattern reaches, shape (num_kernels, num_accelerators)."""
    whole = hardware.parameters["stream.dram"]
    strided = np.minimum(whole, hardware.parameters["stream.strided"])
    transposed = np.minimum(whole, hardware.parameters["stream.transposed"])
    by_pattern = np.array([whole, whole, strided, transposed])
    return by_pattern[table.pattern]


#: Fewest and most threads of a block; a core starts blocks no faster than with the fewest.
_SCATTER_THREADS = (128.0, 512.0)


def scatter_cost(group: str, table: ScatterTable, hardware: HardwareColumns) -> FamilyCost:
    """One thread block a row that writes to a place of its own: paged key-value caches, indexed writes.

    A block has a thread for each element of a row, up to 512, of which few move 16 bytes
    each (``reshape_and_cache_flash`` of vLLM); cores fill up with threads long before their bytes in flight saturate
    the DRAM, so latency comes on top of traffic.
    """
    threads = np.clip(table.row_length, *_SCATTER_THREADS)[:, None]
    resident = hardware.cores * np.floor(hardware.max_threads / threads)
    latency = np.ceil(table.rows[:, None] / np.maximum(resident, 1.0)) * hardware.parameters["scatter.row"]
    kept = residency(table, hardware.cache_capacity)
    dram = table.bytes[:, None] * (1.0 - kept) / (hardware.parameters["scatter.dram"] * hardware.dram_achievable_copy)
    floor = np.broadcast_to(hardware.parameters["scatter.floor"], dram.shape)
    shown = {"DRAM traffic": dram, "row latency": latency, "floor": floor}
    return FamilyCost(
        time=floor + dram + latency,
        bound=bound_of({"dram": dram, "occupancy": latency, "latency": floor}),
        terms=shown,
    )
