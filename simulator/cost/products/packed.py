"""Time of products whose weights lie packed in four bits, in a kernel that is made for a few rows.

A block computes 16 rows by 8 columns over the whole reduced length: its warps share that, and take both operands from
L2 by themselves (``tinygemm_m16n8k16_chunk_kernel``, aten/src/ATen/native/cuda/int4mm.cu). Rows beyond the first 16
read and convert all weights anew, so that many rows are bound by the L2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.cost.hardware import HardwareColumns

from .problem import Problem, ProductCost, ProductParameters
from .unsplit import bytes_of_block, num_blocks, unsplit_cost

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
    rows, columns = np.full_like(p.m, _ROWS), np.full_like(p.m, _COLUMNS)
    blocks = num_blocks(p, rows, columns)
    busy = np.ceil(blocks / hardware.cores)
    return unsplit_cost(
        p,
        hardware,
        parameters,
        rows=rows,
        columns=columns,
        access=p.widths(),
        arithmetic=busy * _of_block(p, hardware, parameters),
        exposed=busy * parameters.start / hardware.core_clock,
        l2=blocks * bytes_of_block(p, rows, columns)[:, None] / (parameters.l2 * hardware.operand_rate),
    )


def _of_block(p: Problem, hardware: HardwareColumns, parameters: ProductParameters) -> FloatArray:
    """Time of a core for one block: the longer of multiplying and of issuing what converts. [s]"""
    multiplying = (2.0 * _ROWS * _COLUMNS * p.k)[:, None] / (p.peak / hardware.cores * parameters.rate)
    issuing = (_INSTRUCTIONS * _COLUMNS * p.k)[:, None] / (hardware.issued_lanes * hardware.core_clock)
    longer: FloatArray = np.maximum(multiplying, issuing)
    return longer
