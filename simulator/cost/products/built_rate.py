"""Products on matrix units that a vendor slows down: what a core needs beside them goes on as it is built.

GeForce cards multiply 16-bit floats at half rate where sums are float32; an L20, an L40 or an A10G at half rate in
every format, and an H20 at a quarter: on the cores of parts that do so at the full rate. Loads, copies to shared memory
and the latency that blocks hide for one another are the same in clocks, so that they are half as much beside a
multiplication that takes twice as long. With :math:`s` the rate of the format over that of the units as built, and
parameters of parts with :math:`s = 1`,

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

#: Formats that are not added up in float32, which no vendor slows down alone.
_AS_BUILT = frozenset({NARROW_SUMS, "int8", "int4", "fp64"})


def runs_as_built(table: FamilyTable) -> BoolArray:
    """Whether the products of each kernel keep the rate of the units where others are halved, shape (num_kernels,)."""
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
        Products of formats that are not slowed down alone.
    role : str
    allowance : Allowance, optional
    """
    alone, together = _shares(hardware)
    if as_built.all() or not as_built.any():
        share = together if as_built.all() else alone
        return product_cost(problem, hardware, _slowed(parameters, share), role=role, allowance=allowance)
    result = ProductCost(**{f.name: hardware.zeros(len(problem.m)) for f in fields(ProductCost)})
    for share, chosen in ((together, as_built), (alone, ~as_built)):
        rows = np.flatnonzero(chosen)
        limit = None if allowance is None else allowance.at(rows)
        cost = product_cost(problem.rows(rows), hardware, _slowed(parameters, share), role=role, allowance=limit)
        for field in fields(ProductCost):
            getattr(result, field.name)[rows] = getattr(cost, field.name)
    return result


def _shares(hardware: HardwareColumns) -> tuple[FloatArray, FloatArray]:
    """Rate over that of the units as built, of 16-bit floats with sums of 32 bits and of formats as built."""
    if "fp16" not in hardware.matrix:
        return np.ones(len(hardware)), np.ones(len(hardware))
    wide, narrow = hardware.matrix["fp16"], hardware.matrix[NARROW_SUMS]
    built = np.fmax(hardware.matrix_as_built, narrow)
    return _known(wide / built), _known(narrow / built)


def _known(share: FloatArray) -> FloatArray:
    """1 where it is not known; no part is faster than its units are built, whatever clock a datasheet quotes."""
    return np.where(share < 1.0, share, 1.0)


def _slowed(parameters: ProductParameters, share: FloatArray) -> ProductParameters:
    """Parameters of products at a share of the rate that the units are built for, shape (num_accelerators,)."""
    rate = parameters.rate / (parameters.rate + share * (1.0 - parameters.rate))
    return replace(parameters, rate=rate, feed=share * parameters.feed, alone=share * parameters.alone)
