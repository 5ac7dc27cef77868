"""Columns of events."""

from __future__ import annotations

import numpy as np

from tracer.event_columns import no_backlog, no_calls, no_host_calls, no_kernels


def test_empty_columns_have_the_types_of_full_ones() -> None:
    for columns in (no_backlog(), no_calls(), no_host_calls(), no_kernels()):
        assert len(columns) == 0
        assert columns.start.dtype == np.float64
    assert no_kernels().correlation.dtype == np.int64
