"""Joins on whole nanoseconds."""

from __future__ import annotations

import numpy as np

from tracer.events.joins import join_events, module_column, stage_column


def _columns(names: str, *rows: tuple[int, ...]) -> dict[str, np.ndarray]:
    table = np.array(rows, dtype=np.int64).reshape(len(rows), len(names.split()))
    return {name: table[:, i] for i, name in enumerate(names.split())}


_CALLS = "operator thread start duration external repeats"
_KERNELS = "name kind correlation external device stream start duration repeats grid"
_HOST = "name thread correlation external start duration"


def test_of_repeated_numbers_the_last_event_counts() -> None:
    joined = join_events(
        {
            "calls": _columns(_CALLS, (0, 1, 0, 10, 5, 1), (1, 1, 20, 10, 5, 1)),
            "kernels": _columns(_KERNELS, (0, 0, -1, 5, 0, 0, 30, 1, 1, -1)),
            "host": _columns(_HOST),
        },
        graph_launches=np.zeros(0, dtype=np.bool_),
    )
    assert joined.kernels.call.tolist() == [1]
    assert joined.left_out == {}


def test_a_device_event_that_stands_there_twice_counts_once() -> None:
    kernel, brief = (0, 0, 7, -1, 0, 0, 9000, 5000, 1, -1), (0, 0, 8, -1, 0, 0, 20_000, 1000, 1, -1)
    joined = join_events(
        {
            "calls": _columns(_CALLS),
            "kernels": _columns(_KERNELS, kernel, brief, kernel, brief, (*kernel[:5], 1, *kernel[6:])),
            "host": _columns(_HOST, (0, 1, 7, -1, 0, 2)),
        },
        graph_launches=np.zeros(1, dtype=np.bool_),
    )
    # Whole microseconds may make two short ones seem to run at once; another stream runs another kernel.
    assert sorted(joined.kernels.duration.tolist()) == [1e-6, 1e-6, 5e-6, 5e-6]
    assert joined.left_out == {"device event that is in the file twice": (1, 5e-6)}


def test_times_count_from_the_first_event_of_any_kind() -> None:
    base = 1_365_627_862_757_064_000
    joined = join_events(
        {
            "calls": _columns(_CALLS, (0, 1, base + 7, 10, 5, 1)),
            "kernels": _columns(_KERNELS, (0, 0, -1, 5, 0, 0, base + 1001, 3, 1, -1)),
            "host": _columns(_HOST, (0, 1, 3, -1, base, 2)),
        },
        graph_launches=np.zeros(1, dtype=np.bool_),
    )
    assert joined.host.start.tolist() == [0.0]
    assert joined.calls.start.tolist() == [7e-9]
    assert joined.kernels.start.tolist() == [1001e-9]


def test_spans_of_another_thread_say_nothing() -> None:
    calls = _columns(_CALLS, (0, 1, 5, 1, -1, 1), (0, 2, 5, 1, -1, 1))
    spans = _columns("name thread start duration", (3, 1, 0, 10))
    assert stage_column(spans, calls).tolist() == [3, -1]
    paths, column = module_column(spans, ("a", "b", "c", "net"), calls)
    assert paths == ("net",)
    assert column.tolist() == [0, -1]
