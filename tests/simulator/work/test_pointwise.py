"""Elementwise operators by hand: arithmetic of one element times the elements of the output."""

from __future__ import annotations

import pytest

from simulator.work import work_of
from tracer.graph import Op, TensorSpec
from tracer.operators import Kind, iter_operators


@pytest.mark.parametrize(
    ("name", "flops", "special"),
    [
        ("add", 1, 0),
        ("mul", 1, 0),
        ("relu", 1, 0),
        ("clamp", 2, 0),
        ("exp", 0, 1),
        ("rsqrt", 0, 1),
        ("sigmoid", 3, 1),  # negate, exponential, add, divide
        ("silu", 4, 1),  # a sigmoid times x, as x / (1 + exp(-x))
        ("tanh", 4, 1),
        ("gelu", 8, 1),
        ("__and__", 1, 0),
        ("__rshift__", 1, 0),
    ],
)
def test_one_element(name, flops, special, call):
    work = work_of(call(name, [(3, 4)], [(3, 4)]))
    assert (work.contraction_flops, work.vector_flops, work.special_ops) == (0, 12 * flops, 12 * special)
    assert (work.bytes_read, work.bytes_written) == (24, 24)


def test_a_broadcast_operand_is_read_once(call):
    work = work_of(call("mul", [(3, 4), (4,)], [(3, 4)]))
    assert (work.vector_flops, work.bytes_read) == (12, 24 + 8)


def test_a_scalar_comes_with_the_launch(call):
    assert work_of(call("mul", [(3, 4)], [(3, 4)], other=2.0)).bytes == 48


def test_a_call_in_place_reads_and_writes_its_first_operand(call):
    op = call("add_", [(3, 4), (3, 4)], [(3, 4)])
    assert (work_of(op).bytes_read, work_of(op).bytes_written) == (48, 24)
    nameless = call("add_", [(3, 4), (3, 4)], [])  # a trace that records no outputs
    assert work_of(nameless) == work_of(op)


def test_a_comparison_writes_single_bytes(call):
    work = work_of(call("gt", [(3, 4), (3, 4)], [TensorSpec((3, 4), "bool")]))
    assert (work.bytes_read, work.bytes_written) == (48, 12)


@pytest.mark.parametrize(("name", "flops"), [("mul", 6), ("mul_", 6), ("add", 2), ("sub", 2), ("div", 11)])
def test_complex_arithmetic(name, flops, call):
    work = work_of(call(name, [(5,), (5,)], [(5,)], dtype="complex64"))
    assert work.vector_flops == 5 * flops
    assert work.bytes == 5 * 3 * 8


@pytest.mark.parametrize(
    "declared", [d for d in iter_operators() if d.kind in (Kind.ELEMENTWISE, Kind.COMPARISON)], ids=lambda d: d.names[0]
)
def test_every_name_has_the_count_of_its_declaration(declared):
    tensor = (TensorSpec((3,), "float16"),)
    for name in declared.names:
        work = work_of(Op(name, tensor, tensor))
        assert (work.vector_flops, work.special_ops) == (3 * declared.flops, 3 * declared.special_ops)


@pytest.mark.parametrize(("name", "flops"), [("silu_and_mul", 5), ("gelu_and_mul", 9), ("gelu_tanh_and_mul", 9)])
def test_a_gate_activates_half_of_its_input(name, flops, call):
    work = work_of(call(f"_C::{name}", [(3, 16)], [(3, 8)]))
    assert (work.vector_flops, work.special_ops) == (24 * flops, 24)
    assert (work.bytes_read, work.bytes_written) == (96, 48)


@pytest.mark.parametrize("name", ["outer", "ger"])
def test_an_outer_product_is_one_multiply_an_element(name, call):
    work = work_of(call(name, [(3,), (8,)], [(3, 8)]))
    assert (work.vector_flops, work.bytes_read, work.bytes_written) == (24, 22, 48)


def test_rotary_embedding_reads_a_row_of_its_table_for_each_token(call):
    positions = TensorSpec((3,), "int64")
    work = work_of(call("_C::rotary_embedding", [positions, (3, 32), (3, 8), (1000, 8)], [(3, 32), (3, 8)]))
    assert work.vector_flops == 3 * (96 + 24)
    assert work.bytes_written == 2 * (96 + 24)
    assert work.bytes_read == 3 * 8 + 2 * (96 + 24) + 3 * 8 * 2


def test_a_cast_with_a_scale_is_three_operations(call):
    out = TensorSpec((3, 8), "float8_e4m3fn")
    work = work_of(call("_C::static_scaled_fp8_quant", [(3, 8), TensorSpec((1,), "float32")], [out]))
    assert (work.vector_flops, work.bytes_read, work.bytes_written) == (72, 48 + 4, 24)
