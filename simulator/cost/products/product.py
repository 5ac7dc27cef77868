"""Time of products that are tiled over cores: plain and batched matrix products, and convolutions that become one.

The library's choice of tile is taken to be the fastest that the model predicts within the power limit, unless the
library is known to choose by a rule.
"""

from __future__ import annotations

from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from hw_specs.tiles import TileLibrary
from simulator.cost.hardware import HardwareColumns
from simulator.cost.power_limit import Allowance
from simulator.recording import is_recorded

from .choice import fastest
from .problem import WIDEST_ACCESS, Problem, ProductCost, ProductParameters
from .recorded import recorded_cost
from .terms import Space, product_terms
from .tiles import candidates, library_groups, offered

__all__ = ["open_choices", "product_cost", "splittable"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

#: Blocks for each core from which on no library splits the reduced length.
_FULL_CORES = 2.0

#: Longest side of a tile for rows that do not allow that width: kernels of older generations
#: (``cutlass_75_tensorop_bf16_s1688gemm_bf16_128x128_nn_align1`` on an H100).
_LONGEST_NARROW = 128.0


def product_cost(
    problem: Problem,
    hardware: HardwareColumns,
    parameters: ProductParameters,
    *,
    role: str,
    allowance: Allowance | None = None,
) -> ProductCost:
    """Time of each product with its best tile.

    Parameters
    ----------
    problem : Problem
    hardware : HardwareColumns
    parameters : ProductParameters
        Of the same accelerators.
    role : str
        Library, see :func:`simulator.cost.products.tiles.library_groups`.
    allowance : Allowance, optional
        Power limit within which a tile is the best; the boost clock by default. The times are at the boost clock.
    """
    result = ProductCost(**{f.name: hardware.zeros(len(problem.m)) for f in fields(ProductCost)})
    for library, columns in library_groups(role, hardware.traits):
        own = problem.accelerators(columns)
        limit = None if allowance is None else allowance.at(slice(None), columns)
        cost = _cost(own, hardware.select(columns), parameters.select(columns), library, limit)
        for field in fields(ProductCost):
            getattr(result, field.name)[:, columns] = getattr(cost, field.name)
    return result


def _cost(
    problem: Problem,
    hardware: HardwareColumns,
    parameters: ProductParameters,
    library: TileLibrary,
    allowance: Allowance | None,
) -> ProductCost:
    """The same on accelerators that share a library."""
    space = Space.build(problem, hardware, parameters, library)
    open_to, splits = open_choices(problem, library), splittable(problem, hardware, library)
    if is_recorded(space.peak, space.dram, space.machines):
        return recorded_cost(space, library, open_to, splits)
    return product_terms(space.chosen(fastest(space, open_to, splits, allowance)))


def open_choices(p: Problem, library: TileLibrary) -> BoolArray:
    """Choices that the library has for each problem, at least one, shape (num_kernels, num_choices).

    Where all that it has is long, it takes that for rows of any width.
    """
    tm, tn, _ = candidates(library)
    open_to = offered(library, p.m, p.n, p.k, batch=p.batch)
    short = open_to & (np.maximum(tm, tn) <= _LONGEST_NARROW)
    narrow = (p.widths() < WIDEST_ACCESS) & short.any(axis=1)
    return np.where(narrow[:, None], short, open_to)


def splittable(p: Problem, hardware: HardwareColumns, library: TileLibrary) -> BoolArray:
    """Problems of which some tile leaves cores idle or alone, shape (num_kernels, num_accelerators).

    Libraries split the reduced length of these alone.
    """
    rows, columns, splits = candidates(library)
    whole = splits == 1.0
    tiles = np.ceil(p.m[:, None] / rows[whole]) * np.ceil(p.n[:, None] / columns[whole])
    short: BoolArray = (p.batch * tiles.min(axis=1))[:, None] < _FULL_CORES * hardware.cores
    return short & bool((splits > 1.0).any())
