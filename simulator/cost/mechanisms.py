"""Small mechanisms that several kernel families share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import FamilyTable

__all__ = [
    "cache_hit_rate",
    "hit_rate",
    "overlapped",
    "power_limited",
    "power_slowdown",
    "throttle_factor",
]

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


def throttle_factor(busy: FloatArray, *, slowdown: FloatArray, time: FloatArray) -> FloatArray:
    """Factor by which arithmetic slows down at the power limit, ``1 + s (1 - exp(-t / tau))``.

    Boost clocks hold until the power controller has seen `time` seconds of work, so short kernels run at boost.
    """
    factor: FloatArray = 1.0 - slowdown * np.expm1(-busy / time)
    return factor


def power_limited(busy: FloatArray, paid: FloatArray, *, onset: FloatArray) -> FloatArray:
    """Time of work under the power limit, ``t + max(e - t, 0) (1 - exp(-t / tau))``.

    `busy` is the time `t` at the boost clock, `paid` the time `e` in which the limit pays for the energy of the work,
    NaN where no limit is known, `onset` the time `tau` of work that the power controller has to see. A faster one is
    never slower: `t` falls with its rate and `e` does not rise.
    """
    missing = np.nan_to_num(np.maximum(paid - busy, 0.0), nan=0.0)
    limited: FloatArray = busy - missing * np.expm1(-busy / onset)
    return limited


def power_slowdown(peak: FloatArray, *, energy: FloatArray, power: FloatArray) -> FloatArray:
    """Slowdown of arithmetic at the power limit, ``max(peak * energy / power - 1, 0)``; none where no limit is known.

    At the limit the rate is what the board power pays for. Boards of one process and different limits differ by
    this alone: T4 (70 W) runs fp32 products at half its peak, V100 (250 W) at all of it.
    """
    return np.nan_to_num(np.maximum(peak * energy / power - 1.0, 0.0), nan=0.0)


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
