"""Attention as cases."""

from __future__ import annotations

import pytest

from tracer.graph import Op, TensorSpec, attributes_from
from validation.machine.sweeps.attention import RUNNERS, cases, from_operator

_OP = "aten::scaled_dot_product_attention"


def test_flags_that_are_off_are_left_out_but_for_causality() -> None:
    q, k = TensorSpec((1, 8, 64, 40), "float16", (20480, 40, 320, 1)), TensorSpec((1, 8, 77, 40), "float16")
    op = Op(_OP, (q, k, k), (), attributes_from({"kind": "cross", "is_causal": False, "enable_gqa": False}))
    case = from_operator(op)
    assert case is not None
    assert case.attributes == (("is_causal", False),)
    assert case.input_strides == (q.strides, (), ())


def test_a_mask_is_named_by_dtype_and_shape() -> None:
    q, mask = TensorSpec((1, 2, 4, 8), "float32"), TensorSpec((1, 1, 4, 4), "bool")
    case = from_operator(Op(_OP, (q, q, q, mask), ()))
    assert case is not None
    assert dict(case.attributes)["mask_shape"] == (1, 1, 4, 4)
    torch = pytest.importorskip("torch")
    x = torch.randn(1, 2, 4, 8)
    out = RUNNERS[_OP]([x, x, x], dict(case.attributes))()
    assert torch.allclose(out, torch.nn.functional.scaled_dot_product_attention(x, x, x), atol=1e-5)


def test_grids_have_self_cross_temporal_and_causal_calls_up_to_dimension_512() -> None:
    full = list(cases("full"))
    dims = {case.input_shapes[0][-1] for case in full}
    assert {40, 64, 72, 80, 96, 128, 160, 256, 512} <= dims
    lengths = {(case.input_shapes[0][2], case.input_shapes[1][2]) for case in full}
    assert {(4096, 4096), (4096, 77), (16, 16), (1, 8192)} <= lengths
    assert any(dict(case.attributes)["is_causal"] for case in full)
    assert {case.dtype for case in full} == {"bfloat16", "float16", "float32"}


def test_operands_are_views_of_the_output_of_a_linear_layer() -> None:
    case = next(iter(cases("probe")))
    (batch, heads, length, dim), strides = case.input_shapes[0], case.input_strides[0]
    assert strides == (length * heads * dim, dim, heads * dim, 1)
    assert batch == 1
