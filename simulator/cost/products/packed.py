"""Time of products whose weights lie packed in four bits, in a kernel that is made for a few rows.

A block computes 16 rows by 8 columns over the whole reduced length: its warps share that, and take both operands from
L2 by themselves (``tinygemm_m16n8k16_chunk_kernel``, aten/src/ATen/native/cuda/int4mm.cu). Rows beyond the first 16
read and convert all weights anew, so that many rows are bound by the L2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.cost.hardware import HardwareColumns
from simulator.cost.mechanisms import overlapped

from .problem import Problem, ProductCost, ProductParameters

__all__ = ["packed_cost"]

FloatArray = NDArray[np.float64]

#: Rows and columns of a block.
_ROWS, _COLUMNS = 16.0, 8.0

#: Instructions of a lane for each weight of a block: about two that convert and scale it
#: (``convert_i4x8_to_bf16x2x4``), and three that load operands and multiply. [1]
_INSTRUCTIONS = 5.0


def packed_cost(p: Problem, hardware: HardwareColumns, parameters: ProductParameters) -> ProductCost:
    """Time of each product, with what it comes about from, shape (num_kernels, num_accelerators).

    Parameters
    ----------
    p : Problem
    hardware : HardwareColumns
    parameters : ProductParameters
        Of products on matrix units, which share their units and memories with these.
    """
    blocks = (p.batch * np.ceil(p.m / _ROWS) * np.ceil(p.n / _COLUMNS))[:, None]
    busy = np.ceil(blocks / hardware.cores)
    arithmetic = busy * _of_block(p, hardware, parameters)
    l2 = blocks * _bytes_of_block(p)[:, None] / (parameters.l2 * hardware.operand_rate)
    moved = (p.reads + p.writes)[:, None] * (1.0 - p.hit_rate)
    dram = moved / np.minimum(parameters.dram * hardware.dram_achievable_read, hardware.dram_bandwidth)
    exposed = busy * parameters.start / hardware.core_clock
    on_chip = np.maximum(arithmetic + exposed, l2)
    same = np.ones_like(arithmetic)
    return ProductCost(
        time=parameters.floor + overlapped((on_chip, dram), parameters.overlap),
        access=p.widths()[:, None] * same,
        tile_rows=_ROWS * same,
        tile_columns=_COLUMNS * same,
        splits=same,
        blocks=blocks * same,
        waves=busy,
        arithmetic=arithmetic,
        exposed=exposed,
        l2=l2,
        dram=dram,
        splitting=0.0 * same,
        floor=parameters.floor * same,
    )


def _of_block(p: Problem, hardware: HardwareColumns, parameters: ProductParameters) -> FloatArray:
    """Time of a core for one block: the longer of multiplying and of issuing what converts. [s]"""
    multiplying = (2.0 * _ROWS * _COLUMNS * p.k)[:, None] / (p.peak / hardware.cores * parameters.rate)
    issuing = (_INSTRUCTIONS * _COLUMNS * p.k)[:, None] / (hardware.issued_lanes * hardware.core_clock)
    longer: FloatArray = np.maximum(multiplying, issuing)
    return longer


def _bytes_of_block(p: Problem) -> FloatArray:
    """What a block reads: its rows as far as there are any, and its columns of packed weights with their scales. [B]"""
    weights = (p.reads - p.batch * p.m * p.k * p.itemsize) / (p.batch * p.n)
    read: FloatArray = np.minimum(p.m, _ROWS) * p.k * p.itemsize + _COLUMNS * weights
    return read
