"""Matrix products: one kernel each, as batch x (m, k)(k, n)."""

from __future__ import annotations

import pytest

from simulator.execution import Execution
from simulator.kernels import Product, Stream, StreamKind
from simulator.lowering import kernels_of
from simulator.work import work_of
from tracer.graph import TensorSpec


@pytest.mark.parametrize(
    ("name", "inputs", "outputs", "expected"),
    [
        ("mm", [(3, 5), (5, 7)], [(3, 7)], (1, 3, 7, 5)),
        ("addmm", [(7,), (3, 5), (5, 7)], [(3, 7)], (1, 3, 7, 5)),
        ("bmm", [(4, 3, 5), (4, 5, 7)], [(4, 3, 7)], (4, 3, 7, 5)),
        ("baddbmm", [(4, 3, 7), (4, 3, 5), (4, 5, 7)], [(4, 3, 7)], (4, 3, 7, 5)),
        # A weight has no batch: all rows are rows of one product.
        ("linear", [(2, 3, 5), (7, 5), (7,)], [(2, 3, 7)], (1, 6, 7, 5)),
        ("matmul", [(4, 3, 5), (5, 7)], [(4, 3, 7)], (1, 12, 7, 5)),
        ("matmul", [(2, 4, 3, 5), (2, 4, 5, 7)], [(2, 4, 3, 7)], (8, 3, 7, 5)),
        ("mv", [(3, 5), (5,)], [(3,)], (1, 3, 1, 5)),
        ("addmv", [(3,), (3, 5), (5,)], [(3,)], (1, 3, 1, 5)),
        ("dot", [(5,), (5,)], [()], (1, 1, 1, 5)),
        # Four products that are summed are one with four times the length.
        ("addbmm", [(3, 7), (4, 3, 5), (4, 5, 7)], [(3, 7)], (1, 3, 7, 20)),
    ],
)
def test_extents(name, inputs, outputs, expected, call):
    op = call(name, inputs, outputs)
    (kernel,) = kernels_of(op, Execution())
    assert isinstance(kernel, Product)
    assert (kernel.batch, kernel.m, kernel.n, kernel.k) == expected
    work = work_of(op)
    assert kernel.matrix_flops == work.contraction_flops == 2 * kernel.batch * kernel.m * kernel.n * kernel.k
    assert (kernel.vector_flops, kernel.bytes_read, kernel.bytes_written) == (
        work.vector_flops,
        work.bytes_read,
        work.bytes_written,
    )


def test_a_weight_is_not_resident_but_an_activation_is(call):
    (linear,) = kernels_of(call("mm", [(3, 5), (5, 7)], [(3, 7)]), Execution())
    assert linear.resident_bytes == 2 * 15
    (batched,) = kernels_of(call("bmm", [(4, 3, 5), (4, 5, 7)], [(4, 3, 7)]), Execution())
    assert batched.resident_bytes == batched.bytes_read


@pytest.mark.parametrize(
    ("dtype", "tf32", "expected"),
    [
        ("float16", True, "fp16"),
        ("bfloat16", False, "bf16"),
        ("float32", False, "fp32"),
        ("float32", True, "tf32"),
        ("float8_e4m3fn", False, "fp8"),
    ],
)
def test_number_format(dtype, tf32, expected, call):
    op = call("mm", [(3, 5), (5, 7)], [(3, 7)], dtype=dtype)
    assert kernels_of(op, Execution(matmul_tf32=tf32))[0].number_format == expected


def test_rows_of_a_grouped_product_are_shared_by_the_experts_that_have_some(call):
    """Two tokens with two of four experts each touch three of them, if they choose by themselves."""
    op = call("serving::grouped_mm", [(4, 32), (4, 32, 16), (4,)], [(4, 16)], choices=2)
    (kernel,) = kernels_of(op, Execution())
    assert isinstance(kernel, Product)
    assert (kernel.batch, kernel.m, kernel.n, kernel.k) == (3, pytest.approx(4 / 3), 16, 32)
    assert kernel.matrix_flops == 2 * 4 * 16 * 32


def test_experts_are_sorted_multiplied_gated_multiplied_and_added_up(call):
    inputs = [(6, 8), (4, 32, 8), (4, 8, 16), (6, 2), TensorSpec((6, 2), "int64")]
    kernels = kernels_of(call("vllm::outplace_fused_experts", inputs, [(6, 8)]), Execution())
    names = [kernel.name for kernel in kernels]
    assert names == ["sort_by_expert", "grouped_gemm", "gate", "grouped_gemm", "sum_of_experts"]
    touched = 4 * (1 - 0.5**6)
    first, second = kernels[1], kernels[3]
    assert (first.batch, first.m, first.n, first.k) == pytest.approx((touched, 12 / touched, 32, 8))
    assert (second.n, second.k) == (8, 16)
    # Twelve rows of 16 after the gate, which reads twice as much; six of 8 at the end.
    assert (kernels[2].bytes_read, kernels[2].bytes_written) == (2 * 12 * 32, 2 * 12 * 16)
    assert (kernels[4].bytes_read, kernels[4].bytes_written) == (2 * 12 * 8, 2 * 6 * 8)


def test_narrow_weights_are_multiplied_at_the_rate_of_tokens_in_eight_bits(call):
    weights = [TensorSpec((4, 32, 8), "float4_e2m1fn_x2"), TensorSpec((4, 8, 16), "float4_e2m1fn_x2")]
    inputs = [TensorSpec((6, 8), "float8_e4m3fn"), *weights, (6, 2), TensorSpec((6, 2), "int64")]
    kernels = kernels_of(call("serving::fused_experts", inputs, [TensorSpec((6, 8), "bfloat16")]), Execution())
    first, second = kernels[1], kernels[3]
    assert isinstance(first, Product)
    assert (first.number_format, first.itemsize, first.routed) == ("fp8", 1, True)
    share = first.batch / 4
    assert first.bytes_read == pytest.approx(12 * 8 + share * 4 * 32 * 8 / 2)
    assert (first.bytes_written, second.bytes_written) == (12 * 32, 12 * 8 * 2)
    wide = [TensorSpec((6, 8), "bfloat16"), *inputs[1:]]
    (_, plain, *_) = kernels_of(call("serving::fused_experts", wide, [wide[0]]), Execution())
    assert plain.number_format == "fp4"


def test_a_tuned_compiler_generates_products_of_one_row(call):
    tuned = Execution(mode="compiled-graph", max_autotune=True)
    (row,) = kernels_of(call("mm", [(1, 5), (5, 7)], [(1, 7)]), tuned)
    assert isinstance(row, Stream)
    assert (row.kind, row.elements, row.reduced_length, row.matrix_flops) == (StreamKind.REDUCTION, 7, 5, 70)
    (several,) = kernels_of(call("mm", [(2, 5), (5, 7)], [(2, 7)]), tuned)
    (biased,) = kernels_of(call("linear", [(1, 5), (7, 5), (7,)], [(1, 7)]), tuned)
    assert isinstance(several, Product)
    assert isinstance(biased, Product)
