"""Numbers that are used more than once."""

from __future__ import annotations

import numpy as np
import pytest

from tracer.events.joining.numbers import Numbered, in_process, launch_of


def _array(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def test_of_repeated_numbers_the_last_before_a_time_is_found() -> None:
    entries = Numbered(_array(5, 5, 7, 5), _array(300, 100, 50, 200))
    assert entries.latest(_array(5, 5, 5, 5, 7, 9), _array(250, 100, 99, 999, 0, 0)).tolist() == [3, 1, 1, 0, 2, -1]
    assert entries.count(_array(5, 7, 9, -1)).tolist() == [3, 1, 0, 0]


def test_without_entries_nothing_is_found() -> None:
    assert Numbered(_array(), _array()).latest(_array(1, 2), _array(0, 0)).tolist() == [-1, -1]


@pytest.mark.parametrize("number", [0, 5, 2**53 + 1])
def test_numbers_of_processes_differ(number: int) -> None:
    assert in_process(number, 0) == number
    assert in_process(number, 1) != in_process(number, 2)
    assert in_process(-1, 3) == -1
    assert in_process(2**61 + number, 1) == in_process(number, 1)


def test_as_many_launches_as_events_are_taken_in_turn() -> None:
    """A profiler that was started again: each event has its own launch, although all were launched before they ran."""
    host = Numbered(_array(3, 3), _array(0, 50))
    assert launch_of(_array(3, 3), _array(100, 200), host, drift=0).tolist() == [0, 1]


def test_of_more_launches_the_last_before_the_event_counts() -> None:
    host = Numbered(_array(3, 3, 3), _array(0, 50, 500))
    assert launch_of(_array(3), _array(100), host, drift=10).tolist() == [1]
    assert launch_of(_array(3), _array(495), host, drift=10).tolist() == [2]


def test_correlation_0_is_none_unless_it_is_used_once() -> None:
    host = Numbered(_array(0, 1), _array(0, 5))
    assert launch_of(_array(0, 1), _array(10, 20), host, drift=0).tolist() == [0, 1]
    assert launch_of(_array(0, 0, 1), _array(10, 15, 20), host, drift=0).tolist() == [-1, -1, 1]
