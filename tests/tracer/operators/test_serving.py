"""Operators of serving engines: what they give, and which of them answer for what they call."""

from __future__ import annotations

import pytest

from tracer.events.operator_arguments import RecordedArguments, operator_from
from tracer.graph import Op, TensorSpec
from tracer.operators import Kind, declaration_of, infer_outputs, kind_of


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("vllm::unified_attention_with_output", Kind.PACKED_ATTENTION),
        ("sglang::inplace_fused_experts", Kind.FUSED_EXPERTS),
        ("sgl_kernel::fused_add_rmsnorm", Kind.RESIDUAL_RMS_NORM),
        ("aiter::silu_and_mul", Kind.ELEMENTWISE),
    ],
)
def test_kinds(name: str, kind: Kind) -> None:
    assert kind_of(name) is kind


def test_results_among_the_arguments_are_no_inputs() -> None:
    shapes = [[888, 8, 64], [888, 1, 64], [888, 1, 64], [888, 8, 64], []]
    types = ["c10::Float8_e4m3fn", "c10::BFloat16", "c10::BFloat16", "c10::BFloat16", ""]
    op = operator_from("vllm::unified_attention_with_output", RecordedArguments(shapes=shapes, types=types))
    assert len(op.inputs) == 3
    assert op.outputs == (TensorSpec((888, 8, 64), "bfloat16"),)


def test_attention_gives_two_bytes_an_element() -> None:
    query, other = (TensorSpec((6, 4, 8), dtype) for dtype in ("float8_e4m3fn", "bfloat16"))
    assert infer_outputs(Op("vllm::unified_attention", (query, other, other), ())) == (other,)


@pytest.mark.parametrize("columns", [(16, 32), (32, 16)], ids=["as multiplied", "as a weight"])
def test_a_product_takes_its_second_factor_either_way(columns: tuple[int, int]) -> None:
    a, b = TensorSpec((4, 16), "float8_e4m3fn"), TensorSpec(columns, "float8_e4m3fn")
    assert infer_outputs(Op("sgl_kernel::fp8_scaled_mm", (a, b), ())) == (TensorSpec((4, 32), "bfloat16"),)


def test_what_calls_others_answers_for_them() -> None:
    found = declaration_of("vllm::outplace_fused_experts")
    assert found is not None
    assert found.encloses
