"""Elementwise work, reductions, normalizations, softmax, copies and scattered rows on systolic engines.

A compiler makes a chain of such operators one loop over blocks that it brings on chip and back with copies of its own
(XLA, Intel's Graph Compiler, neuronx-cc): DRAM traffic and the vector unit work side by side. No threads wait for loads
and no indices are computed; a block that is transposed goes through a unit for that at a lower rate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.cost.families.family import FamilyCost, Formula, ParameterGroup, bound_of, every
from simulator.cost.hardware import HardwareColumns
from simulator.cost.mechanisms import cache_hit_rate, overlapped
from simulator.cost.parameters import Parameters, floor_parameter, parameter
from simulator.kernels import AccessPattern, FamilyTable, RowWiseTable, ScatterTable, StreamTable

from .grid import Grid
from .vector_unit import vector_time

__all__ = ["SYSTOLIC_ROWS", "SYSTOLIC_SCATTER", "SYSTOLIC_STREAM", "VECTOR_FORMULAS", "SystolicStreamParameters"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class SystolicStreamParameters(Parameters):
    """Parameters of work on the vector unit."""

    dram: FloatArray = parameter(0.85, "1", 0.3, 1.0, "share of the DRAM bandwidth reached")
    transposed: FloatArray = parameter(0.4, "1", 0.02, 1.0, "the same where an operand is transposed")
    resident: FloatArray = parameter(
        0.5, "1", 0.0, 1.0, "share of the traffic that stays on chip where the operands fit there"
    )
    overlap: FloatArray = parameter(4.0, "1", 1.2, 12.0, "exponent that joins traffic and vector unit")
    floor: FloatArray = floor_parameter(3e-6)


@dataclass(frozen=True, eq=False, kw_only=True)
class SystolicScatterParameters(SystolicStreamParameters):
    """Parameters of scattered rows, each a copy that the scalar unit asks for."""

    row: FloatArray = parameter(2e-8, "s", 0.0, 1e-5, "time of a core to ask for the copy of one row")


def stream_cost(table: StreamTable, hardware: HardwareColumns, parameters: SystolicStreamParameters) -> FamilyCost:
    """Elementwise work, reductions, copies and gathers."""
    transposed = (table.pattern == AccessPattern.TRANSPOSED)[:, None]
    share = np.where(transposed, np.minimum(parameters.transposed, parameters.dram), parameters.dram)
    further = np.maximum(table.num_inputs - 1.0, 0.0) * table.elements * table.reduced_length
    return _cost(table, hardware, parameters, share, further=further[:, None])


def row_cost(table: RowWiseTable, hardware: HardwareColumns, parameters: SystolicStreamParameters) -> FamilyCost:
    """Normalizations and softmax, whose rows stay on chip from their reductions to their output."""
    return _cost(table, hardware, parameters, parameters.dram)


def scatter_cost(table: ScatterTable, hardware: HardwareColumns, parameters: SystolicScatterParameters) -> FamilyCost:
    """Rows that go to places of their own."""
    cost = _cost(table, hardware, parameters, parameters.dram)
    asked = table.rows[:, None] * parameters.row
    return FamilyCost(time=cost.time + asked, bound=cost.bound, terms={**cost.terms, "copies of rows": asked})


def _cost(
    table: FamilyTable,
    hardware: HardwareColumns,
    parameters: SystolicStreamParameters,
    share: FloatArray,
    *,
    further: FloatArray | float = 0.0,
) -> FamilyCost:
    """Traffic beside the vector unit, which reads some elements of further operands."""
    grid = Grid.of(hardware.traits)
    kept = cache_hit_rate(table, hardware.cache_capacity) * parameters.resident
    dram = table.bytes[:, None] * (1.0 - kept) / (share * hardware.dram_bandwidth)
    vector = vector_time(
        table,
        hardware,
        grid,
        operations=table.vector_flops[:, None] + grid.second_operand * further,
        specials=table.special_ops[:, None],
    )
    floor = np.broadcast_to(parameters.floor, dram.shape)
    return FamilyCost(
        time=floor + overlapped((dram, vector), parameters.overlap),
        bound=bound_of({"dram": dram, "vector": vector, "latency": floor}),
        terms={"DRAM traffic": dram, "vector unit": vector, "floor": floor},
        clocked=vector,
    )


VECTOR_FORMULAS = {
    "DRAM traffic": Formula("bytes not kept on chip / (share * DRAM bandwidth)"),
    "vector unit": Formula("elementwise operations / rate of the vector unit, or special functions / theirs"),
    "copies of rows": Formula("rows * time to ask for the copy of one"),
    "floor": Formula("shortest duration"),
}

SYSTOLIC_STREAM = ParameterGroup(
    name="systolic_stream", parameters=SystolicStreamParameters, holds=every, cost=stream_cost
)
SYSTOLIC_ROWS = ParameterGroup(
    name="systolic_rows",
    parameters=SystolicStreamParameters,
    holds=every,
    cost=row_cost,
    related=("systolic_stream",),
)
SYSTOLIC_SCATTER = ParameterGroup(
    name="systolic_scatter",
    parameters=SystolicScatterParameters,
    holds=every,
    cost=scatter_cost,
    related=("systolic_stream",),
)
