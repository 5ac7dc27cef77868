"""Ranges within ranges."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tracer.events.nesting import enclosing, nest


def test_innermost_range_on_the_same_thread() -> None:
    thread, start, duration = np.array([1, 1, 1, 2]), np.array([0, 2, 10, 3]), np.array([9, 3, 5, 4])
    assert nest(thread, start, duration).tolist() == [-1, 0, -1, -1]
    instants = np.array([2, 5, 9, 12, 3, 8])
    threads = np.array([1, 1, 1, 1, 2, 3])
    # At 5 the inner range has just ended; at 9 the outer one.
    assert enclosing(thread, start, duration, threads, instants).tolist() == [1, 0, -1, 2, 3, -1]


def test_equal_starts_nest_from_the_longer_to_the_shorter() -> None:
    assert nest(np.zeros(3, int), np.zeros(3, int), np.array([5, 3, 0])).tolist() == [-1, 0, 1]


def test_nothing_is_around_nothing() -> None:
    empty = np.zeros(0, dtype=np.int64)
    assert enclosing(empty, empty, empty, np.array([1]), np.array([1])).tolist() == [-1]
    assert nest(empty, empty, empty).tolist() == []


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 20), st.integers(1, 10)), max_size=12))
def test_a_range_starts_within_its_parent(ranges: list[tuple[int, int, int]]) -> None:
    ranges.sort(key=lambda r: (r[0], r[1], -r[2]))
    thread, start, duration = (np.array([r[i] for r in ranges], dtype=np.int64) for i in range(3))
    for child, parent in enumerate(nest(thread, start, duration).tolist()):
        if parent >= 0:
            assert parent < child
            assert thread[parent] == thread[child]
            assert start[parent] <= start[child] < start[parent] + duration[parent]
