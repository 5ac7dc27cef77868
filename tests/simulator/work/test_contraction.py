"""Matrix products by hand: two FLOPs for each multiply-add."""

from __future__ import annotations

import pytest

from simulator.work import work_of
from tracer.graph import TensorSpec


@pytest.mark.parametrize(
    ("name", "inputs", "outputs", "flops"),
    [
        ("mm", [(3, 5), (5, 7)], [(3, 7)], 2 * 3 * 5 * 7),
        ("bmm", [(4, 3, 5), (4, 5, 7)], [(4, 3, 7)], 2 * 4 * 3 * 5 * 7),
        ("matmul", [(4, 2, 3, 5), (5, 7)], [(4, 2, 3, 7)], 2 * 4 * 2 * 3 * 5 * 7),
        ("mv", [(3, 5), (5,)], [(3,)], 2 * 3 * 5),
        ("dot", [(5,), (5,)], [()], 2 * 5),
        ("linear", [(4, 3, 5), (7, 5)], [(4, 3, 7)], 2 * 4 * 3 * 5 * 7),
        ("_scaled_mm", [(16, 32), (32, 16), (), ()], [(16, 16)], 2 * 16 * 32 * 16),
    ],
)
def test_products(name, inputs, outputs, flops, call):
    work = work_of(call(name, inputs, outputs))
    assert work.contraction_flops == flops
    assert work.vector_flops == 0
    elements = sum(TensorSpec(shape, "float16").numel for shape in inputs)
    assert work.bytes_read == 2 * elements
    assert work.bytes_written == 2 * TensorSpec(outputs[0], "float16").numel


@pytest.mark.parametrize(
    ("name", "inputs", "outputs", "flops"),
    [
        ("addmm", [(7,), (3, 5), (5, 7)], [(3, 7)], 2 * 3 * 5 * 7),
        ("baddbmm", [(4, 3, 7), (4, 3, 5), (4, 5, 7)], [(4, 3, 7)], 2 * 4 * 3 * 5 * 7),
        ("addmv", [(3,), (3, 5), (5,)], [(3,)], 2 * 3 * 5),
        # The products of the batch are summed.
        ("addbmm", [(3, 7), (4, 3, 5), (4, 5, 7)], [(3, 7)], 2 * 4 * 3 * 5 * 7),
        ("_addmm_activation", [(7,), (3, 5), (5, 7)], [(3, 7)], 2 * 3 * 5 * 7),
    ],
)
def test_a_bias_is_one_add_an_output(name, inputs, outputs, flops, call):
    work = work_of(call(name, inputs, outputs))
    out = TensorSpec(outputs[0], "float16").numel
    assert (work.contraction_flops, work.vector_flops) == (flops, out)
    # Each factor that is not 1 is one more multiply an output.
    assert work_of(call(name, inputs, outputs, alpha=0.5, beta=1)).vector_flops == 2 * out
    assert work_of(call(name, inputs, outputs, alpha=0.5, beta=2)).vector_flops == 3 * out


def test_a_bias_times_zero_is_not_read(call):
    shapes = [(4, 3, 7), (4, 3, 5), (4, 5, 7)]
    work = work_of(call("baddbmm", shapes, [(4, 3, 7)], alpha=0.125, beta=0))
    assert work.bytes_read == 2 * (4 * 3 * 5 + 4 * 5 * 7)
    assert work.vector_flops == 4 * 3 * 7  # the scaling alone


def test_the_bias_of_a_linear_layer(call):
    work = work_of(call("linear", [(3, 5), (7, 5), (7,)], [(3, 7)]))
    assert (work.contraction_flops, work.vector_flops) == (2 * 3 * 5 * 7, 3 * 7)


def test_a_factor_that_is_broadcast_is_read_once(call):
    shared = TensorSpec((4, 5, 7), "float16", (0, 7, 1))
    work = work_of(call("bmm", [(4, 3, 5), shared], [(4, 3, 7)]))
    assert work.bytes_read == 2 * (4 * 3 * 5 + 5 * 7)


@pytest.mark.parametrize("name", ["outer", "ger"])
def test_an_outer_product_is_one_multiply_an_element(name, call):
    work = work_of(call(name, [(3,), (7,)], [(3, 7)]))
    assert (work.contraction_flops, work.vector_flops) == (0, 21)


@pytest.mark.parametrize(("dtype", "itemsize"), [("float8_e4m3fn", 1), ("int8", 1), ("float32", 4), ("float64", 8)])
def test_bytes_follow_the_dtype(dtype, itemsize, call):
    work = work_of(call("mm", [(3, 5), (5, 7)], [(3, 7)], dtype=dtype))
    assert work.bytes == itemsize * (15 + 35 + 21)


@pytest.mark.parametrize(
    ("rows", "choices", "touched"),
    [(8, 8, 8), (2, 1, 128 * (1 - (127 / 128) ** 2)), (16, 8, 128 * (1 - (120 / 128) ** 2)), (8 * 4096, 8, 128)],
)
def test_a_grouped_product_reads_the_weights_of_experts_that_have_rows(rows, choices, touched, call):
    tensors = [(rows, 32), (128, 32, 16), (128,)]
    work = work_of(call("serving::grouped_mm", tensors, [(rows, 16)], choices=choices))
    assert work.contraction_flops == 2 * rows * 32 * 16
    weights = 2 * 128 * 32 * 16
    assert work.bytes_read == pytest.approx(2 * rows * 32 + 2 * 128 + weights * touched / 128)


def test_experts_are_two_products_of_the_rows_that_each_gets(call):
    # Six tokens choose two of four experts each: 12 rows of 8, gated to 16 and back.
    choices = TensorSpec((6, 2), "int64")
    inputs = [(6, 8), (4, 32, 8), (4, 8, 16), (6, 2), choices]
    work = work_of(call("vllm::outplace_fused_experts", inputs, [(6, 8)]))
    assert work.contraction_flops == 2 * 12 * (8 * 32 + 16 * 8)
    touched = 4 * (1 - 0.5**6)
    assert work.bytes_read == pytest.approx(2 * (6 * 8 + touched * (32 * 8 + 8 * 16)))
