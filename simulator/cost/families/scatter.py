"""Kernels that write rows to places of their own: paged key-value caches, indexed writes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.cost.hardware import HardwareColumns
from simulator.cost.mechanisms import cache_hit_rate
from simulator.cost.parameters import Parameters, floor_parameter, parameter
from simulator.kernels import ScatterTable

from .family import Family, FamilyCost, Formula, ParameterGroup, bound_of, every
from .systolic.memory_bound import SYSTOLIC_SCATTER, VECTOR_FORMULAS

__all__ = ["SCATTERS", "ScatterParameters", "scatter_cost"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class ScatterParameters(Parameters):
    """Parameters of scattered rows."""

    dram: FloatArray = parameter(0.8, "1", 0.02, 1.0, "share of the DRAM bandwidth reached")
    row: FloatArray = parameter(1.5e-6, "s", 0.0, 2e-5, "latency of one thread block, which moves one row")
    floor: FloatArray = floor_parameter(1.5e-6, cache=1.0, dram=1.0)


#: Threads that a block takes of a core: no fewer than one of 32, the most blocks of 2048 threads (CUDA C++ Programming
#: Guide, compute capabilities), and no more than it is launched with (``reshape_and_cache_flash`` of vLLM). [1]
_THREADS = (64.0, 512.0)


def scatter_cost(table: ScatterTable, hardware: HardwareColumns, parameters: ScatterParameters) -> FamilyCost:
    """One thread block a row that writes to a place of its own: paged key-value caches, indexed writes.

    A block has a thread for each element of a row, up to 512, of which few move 16 bytes each; cores fill up with
    threads long before their bytes in flight saturate the DRAM, so latency comes on top of traffic.
    """
    threads = np.clip(table.row_length, *_THREADS)[:, None]
    resident = hardware.cores * np.floor(hardware.max_threads / threads)
    latency = np.ceil(table.rows[:, None] / np.maximum(resident, 1.0)) * parameters.row
    hit_rate = cache_hit_rate(table, hardware.cache_capacity)
    dram = table.bytes[:, None] * (1.0 - hit_rate) / (parameters.dram * hardware.dram_achievable_copy)
    floor = np.broadcast_to(parameters.floor, dram.shape)
    shown = {"DRAM traffic": dram, "row latency": latency, "floor": floor}
    return FamilyCost(
        time=floor + dram + latency,
        bound=bound_of({"dram": dram, "occupancy": latency, "latency": floor}),
        terms=shown,
    )


_FORMULAS = {
    "DRAM traffic": Formula("bytes not in the cache / (share * DRAM rate)"),
    "row latency": Formula("ceil(rows / resident blocks of all cores) * latency of one block"),
    "floor": Formula("shortest duration"),
}

SCATTERS = Family(
    table=ScatterTable,
    groups=(ParameterGroup(name="scatter", parameters=ScatterParameters, holds=every, cost=scatter_cost),),
    formulas=_FORMULAS,
    systolic=(SYSTOLIC_SCATTER,),
    systolic_formulas=VECTOR_FORMULAS,
)
