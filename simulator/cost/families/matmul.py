"""Matrix products on matrix or vector units."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import partial

import numpy as np
from numpy.typing import NDArray

from hw_specs.tiles import load_tile_library
from simulator.cost.hardware import HardwareColumns
from simulator.cost.hardware.cores import VECTOR_ISSUE
from simulator.cost.mechanisms import cache_hit_rate
from simulator.cost.parameters import parameter
from simulator.cost.power_limit import Allowance
from simulator.cost.products import (
    WIDEST_ACCESS,
    Problem,
    ProductCost,
    ProductParameters,
    at_built_rate,
    packed_cost,
    routed_cost,
    runs_as_built,
)
from simulator.cost.roofline import vector_peak
from simulator.kernels import FamilyTable, ProductTable

from .family import Family, FamilyCost, Formula, ParameterGroup, bound_of, every, narrow, parameters_of
from .systolic.products import SYSTOLIC_FORMULAS, SYSTOLIC_PRODUCT

__all__ = [
    "MATMUL",
    "PRODUCTS",
    "PRODUCT_FORMULAS",
    "VECTOR_MATMUL",
    "access_width",
    "matmul_cost",
    "product_terms",
    "unit_peak",
]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, kw_only=True)
class VectorProductParameters(ProductParameters):
    """Parameters of products on vector units.

    Their multiply-adds issue in every clock: short products reach 0.93 to 0.99 of the peak on V100, T4 and A100. What
    long ones lose is the power limit's. Kernels of Maxwell, which run on Pascal, reach two thirds.
    """

    rate: FloatArray = parameter(0.97, "1", 0.5, 1.0, "share of the peak rate inside the main loop of a large tile")


@dataclass(frozen=True, eq=False, kw_only=True)
class VectorBatchedParameters(VectorProductParameters):
    """Parameters of batched products on vector units.

    They read their second operand across its rows: fits to V100 and T4, where the tile varies, feed tiles of 34 and 40.
    Elsewhere the only tile is too large to tell.
    """

    feed: FloatArray = parameter(
        40.0, "elements", 0.0, 150.0, "tile edge (harmonic) below which shared memory feeds too slowly"
    )


def matmul_cost(
    table: ProductTable, hardware: HardwareColumns, parameters: ProductParameters, *, role: str, unit: str
) -> FamilyCost:
    """Tiled products.

    Parameters
    ----------
    table : ProductTable
    hardware : HardwareColumns
    parameters : ProductParameters
    role : str
        Library, see :func:`simulator.cost.products.tiles.library_groups`.
    unit : {"matrix", "vector"}
        What multiplies.
    """
    limit, problem = Allowance.of(table, hardware), _problem(table, hardware)
    as_built = runs_as_built(table)
    cost = at_built_rate(problem, hardware, parameters, as_built=as_built, role=role, allowance=limit)
    rows = np.flatnonzero(table.packed)
    if len(rows):
        packed = packed_cost(problem.rows(rows), hardware, parameters)
        for field in fields(ProductCost):
            getattr(cost, field.name)[rows] = getattr(packed, field.name)
    _route(table, problem, hardware, parameters, cost)
    return product_terms(cost, unit)


def _route(
    table: ProductTable, problem: Problem, hardware: HardwareColumns, parameters: ProductParameters, cost: ProductCost
) -> None:
    """Put costs of experts in their place where a library generates them.

    Other products in so few bits have tiles so large that the L2 is no matter, and rows that do not tell how much of it
    is reached: those in more bits do.
    """
    rows = np.flatnonzero(table.routed & narrow(table))
    names = np.array([traits.tiles.experts or "" for traits in hardware.traits])
    for name in dict.fromkeys(names.tolist()) if len(rows) else ():
        columns = np.flatnonzero(names == name)
        if name:
            own, chosen = problem.rows(rows).accelerators(columns), hardware.select(columns)
            l2 = parameters_of(chosen, MATMUL).l2
            routed = routed_cost(own, chosen, parameters.select(columns), load_tile_library(name), l2=l2)
            for field in fields(ProductCost):
                getattr(cost, field.name)[np.ix_(rows, columns)] = getattr(routed, field.name)


def unit_peak(table: FamilyTable, hardware: HardwareColumns) -> FloatArray:
    """Rate of the units that the products of each kernel run on, shape (num_kernels, num_accelerators). [FLOP/s]"""
    matrix = hardware.rates("matrix", table.formats)[table.number_format]
    return np.where(table.matrix_flops[:, None] > 0, matrix, _issue_rate(table, hardware))


def _issue_rate(table: FamilyTable, hardware: HardwareColumns) -> FloatArray:
    """Rate of the vector units as far as instructions can be issued, shape (num_kernels, num_accelerators)."""
    issued = VECTOR_ISSUE * hardware.cores * hardware.core_clock * hardware.issued_lanes
    packed = np.maximum(4.0 / table.itemsize, 1.0)[:, None]  # two values of 16 bits in one lane
    return np.minimum(vector_peak(table, hardware), issued * packed)


def _problem(table: ProductTable, hardware: HardwareColumns) -> Problem:
    return Problem(
        batch=table.batch,
        m=table.m,
        n=table.n,
        k=table.k,
        itemsize=table.itemsize,
        reads=table.bytes_read,
        writes=table.bytes_written,
        hit_rate=cache_hit_rate(table, hardware.cache_capacity),
        peak=unit_peak(table, hardware),
        access=access_width(table),
    )


def access_width(table: ProductTable) -> FloatArray:
    """Widest access that every row of the matrices allows, shape (num_kernels,). [B]

    Rows are ``k`` or ``n`` long; libraries give all three matrices the width of the narrowest. A vector is one row.
    Products on vector units show no difference between rows of odd and of even lengths (V100, T4, A100).
    """
    whole = int(WIDEST_ACCESS)
    operands = np.gcd((table.k * table.itemsize).astype(np.int64), whole)
    matrix = (table.m > 1) & (table.n > 1)
    outputs = np.where(matrix, np.gcd((table.n * table.itemsize).astype(np.int64), whole), whole)
    width: FloatArray = np.where(table.matrix_flops > 0, np.minimum(operands, outputs), whole).astype(np.float64)
    return np.maximum(width, 1.0)


def product_terms(cost: ProductCost, unit: str) -> FamilyCost:
    """Time, bound and terms of a product."""
    bounds = {
        unit: cost.arithmetic,
        "l2": cost.l2,
        "dram": cost.dram,
        "occupancy": cost.exposed + cost.splitting,
        "latency": cost.floor,
    }
    terms = {
        "bytes of one access": cost.access,
        "tile rows": cost.tile_rows,
        "tile columns": cost.tile_columns,
        "splits of the reduced length": cost.splits,
        "thread blocks": cost.blocks,
        "waves": cost.waves,
        "arithmetic": cost.arithmetic,
        "exposed prologues and epilogues": cost.exposed,
        "L2 traffic": cost.l2,
        "DRAM traffic": cost.dram,
        "splitting": cost.splitting,
        "floor": cost.floor,
    }
    return FamilyCost(time=cost.time, bound=bound_of(bounds), terms=terms, clocked=cost.arithmetic)


def _on_vector_units(table: ProductTable) -> BoolArray:
    chosen: BoolArray = table.matrix_flops == 0
    return chosen


PRODUCT_FORMULAS = {
    "bytes of one access": Formula("widest that divides the rows of all matrices, at most 16", "1"),
    "tile rows": Formula("chosen among the library's tiles by its rule, else by predicted time", "1"),
    "tile columns": Formula("chosen among the library's tiles by predicted time", "1"),
    "splits of the reduced length": Formula("blocks that share one output tile", "1"),
    "thread blocks": Formula("batch * ceil(m / tile rows) * ceil(n / tile columns) * splits", "1"),
    "waves": Formula("ceil(ceil(blocks / cores) / resident blocks)", "1"),
    "arithmetic": Formula("busiest core: blocks * the larger of multiplying and moving a tile"),
    "exposed prologues and epilogues": Formula(
        "blocks of a core * clocks of a block + bytes of all tiles / (store * DRAM rate)"
    ),
    "L2 traffic": Formula("blocks * operand tiles / (share * L2 bandwidth)"),
    "DRAM traffic": Formula("bytes not in the cache / (share * DRAM rate)"),
    "splitting": Formula("split latency + partial sums through L2"),
    "floor": Formula("shortest duration"),
}

MATMUL = ParameterGroup(
    name="matmul",
    parameters=ProductParameters,
    holds=every,
    cost=partial(matmul_cost, role="matrix", unit="matrix"),
)

VECTOR_MATMUL = ParameterGroup(
    name="vector_matmul",
    parameters=VectorProductParameters,
    holds=_on_vector_units,
    cost=partial(matmul_cost, role="vector", unit="vector"),
)

PRODUCTS = Family(
    table=ProductTable,
    groups=(
        MATMUL,
        ParameterGroup(
            name="matmul8",
            parameters=ProductParameters,
            holds=narrow,
            cost=partial(matmul_cost, role="eight_bit", unit="matrix"),
        ),
        VECTOR_MATMUL,
        ParameterGroup(
            name="vector_batched",
            parameters=VectorBatchedParameters,
            holds=lambda table: _on_vector_units(table) & (table.batch > 1),
            cost=partial(matmul_cost, role="vector_batched", unit="vector"),
        ),
    ),
    formulas=PRODUCT_FORMULAS,
    systolic=(SYSTOLIC_PRODUCT,),
    systolic_formulas=SYSTOLIC_FORMULAS,
)
