"""Growth exponents: slopes of straight lines through logarithms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["fitted_exponent", "local_exponents"]


def fitted_exponent(sizes: Sequence[float], values: Sequence[float]) -> float:
    """Exponent p of the least-squares fit ``value ~ size ** p`` in logarithms.

    Raises
    ------
    ValueError
        Fewer than two sizes, or a size or value that is not positive.
    """
    if len(sizes) < 2 or len(sizes) != len(values):
        raise ValueError(f"an exponent needs two sizes and as many values; got {len(sizes)} and {len(values)}")
    if min(*sizes, *values) <= 0:
        raise ValueError("an exponent needs positive sizes and values")
    slope, _ = np.polyfit(np.log(np.asarray(sizes, dtype=np.float64)), np.log(np.asarray(values, dtype=np.float64)), 1)
    return float(slope)


def local_exponents(sizes: Sequence[float], values: Sequence[float]) -> list[float | None]:
    """Exponent between each size and the one before it; None for the first."""
    pairs = zip(zip(sizes, values, strict=True), zip(sizes[1:], values[1:], strict=True), strict=False)
    return [None, *(fitted_exponent((a, b), (x, y)) for (a, x), (b, y) in pairs)]
