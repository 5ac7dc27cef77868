"""Times that cannot be."""

from __future__ import annotations

import numpy as np

from tracer.events.joining.clocks import FAR, believable, far_away


def _array(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def test_starts_far_from_the_rest_were_not_set() -> None:
    now = 1_700_000_000_000_000_000
    kernels, calls = far_away([_array(0, now + 5, now + 7), _array(now, now + 2 * FAR)])
    assert kernels.tolist() == [True, False, False]
    assert calls.tolist() == [False, True]


def test_a_run_of_hours_is_whole() -> None:
    """Gaps count, not the length of the run."""
    assert not far_away([_array(*range(0, 5 * FAR, FAR // 2))])[0].any()
    assert far_away([_array()])[0].tolist() == []


def test_kernels_long_before_their_launch_have_no_start() -> None:
    start = believable(_array(0, 4_000_000, 9_000_000), _array(500_000, 8_000_000), _array(0, 1, -1))
    assert np.isnan(start).tolist() == [False, True, False]
    assert believable(_array(3), _array(), _array(-1)).tolist() == [3.0]
