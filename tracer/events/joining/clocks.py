"""Times that cannot be: events far from all others, and device events before what launched them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tracer.graph import IndexArray

from .launches import DRIFT

__all__ = ["FAR", "believable", "far_away"]

#: Gap to all other events from which on a start time is one that was not set. [ns]
FAR = 3_600_000_000_000


def far_away(groups: Sequence[IndexArray]) -> list[NDArray[np.bool_]]:
    """Which starts of each group lie more than an hour from where most of all are: times that were not set.

    Profilers write time 0 for what they did not see (pytorch/kineto#109), which on a clock that counts from 1970 is
    half a century away.

    Parameters
    ----------
    groups : sequence of array of int
        Start times of events of one clock. [ns]
    """
    starts = np.concatenate(groups) if groups else np.zeros(0, dtype=np.int64)
    if not len(starts) or int(starts.max()) - int(starts.min()) <= FAR:
        return [np.zeros(len(group), dtype=np.bool_) for group in groups]
    starts = np.sort(starts)
    edges = np.concatenate(([0], np.flatnonzero(np.diff(starts) > FAR) + 1, [len(starts)]))
    largest = int(np.argmax(np.diff(edges)))
    first, last = starts[edges[largest]], starts[edges[largest + 1] - 1]
    return [(group < first) | (group > last) for group in groups]


def believable(start: IndexArray, launched: IndexArray, launch: IndexArray) -> NDArray[np.float64]:
    """Start times of device events, NaN where the device's clock contradicts the host's. [ns]

    Parameters
    ----------
    start, launched : array of int
        Of device events and of host calls, from the first event of all. [ns]
    launch : array of int
        Host call that launched each device event, -1 where not known.
    """
    if not len(launched):
        return start.astype(np.float64)
    early = (launch >= 0) & (start < launched[np.maximum(launch, 0)] - DRIFT)
    return np.where(early, np.nan, start.astype(np.float64))
