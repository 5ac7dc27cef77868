"""Matrix products on matrix or vector units."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import FamilyTable, ProductTable

from .family import FamilyCost, bound_of
from .hardware import HardwareColumns
from .mechanisms import residency
from .product import WIDEST_ACCESS, Problem, ProductCost, product_cost
from .roofline import vector_peak

__all__ = ["access_width", "matmul_cost", "product_terms", "unit_of", "unit_peak"]

FloatArray = NDArray[np.float64]


_ROLES = {
    "matmul": "matrix",
    "matmul8": "eight_bit",
    "vector_matmul": "vector",
    "vector_batched": "vector_batched",
}


def matmul_cost(group: str, table: ProductTable, hardware: HardwareColumns) -> FamilyCost:
    """Tiled products: on matrix units with 16-bit and wider operands or narrower ones, single or batched on vector."""
    problem = _problem(table, hardware)
    cost = product_cost(problem, hardware, group=group, role=_ROLES[group])
    return product_terms(cost, unit_of(group))


def unit_of(group: str) -> str:
    """Name of the bound that arithmetic of a group is."""
    return "vector" if group.startswith("vector") else "matrix"


def unit_peak(table: FamilyTable, hardware: HardwareColumns) -> FloatArray:
    """Rate of the units that the products of each kernel run on, shape (num_kernels, num_accelerators). [FLOP/s]"""
    matrix = hardware.rates("matrix", table.formats)[table.number_format]
    return np.where(table.matrix_flops[:, None] > 0, matrix, _issued_peak(table, hardware))


#: Instructions of other kinds for each multiply-add of a product: cores with half as many lanes as schedulers issue for
#: issue them beside, those with as many instead. H100: products reach 0.74 of the fp32 peak in the median (NeuSight
#: data set, linear layers from 50 GFLOP).
_OTHER_INSTRUCTIONS = 1 / 3


def _issued_peak(table: FamilyTable, hardware: HardwareColumns) -> FloatArray:
    """Rate of the vector units as far as instructions can be issued, shape (num_kernels, num_accelerators)."""
    issued = hardware.cores * hardware.core_clock * hardware.issued_lanes / (1.0 + _OTHER_INSTRUCTIONS)
    packed = np.maximum(4.0 / table.itemsize, 1.0)[:, None]  # two values of 16 bits in one lane
    return np.minimum(vector_peak(table, hardware), 2.0 * issued * packed)


def _problem(table: ProductTable, hardware: HardwareColumns) -> Problem:
    return Problem(
        batch=table.batch,
        m=table.m,
        n=table.n,
        k=table.k,
        itemsize=table.itemsize,
        reads=table.bytes_read,
        writes=table.bytes_written,
        kept=residency(table, hardware.cache_capacity),
        flops=2.0 * table.batch * table.m * table.n * table.k,
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
        "rounds": cost.rounds,
        "arithmetic": cost.arithmetic,
        "exposed prologues and epilogues": cost.exposed,
        "L2 traffic": cost.l2,
        "DRAM traffic": cost.dram,
        "splitting": cost.splitting,
        "floor": cost.floor,
    }
    return FamilyCost(time=cost.time, bound=bound_of(bounds), terms=terms)
