"""Small mechanisms that several kernel families share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import FamilyTable

__all__ = ["cache_hit_rate", "hit_rate", "overlapped"]

FloatArray = NDArray[np.float64]


def overlapped(times: Sequence[FloatArray], exponent: FloatArray) -> FloatArray:
    """Time of units that work at the same time, ``(sum t^p)^(1/p)``.

    The exponent says how well they overlap: 1 adds the times, infinity takes the largest.
    """
    largest = times[0]
    for time in times[1:]:
        largest = np.maximum(largest, time)
    safe = np.maximum(largest, 1e-30)
    total = np.zeros(np.broadcast_shapes(safe.shape, exponent.shape))
    for time in times:
        total = total + (time / safe) ** exponent
    joined: FloatArray = safe * np.maximum(total, 1.0) ** (1.0 / exponent)
    return joined


def hit_rate(size: FloatArray, capacity: FloatArray) -> FloatArray:
    """Share of a working set that a cache keeps: all of it up to 3/4 of the capacity, none beyond 5/4.

    The ramp stands for the hashed, pseudo-random replacement of last-level caches.
    """
    return np.clip(2.5 - 2.0 * size / np.maximum(capacity, 1.0), 0.0, 1.0)


def cache_hit_rate(table: FamilyTable, capacity: FloatArray) -> FloatArray:
    """Share of each kernel's traffic that stays in a cache, shape (num_kernels, num_accelerators).

    Output stays in the proportion in which input was found there: in a chain of kernels that runs out of the
    cache it overwrites lines that are held already.
    """
    share = np.minimum(table.resident_bytes / np.maximum(table.bytes_read, 1.0), 1.0)
    return share[:, None] * hit_rate(table.bytes[:, None], capacity[None, :])
