"""Products whose blocks each compute one tile over the whole reduced length: what all such kernels have alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.cost.hardware import HardwareColumns
from simulator.cost.mechanisms import overlapped

from .problem import Problem, ProductCost, ProductParameters
from .terms import dram_time

__all__ = ["bytes_of_block", "num_blocks", "unsplit_cost"]

FloatArray = NDArray[np.float64]


def num_blocks(p: Problem, rows: FloatArray, columns: FloatArray) -> FloatArray:
    """Blocks of tiles of some rows and columns, shape (num_kernels, 1)."""
    blocks: FloatArray = (p.batch * np.ceil(p.m / rows) * np.ceil(p.n / columns))[:, None]
    return blocks


def bytes_of_block(p: Problem, rows: FloatArray, columns: FloatArray) -> FloatArray:
    """What a block reads, shape (num_kernels,): its rows as far as there are any, and its columns of weights. [B]

    Weights come with what belongs to them, such as scales.
    """
    weights = (p.reads - p.batch * p.m * p.k * p.itemsize) / (p.batch * p.n)
    read: FloatArray = np.minimum(p.m, rows) * p.k * p.itemsize + columns * weights
    return read


def unsplit_cost(
    p: Problem,
    hardware: HardwareColumns,
    parameters: ProductParameters,
    *,
    rows: FloatArray,
    columns: FloatArray,
    access: FloatArray,
    arithmetic: FloatArray,
    exposed: FloatArray,
    l2: FloatArray,
) -> ProductCost:
    """Cost of tiles whose terms are known, shape (num_kernels, num_accelerators).

    Parameters
    ----------
    p : Problem
    hardware : HardwareColumns
    parameters : ProductParameters
    rows, columns, access : array of shape (num_kernels,)
        Of tiles, and bytes of one access. [1, 1, B]
    arithmetic, exposed, l2 : array of shape (num_kernels, num_accelerators)
        Times of cores, of what nothing hides, and of the L2; the slower of the first two together and the last sets the
        pace. [s]
    """
    blocks, dram = num_blocks(p, rows, columns), dram_time(p, hardware, parameters)
    same = np.ones_like(arithmetic)
    return ProductCost(
        time=parameters.floor + overlapped((np.maximum(arithmetic + exposed, l2), dram), parameters.overlap),
        access=access[:, None] * same,
        tile_rows=rows[:, None] * same,
        tile_columns=columns[:, None] * same,
        splits=same,
        blocks=blocks * same,
        waves=np.ceil(blocks / hardware.cores),
        arithmetic=arithmetic,
        exposed=exposed,
        l2=l2,
        dram=dram,
        splitting=0.0 * same,
        floor=parameters.floor * same,
    )
