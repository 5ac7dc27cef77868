"""Threads of a reduction, against the rules of Reduce.cuh by hand."""

from __future__ import annotations

import pytest

from simulator.lowering.memory_bound.reductions import reduces_innermost, reduction_loads
from tracer.graph import TensorSpec


@pytest.mark.parametrize(
    ("length", "along", "loads"),
    [
        (4096, True, 32),  # a warp: 128 values a thread
        (16, True, 1),
        (16384, True, 8),  # a block of 512: 32 values
        (1 << 20, True, 64),  # several blocks, with 256 values a thread
        (384, False, 24),  # four rows of threads: 96 values
        (32, False, 8),  # one row
    ],
)
def test_loads_that_a_thread_waits_for(length: int, along: bool, loads: int) -> None:
    assert reduction_loads(float(length), along=along) == loads


@pytest.mark.parametrize(
    ("data", "out", "innermost"),
    [
        (TensorSpec((8, 16, 32), "float16"), TensorSpec((8, 16, 1), "float16"), True),
        (TensorSpec((8, 16, 32), "float16"), TensorSpec((8, 1, 32), "float16"), False),
        (TensorSpec((8, 16, 32), "float16"), TensorSpec((8, 32), "float16"), False),
        (TensorSpec((8, 16, 32), "float16"), TensorSpec((8, 16), "float16"), True),
        (TensorSpec((8, 16, 32), "float16", (512, 1, 16)), TensorSpec((8, 1, 32), "float16"), True),
        (TensorSpec((1, 1), "float16"), TensorSpec((), "float16"), True),
        (TensorSpec((8, 16), "float16"), TensorSpec((), "float16"), True),
    ],
)
def test_which_axis_is_reduced(data: TensorSpec, out: TensorSpec, innermost: bool) -> None:
    assert reduces_innermost(data, out) == innermost
