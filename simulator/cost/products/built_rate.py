"""Products on matrix units that a vendor slows down: what a core needs beside them goes on as it is built.

GeForce cards multiply 16-bit floats at half rate where sums are float32, on the cores of parts that do so at the full
rate. Loads, copies to shared memory and the latency that blocks hide for one another are the same in clocks, so that
they are half as much beside a multiplication that takes twice as long. With :math:`s` the rate of the format over that
of the units as built, and parameters of parts with :math:`s = 1`,

.. math:: r(s) = \\frac{1}{1 + s (1/r - 1)}, \\quad f(s) = s f, \\quad a(s) = s a

are the share of the peak in the main loop, the tile edge below which shared memory feeds too slowly, and the share of
blocks that a core needs to work at full rate. 4096 x 4096 x 4096 in fp16 takes an RTX 4090 0.88 ms (155.4 TFLOP/s of
165.2), where an L40S reaches 0.67 to 0.8 of its peak.
"""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
from numpy.typing import NDArray

from simulator.cost.hardware import HardwareColumns
from simulator.cost.power_limit import Allowance
from simulator.kernels import NARROW_SUMS, FamilyTable

from .problem import Problem, ProductCost, ProductParameters
from .product import product_cost

__all__ = ["at_built_rate", "runs_as_built"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

#: Formats that no vendor slows down.
_AS_BUILT = frozenset({NARROW_SUMS, "int8", "int4", "fp64"})


def runs_as_built(table: FamilyTable) -> BoolArray:
    """Whether the products of each kernel run at the rate of the units as built, shape (num_kernels,)."""
    by_format = np.array([name in _AS_BUILT for name in table.formats], dtype=np.bool_)
    as_built: BoolArray = by_format[table.number_format] | (table.matrix_flops == 0)
    return as_built


def at_built_rate(
    problem: Problem,
    hardware: HardwareColumns,
    parameters: ProductParameters,
    *,
    as_built: BoolArray,
    role: str,
    allowance: Allowance | None = None,
) -> ProductCost:
    """Time of each product with its best tile, as :func:`~simulator.cost.products.product.product_cost` has it.

    Parameters
    ----------
    problem : Problem
    hardware : HardwareColumns
    parameters : ProductParameters
        Of products at the rate that the units have as built.
    as_built : array of bool, shape (num_kernels,)
        Products that run at that rate.
    role : str
    allowance : Allowance, optional
    """
    if as_built.all() or "fp16" not in hardware.matrix:
        return product_cost(problem, hardware, parameters, role=role, allowance=allowance)
    slowed = _slowed(hardware, parameters)
    if not as_built.any():
        return product_cost(problem, hardware, slowed, role=role, allowance=allowance)
    result = ProductCost(**{f.name: hardware.zeros(len(problem.m)) for f in fields(ProductCost)})
    for of_rate, chosen in ((parameters, as_built), (slowed, ~as_built)):
        rows = np.flatnonzero(chosen)
        limit = None if allowance is None else allowance.at(rows)
        cost = product_cost(problem.rows(rows), hardware, of_rate, role=role, allowance=limit)
        for field in fields(ProductCost):
            getattr(result, field.name)[rows] = getattr(cost, field.name)
    return result


def _slowed(hardware: HardwareColumns, parameters: ProductParameters) -> ProductParameters:
    """Parameters of products at the rate of formats that a vendor slows down."""
    fp16, built = hardware.matrix["fp16"], hardware.matrix[NARROW_SUMS]
    share = np.where(np.isnan(fp16 / built), 1.0, fp16 / built)
    rate = parameters.rate / (parameters.rate + share * (1.0 - parameters.rate))
    return replace(parameters, rate=rate, feed=share * parameters.feed, alone=share * parameters.alone)
