"""Which range lies within which, on threads: from start and duration alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tracer.graph import IndexArray

__all__ = ["enclosing", "nest", "outermost_known"]

_Times = NDArray[np.float64] | IndexArray


def nest(thread: IndexArray, start: _Times, duration: _Times) -> IndexArray:
    """Parent of each range: the innermost one on its thread in which it starts, -1 for none.

    Ranges are sorted by thread, then start, then from the longest to the shortest, so a parent comes first.
    """
    parent = np.full(len(start), -1, dtype=np.int64)
    stack: list[tuple[int, float]] = []
    current: int | None = None
    ends = start + duration
    for index, (where, begin, end) in enumerate(zip(thread.tolist(), start.tolist(), ends.tolist(), strict=True)):
        if where != current:
            stack, current = [], where
        while stack and stack[-1][1] <= begin:
            stack.pop()
        if stack:
            parent[index] = stack[-1][0]
        stack.append((index, end))
    return parent


def enclosing(thread: IndexArray, start: _Times, duration: _Times, at_thread: IndexArray, at: _Times) -> IndexArray:
    """Innermost range around each instant, -1 for none.

    Parameters
    ----------
    thread, start, duration : array, shape (num_ranges,)
        Sorted as for :func:`nest`.
    at_thread, at : array, shape (num_instants,)
        In any order.
    """
    result = np.full(len(at), -1, dtype=np.int64)
    if not len(start) or not len(at):
        return result
    ends = start + duration
    # At equal times a range begins before the instant is looked at.
    kind = np.concatenate((np.zeros(len(start), np.int64), np.ones(len(at), np.int64)))
    order = np.lexsort((kind, np.concatenate((start, at)), np.concatenate((thread, at_thread))))
    stack: list[tuple[int, float]] = []
    current: int | None = None
    threads = np.concatenate((thread, at_thread))
    for item in order.tolist():
        if threads[item] != current:
            stack, current = [], int(threads[item])
        instant = item - len(start)
        time = float(start[item]) if instant < 0 else float(at[instant])
        while stack and stack[-1][1] <= time:
            stack.pop()
        if instant < 0:
            stack.append((item, float(ends[item])))
        elif stack:
            result[instant] = stack[-1][0]
    return result


def outermost_known(known: NDArray[np.bool_], parent: IndexArray) -> IndexArray:
    """Outermost known call around each call (itself included), -1 for none."""
    level = np.full(len(known), -1, dtype=np.int64)
    for call, above in enumerate(parent.tolist()):
        if above >= 0 and level[above] >= 0:
            level[call] = level[above]
        elif known[call]:
            level[call] = call
    return level
