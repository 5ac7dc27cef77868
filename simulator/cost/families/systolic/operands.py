"""Traffic of products between DRAM and the memory that software manages beside a systolic grid.

A compiler keeps a panel of one operand there, as deep as the reduced length where it fits, and streams the other once
for each panel. Of both ways it takes the one that moves less. The room that is left decides how often one of them is
read again; nothing passes through tiles of a cache.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["read_again"]

FloatArray = NDArray[np.float64]

#: Bytes of a sum in float32. [B]
_SUM = 4.0


def read_again(
    *, m: FloatArray, n: FloatArray, depth: FloatArray, first: FloatArray, second: FloatArray, room: FloatArray
) -> FloatArray:
    """Bytes of one product's operands that are read again, shape (num_kernels, num_accelerators). [B]

    Parameters
    ----------
    m, n : array of shape (num_kernels, 1)
        Rows and columns of one product.
    depth : array of shape (num_kernels, 1)
        Bytes of one row of the first operand, and of one column of the second. [B]
    first, second : array of shape (num_kernels, 1)
        Bytes of both operands. [B]
    room : array of shape (num_accelerators,)
        Memory on chip for one operand, infinite where not known. [B]
    """
    side = np.minimum(np.sqrt(room / _SUM), room / depth)
    panel = np.maximum(side, 1.0)
    again = np.minimum(second * (np.ceil(m / panel) - 1.0), first * (np.ceil(n / panel) - 1.0))
    fits = np.minimum(first, second) <= room
    return np.where(fits, 0.0, again)
