r"""Time of elementwise work on the vector unit beside a systolic grid.

An instruction takes one operation of some elements, so that a chain of them takes as many instructions an element as it
has operations. Vendors publish FLOPs, in which a multiply-add may count as two and an instruction of several steps as
more: a trait says how many elements that is. Special functions (exponentials, roots) have a unit of their own where its
rate is published, which works beside the other and may take operations along (a scale and an offset before an
exponential, a sum after it); elsewhere each is some instructions. Normalizations and softmax compute in float32, as
PyTorch has them do (aten/src/ATen/autocast_mode.h, AT_FORALL_FP32).

Sources: "How To Scale Your Model", tpus, appendix C; Habana TPC User Guide (VLIW, 2048-bit vectors); AWS Neuron
documentation, Trainium/Inferentia2 architecture guide, Vector Engine and Scalar Engine (an instruction takes as many
cycles as a lane has elements).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.cost.hardware import HardwareColumns
from simulator.cost.roofline import vector_peak
from simulator.kernels import FamilyTable, RowWiseTable

from .grid import Grid

__all__ = ["vector_time"]

FloatArray = NDArray[np.float64]


def vector_time(
    table: FamilyTable,
    hardware: HardwareColumns,
    grid: Grid,
    *,
    operations: FloatArray,
    specials: FloatArray,
) -> FloatArray:
    """Time of elementwise work, shape (num_kernels, num_accelerators); none where no vector rate is known. [s]

    Parameters
    ----------
    table : FamilyTable
    hardware : HardwareColumns
    grid : Grid
    operations, specials : array of shape (num_kernels, num_accelerators) or (num_kernels, 1)
        Elementwise operations and special functions. [1]
    """
    wide = vector_peak(table, hardware)
    # Some units take twice as many elements of 16 bits, and publish that; a row's sums and exponentials are float32.
    own = wide if isinstance(table, RowWiseTable) else hardware.rates("vector", table.formats)[table.number_format]
    rate = np.where(np.isnan(own), wide, own) * grid.vector_share
    published = hardware.rates("special", ["fp32"])[0]
    apart = ~np.isnan(published)
    beside = np.where(apart, specials / np.where(apart, published, 1.0), 0.0)
    left = np.maximum(operations - grid.beside_special * specials, 0.0)
    instructions = np.where(apart, left, operations + grid.special * specials)
    time: FloatArray = np.maximum(np.where(np.isnan(rate), 0.0, instructions / rate), beside)
    return time
