"""Growth exponents: slopes of straight lines through logarithms, and where such a line bends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Knee", "fitted_exponent", "knee_of", "local_exponents"]

FloatArray = NDArray[np.float64]

# Two straight lines need four points to leave an error, and exponents that differ by less make no knee.
_POINTS, _BEND = 4, 0.25
# Places that are tried for a knee.
_TRIED = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Knee:
    """Where growth changes: two straight lines in logarithms that meet.

    Attributes
    ----------
    size : float
        Where they meet.
    before, after : float
        Exponents on both sides. [1]
    """

    size: float
    before: float
    after: float


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


def knee_of(sizes: Sequence[float], values: Sequence[float], *, least: float = _BEND) -> Knee | None:
    r"""Least-squares fit of :math:`\log v = a + b x + c \max(x - k, 0)`, :math:`x = \log(\mathrm{size})`.

    None where there are fewer than four sizes, or where the exponents differ by less than `least`.
    """
    if len(sizes) < _POINTS:
        return None
    x, y = np.log(np.asarray(sizes, dtype=np.float64)), np.log(np.asarray(values, dtype=np.float64))
    places = np.linspace(x[1], x[-2], _TRIED)
    fits = [_bent(x, y, place) for place in places]
    best = min(range(_TRIED), key=lambda at: fits[at][0])
    _, before, bend = fits[best]
    return Knee(size=float(np.exp(places[best])), before=before, after=before + bend) if abs(bend) >= least else None


def _bent(x: FloatArray, y: FloatArray, place: float) -> tuple[float, float, float]:
    """Squared error, slope before and change of slope of the best line that bends at a place."""
    terms = np.column_stack((np.ones_like(x), x, np.maximum(x - place, 0.0)))
    solution = np.linalg.lstsq(terms, y, rcond=None)[0]
    return float(((terms @ solution - y) ** 2).sum()), float(solution[1]), float(solution[2])
