"""Elementwise kernels, copies and gathers: bandwidth by access pattern, cache and bytes in flight."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import Implementation, KernelTable

from .family import FamilyCost, bound_of
from .hardware import HardwareColumns
from .mechanisms import SHORTEST_KERNEL, residency
from .roofline import roofline_terms

__all__ = ["scatter_cost", "stream_cost"]

FloatArray = NDArray[np.float64]

#: Bytes that one thread block of an elementwise kernel moves: 128 threads of four 16-byte accesses each.
_BLOCK_BYTES = 128 * 4 * 16


def stream_cost(group: str, table: KernelTable, hardware: HardwareColumns) -> FamilyCost:
    """Floor plus the slowest of DRAM, L2, the cores' bytes in flight, index arithmetic, and arithmetic.

    A kernel with too few bytes to occupy all cores is limited by what its cores can pull (Little's law: bytes in
    flight of one core over the memory latency).
    """
    parameters = hardware.parameters
    roofline = roofline_terms(table, hardware)
    traffic = table.bytes[:, None]
    kept = residency(table, hardware.cache_capacity) * parameters["stream.resident"]
    dram = traffic * (1.0 - kept) / (_pattern_share(table, hardware) * hardware.dram_bandwidth)
    l2 = traffic / (parameters["stream.l2"] * hardware.cache_rate)
    active = np.clip(np.ceil(traffic / _BLOCK_BYTES), 1.0, hardware.cores)
    pulled = traffic / (active * parameters["stream.core_bandwidth"])
    indexed = _index_time(table, hardware)
    floor = np.broadcast_to(np.maximum(parameters["stream.floor"], SHORTEST_KERNEL), dram.shape)
    terms = {
        "dram": dram,
        "l2": l2,
        "latency": np.maximum(pulled, indexed),
        "vector": roofline["vector"],
        "special": roofline["special"],
    }
    busy = np.stack(list(terms.values())).max(axis=0)
    shown = {
        "DRAM traffic": dram,
        "L2 traffic": l2,
        "bytes in flight": pulled,
        "index arithmetic": indexed,
        "floor": floor,
    }
    bound = bound_of({**terms, "latency": np.maximum(floor, terms["latency"])})
    return FamilyCost(time=floor + busy, bound=bound, terms=shown)


def _index_time(table: KernelTable, hardware: HardwareColumns) -> FloatArray:
    """Time of computing each element's place, shape (num_kernels, num_accelerators). [s]

    A contiguous kernel moves 16 bytes an access and computes one index for it. A broadcast, strided or transposed one
    moves single elements and divides by every extent for each (``OffsetCalculator``, aten/src/ATen/cuda/detail), which
    bounds it by instructions rather than by bandwidth. Generated code of compiled chains has its indices inlined, and
    a library's tiled transposition moves vectors on both sides.
    """
    parameters, clock = hardware.parameters, np.nan_to_num(hardware.clock, nan=np.inf)
    free = np.full(len(hardware), np.inf)
    rates = np.array([free, parameters["stream.indexed"], parameters["stream.indexed"], parameters["stream.crossed"]])
    rate = rates[table.pattern.astype(np.int64)]
    inlined = np.isin(table.implementation, (Implementation.FUSED_CHAIN, Implementation.TILED_TRANSPOSE))
    rate = np.where(inlined[:, None], np.inf, rate)
    time: FloatArray = table.m[:, None] / (rate * hardware.cores * clock)
    return time


def _pattern_share(table: KernelTable, hardware: HardwareColumns) -> FloatArray:
    """Share of the DRAM bandwidth that an access pattern reaches, shape (num_kernels, num_accelerators)."""
    whole = hardware.parameters["stream.dram"]
    strided = np.minimum(whole, hardware.parameters["stream.strided"])
    transposed = np.minimum(whole, hardware.parameters["stream.transposed"])
    by_pattern = np.array([whole, whole, strided, transposed])
    return by_pattern[table.pattern.astype(np.int64)]


#: Fewest and most threads of a block; a core starts blocks no faster than with the fewest.
_SCATTER_THREADS = (128.0, 512.0)


def scatter_cost(group: str, table: KernelTable, hardware: HardwareColumns) -> FamilyCost:
    """One thread block a row that writes to a place of its own: paged key-value caches, indexed writes.

    ``m`` rows of ``n`` elements. A block has a thread for each element of a row, up to 512, of which few move 16 bytes
    each (``reshape_and_cache_flash`` of vLLM); cores fill up with threads long before their bytes in flight saturate
    the DRAM, so latency comes on top of traffic.
    """
    threads = np.clip(table.n, *_SCATTER_THREADS)[:, None]
    resident = hardware.cores * np.floor(hardware.max_threads / threads)
    latency = np.ceil(table.m[:, None] / np.maximum(resident, 1.0)) * hardware.parameters["scatter.row"]
    kept = residency(table, hardware.cache_capacity)
    dram = table.bytes[:, None] * (1.0 - kept) / (hardware.parameters["scatter.dram"] * hardware.dram_bandwidth)
    floor = np.broadcast_to(hardware.parameters["scatter.floor"], dram.shape)
    shown = {"DRAM traffic": dram, "row latency": latency, "floor": floor}
    return FamilyCost(
        time=floor + dram + latency,
        bound=bound_of({"dram": dram, "latency": latency + floor}),
        terms=shown,
    )
