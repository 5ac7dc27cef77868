"""Row-wise kernels: softmax, layer norm, the statistics of group norm, reductions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import Implementation, KernelFamily, KernelTable

from .family import FamilyCost, bound_of
from .hardware import HardwareColumns
from .mechanisms import SHORTEST_KERNEL, residency, united
from .roofline import roofline_terms

__all__ = ["rows_cost"]

FloatArray = NDArray[np.float64]

#: Widest row that PyTorch's softmax keeps in the registers of one warp (PersistentSoftmax.cuh).
WARP_SOFTMAX_WIDTH = 1024

#: Bytes of an element in registers. [B]
_COMPUTED_BYTES = 4.0

#: Widest load of one thread. [B]
_VECTOR_BYTES = 16

#: Rows that are between two passes at the same time: about eight blocks on each of a hundred cores.
_ROWS_IN_FLIGHT = 800.0


def rows_cost(group: str, table: KernelTable, hardware: HardwareColumns) -> FamilyCost:
    """Floor plus memory and row latency joined.

    Every pass over a row but the first finds it in the cache as far as the rows in flight fit there; a core passes
    over cached rows at its own rate, and each row has a latency (reduction trees, barriers). One block serves one
    row, so fewer rows than cores leave cores idle: group norm has one row for each (sample, group).
    """

    def parameter(name: str) -> FloatArray:
        return hardware.parameters[f"{group}.{name}"]

    passes, width, rows = _passes(table)[:, None], table.n[:, None], table.m[:, None]
    row_bytes = width * table.itemsize[:, None]
    # Rows that start at odd places cannot be loaded in vectors of 16 bytes: softmax then takes their elements one by
    # one, each as long as one of fp32.
    unaligned = (table.family == KernelFamily.SOFTMAX)[:, None] & (row_bytes % _VECTOR_BYTES != 0)
    computed = np.where(unaligned, width * _COMPUTED_BYTES, row_bytes)
    spilled = _spilled(row_bytes, rows, hardware, parameter("usable"))
    read = table.bytes_read[:, None] * (1.0 + (passes - 1.0) * spilled)
    kept = residency(table, hardware.cache_capacity) * parameter("resident")
    dram_bandwidth = parameter("dram") * hardware.dram_bandwidth
    dram = (read + table.bytes_written[:, None]) * (1.0 - kept) / dram_bandwidth
    on_core = np.where(_in_registers(table)[:, None], 0.0, parameter("row") + passes * computed / parameter("stream"))
    latency = np.ceil(rows / hardware.cores) * on_core
    floor = np.broadcast_to(np.maximum(parameter("floor"), SHORTEST_KERNEL), dram.shape)
    roofline = roofline_terms(table, hardware)
    arithmetic = np.maximum(roofline["vector"], roofline["special"])
    time = floor + np.maximum(united((dram, latency), parameter("overlap")), arithmetic)
    bounds = {"dram": dram, "latency": latency + floor, "vector": roofline["vector"], "special": roofline["special"]}
    shown = {"DRAM traffic": dram, "row latency": latency, "arithmetic": arithmetic, "floor": floor}
    return FamilyCost(time=time, bound=bound_of(bounds), terms=shown)


def _in_registers(table: KernelTable) -> NDArray[np.bool_]:
    held: NDArray[np.bool_] = (table.family == KernelFamily.SOFTMAX) & (table.n <= WARP_SOFTMAX_WIDTH)
    return held


def _passes(table: KernelTable) -> FloatArray:
    """Passes over each row: softmax three (maximum, sum, output), layer norm two, statistics and reductions one."""
    once = (
        (table.implementation == Implementation.GROUP_NORM_STATISTICS)
        | (table.family == KernelFamily.REDUCTION)
        | _in_registers(table)
    )
    twice = np.where(table.family == KernelFamily.SOFTMAX, 3.0, 2.0)
    return np.where(once, 1.0, twice)


def _spilled(row_bytes: FloatArray, rows: FloatArray, hardware: HardwareColumns, usable: FloatArray) -> FloatArray:
    """Share of the rows in flight that the cache cannot hold until the next pass."""
    in_flight = np.minimum(rows, _ROWS_IN_FLIGHT) * row_bytes
    capacity = np.maximum(usable * hardware.cache_capacity, 1.0)
    return np.clip((in_flight - capacity) / np.maximum(in_flight, 1.0), 0.0, 1.0)
