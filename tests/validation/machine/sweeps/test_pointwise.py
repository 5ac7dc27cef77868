"""Elementwise operators as cases."""

from __future__ import annotations

import pytest

from tracer.graph import Op, TensorSpec, attributes_from
from validation.machine.sweeps.pointwise import RUNNERS, from_operator


def test_a_number_as_operand_is_an_attribute() -> None:
    case = from_operator(Op("aten::mul", (TensorSpec((4,), "float32"),), (), attributes_from({"other": 2})))
    assert case is not None
    assert dict(case.attributes) == {"other": 2}
    torch = pytest.importorskip("torch")
    x = torch.randn(4)
    assert torch.equal(RUNNERS["aten::mul"]([x], {"other": 2})(), x * 2)


def test_the_approximation_of_gelu_is_kept() -> None:
    op = Op("aten::gelu", (TensorSpec((4,), "float32"),), (), attributes_from({"approximate": "tanh"}))
    case = from_operator(op)
    assert case is not None
    assert dict(case.attributes) == {"approximate": "tanh"}
    torch = pytest.importorskip("torch")
    x = torch.randn(16)
    assert torch.equal(
        RUNNERS["aten::gelu"]([x], dict(case.attributes))(), torch.nn.functional.gelu(x, approximate="tanh")
    )


def test_operands_of_two_dtypes_are_no_case() -> None:
    mixed = (TensorSpec((4,), "float32"), TensorSpec((4,), "float16"))
    assert from_operator(Op("aten::add", mixed, ())) is None


def test_every_runner_computes() -> None:
    torch = pytest.importorskip("torch")
    x = torch.rand(8) + 0.5
    for name, runner in RUNNERS.items():
        operands = [x, x] if name.partition("::")[2] in ("add", "mul", "sub", "div") else [x]
        assert runner(operands, {})().shape == (8,)
