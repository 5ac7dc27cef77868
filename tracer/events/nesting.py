"""Which range lies within which, on threads: from start and duration alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracer.graph import IndexArray
from tracer.storage.column_store import as_positions

__all__ = ["enclosing", "nest", "outermost_known"]

# Rows that are held as Python's numbers at once.
_BLOCK = 1 << 14
_Times = NDArray[np.float64] | IndexArray


def nest(thread: IndexArray, start: _Times, duration: _Times) -> IndexArray:
    """Parent of each range: the innermost one on its thread in which it starts, -1 for none.

    Ranges are sorted by thread, then start, then from the longest to the shortest, so a parent comes first.
    """
    parent = as_positions(np.broadcast_to(np.int64(-1), len(start)))
    stack: list[tuple[int, float]] = []
    current: int | None = None
    ends = start + duration
    for index, where, begin, end in _rows(None, thread, start, ends):
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
    result = as_positions(np.broadcast_to(np.int64(-1), len(at)))
    if not len(start) or not len(at):
        return result
    # At equal times a range begins before the instant is looked at.
    kind = np.concatenate((np.zeros(len(start), np.int8), np.ones(len(at), np.int8)))
    times, threads = np.concatenate((start, at)), np.concatenate((thread, at_thread))
    ends = np.concatenate((start + duration, at))
    order = np.lexsort((kind, times, threads))
    del kind
    stack: list[tuple[int, float]] = []
    current: int | None = None
    for item, where, time, end in _rows(order, threads, times, ends):
        if where != current:
            stack, current = [], where
        while stack and stack[-1][1] <= time:
            stack.pop()
        if item < len(start):
            stack.append((item, end))
        elif stack:
            result[item - len(start)] = stack[-1][0]
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


def _rows(order: IndexArray | None, *columns: Any) -> Iterator[tuple[Any, ...]]:
    """Position and values of rows in an order, as plain numbers of which few are held at once."""
    size = len(columns[0])
    for begin in range(0, size, _BLOCK):
        end = min(begin + _BLOCK, size)
        part = np.arange(begin, end) if order is None else order[begin:end]
        yield from zip(part.tolist(), *(column[part].tolist() for column in columns), strict=True)
