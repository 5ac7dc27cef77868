"""Copies, fills and gathers by hand: bytes alone."""

from __future__ import annotations

import pytest

from simulator.work import work_of
from tracer.graph import TensorSpec


def _bytes(work) -> tuple[float, float]:
    assert (work.contraction_flops, work.vector_flops, work.special_ops) == (0, 0, 0)
    return work.bytes_read, work.bytes_written


def test_a_copy_reads_and_writes_once(call):
    assert _bytes(work_of(call("clone", [(3, 4)], [(3, 4)]))) == (24, 24)
    assert _bytes(work_of(call("cat", [(3, 4), (3, 2)], [(3, 6)]))) == (36, 36)
    assert _bytes(work_of(call("constant_pad_nd", [(3, 4)], [(5, 6)]))) == (24, 60)
    assert _bytes(work_of(call("repeat", [(3, 4)], [(6, 4)]))) == (24, 48)


def test_a_conversion_reads_one_size_and_writes_the_other(call):
    op = call("_to_copy", [TensorSpec((3, 4), "float32")], [TensorSpec((3, 4), "float16")])
    assert _bytes(work_of(op)) == (48, 24)


def test_copying_into_a_tensor_does_not_read_it(call):
    op = call("copy_", [TensorSpec((3, 4), "float32"), (3, 4)], [TensorSpec((3, 4), "float32")])
    assert _bytes(work_of(op)) == (24, 48)


@pytest.mark.parametrize("name", ["zeros", "full", "fill_", "randn", "arange", "zeros_like"])
def test_a_fill_only_writes(name, call):
    inputs = [(3, 4)] if name in ("fill_", "zeros_like") else []
    assert _bytes(work_of(call(name, inputs, [(3, 4)]))) == (0, 24)


def test_a_gather_reads_the_rows_that_are_asked_for(call):
    indices = TensorSpec((2, 3), "int64")
    op = call("embedding", [(50_000, 8), indices], [(2, 3, 8)])
    assert _bytes(work_of(op)) == (2 * 3 * 8 * 2 + 6 * 8, 2 * 3 * 8 * 2)


def test_a_scatter_in_place_touches_its_rows_alone(call):
    indices = TensorSpec((2,), "int64")
    inside = call("index_put_", [(100, 8), indices, (2, 8)], [(100, 8)])
    assert _bytes(work_of(inside)) == (2 * 8 * 2 + 2 * 8, 2 * 8 * 2)
    outside = call("index_put", [(100, 8), indices, (2, 8)], [(100, 8)])
    assert _bytes(work_of(outside)) == (2 * 8 * 2 + 2 * 8 + 1600, 2 * 8 * 2 + 1600)


def test_interpolation_has_arithmetic(call):
    work = work_of(call("upsample_bilinear2d", [(1, 3, 4, 4)], [(1, 3, 8, 8)]))
    assert work.vector_flops == 8 * 3 * 64  # four neighbours an output, a multiply and an add each
    assert (work.bytes_read, work.bytes_written) == (2 * 48, 2 * 192)


def test_a_paged_write_is_in_the_dtype_of_the_cache(call):
    cache, slots = TensorSpec((100, 16, 2, 8), "uint8"), TensorSpec((5,), "int64")
    op = call("_C_cache_ops::reshape_and_cache_flash", [(5, 2, 8), (5, 2, 8), cache, cache, slots], [])
    assert _bytes(work_of(op)) == (2 * 80 * 2 + 40, 2 * 80)


@pytest.mark.parametrize(
    ("name", "inputs", "out", "values"),
    [
        ("embedding_dense_backward", [(2, 3, 4), TensorSpec((2, 3), "int64")], (10, 4), 24),
        ("nll_loss_backward", [(), (6, 10), TensorSpec((6,), "int64"), ()], (6, 10), 6),
    ],
)
def test_a_gradient_of_a_gather_clears_and_adds(name, inputs, out, values, call):
    work = work_of(call(name, inputs, [out]))
    assert work.vector_flops == values
    assert work.bytes_read == values * 4 + 6 * 8  # a value and what is there, and six indices
    assert work.bytes_written == (out[0] * out[1] + values) * 2
