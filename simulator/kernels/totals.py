"""Totals over kernels, the same to the last bit on every machine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["weighted_total"]


def weighted_total(counts: NDArray[np.integer | np.floating], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum of values over kernels, each as often as it runs.

    Not a product of a vector and a matrix: a linear algebra library orders that sum by its number of threads and by
    the place of a column in its block, so that one design would differ between machines and chunks.

    Parameters
    ----------
    counts : array of shape (num_kernels,)
        [1]
    values : array of shape (num_kernels, num_accelerators)

    Returns
    -------
    array of shape (num_accelerators,)
    """
    total: NDArray[np.float64] = (counts[:, None] * values).sum(axis=0)
    return total
