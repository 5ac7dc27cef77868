"""Reductions, softmax and sorts by hand."""

from __future__ import annotations

import pytest

from simulator.work import work_of
from tracer.graph import TensorSpec


@pytest.mark.parametrize("name", ["_softmax", "_log_softmax", "_safe_softmax"])
def test_softmax(name, call):
    work = work_of(call(name, [(3, 8)], [(3, 8)]))
    assert (work.vector_flops, work.special_ops) == (4 * 24, 24)  # maximum, subtract, sum, divide; exponential
    assert work.bytes == 2 * 48


@pytest.mark.parametrize(
    ("name", "flops"), [("sum", 1), ("mean", 1), ("amax", 1), ("var", 3), ("linalg_vector_norm", 3)]
)
def test_one_pass_over_the_input(name, flops, call):
    work = work_of(call(name, [(3, 8)], [(3,)]))
    assert (work.vector_flops, work.special_ops) == (24 * flops, 0)
    assert (work.bytes_read, work.bytes_written) == (48, 6)


def test_indices_are_written_in_their_own_dtype(call):
    work = work_of(call("argmax", [(3, 8)], [TensorSpec((3,), "int64")]))
    assert (work.bytes_read, work.bytes_written) == (48, 24)


def test_a_sort_compares_log2_times(call):
    work = work_of(call("topk", [(3, 1024)], [(3, 5), TensorSpec((3, 5), "int64")]))
    assert work.vector_flops == 3 * 1024 * 10
    assert work.bytes_written == 3 * 5 * (2 + 8)
    assert work_of(call("sort", [(3, 1)], [(3, 1)])).vector_flops == 3
    assert work_of(call("sort", [()], [()])).vector_flops == 1


def test_a_cast_by_rows_reads_once(call):
    out = [TensorSpec((3, 8), "float8_e4m3fn"), TensorSpec((3, 1), "float32")]
    work = work_of(call("_C::dynamic_per_token_scaled_fp8_quant", [(3, 8)], out))
    assert (work.vector_flops, work.bytes_read, work.bytes_written) == (96, 48, 24 + 12)


def test_a_sum_over_experts_adds_each_input_once(call):
    assert work_of(call("_moe_C::moe_sum", [(3, 4, 8)], [(3, 8)])).vector_flops == 96
