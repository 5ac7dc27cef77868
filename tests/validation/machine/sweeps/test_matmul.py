"""Matrix products as cases."""

from __future__ import annotations

import pytest

from tracer.graph import Op, TensorSpec
from validation.machine.sweeps.case import KernelCase
from validation.machine.sweeps.matmul import RUNNERS, from_operator


def test_a_product_by_a_transposed_weight_is_a_linear_layer() -> None:
    x, weight = TensorSpec((8, 32), "float16"), TensorSpec((32, 16), "float16", (1, 32))
    plain = KernelCase(op="aten::linear", input_shapes=((8, 32), (16, 32)), dtype="float16")
    assert from_operator(Op("aten::mm", (x, weight), ())) == plain
    biased = from_operator(Op("aten::addmm", (TensorSpec((16,), "float16"), x, weight), ()))
    assert biased is not None
    assert (biased.op, biased.input_shapes, biased.attributes) == (plain.op, plain.input_shapes, (("bias", True),))


def test_other_products_keep_their_strides() -> None:
    a, b = TensorSpec((2, 8, 4), "float32"), TensorSpec((2, 4, 8), "float32", (32, 1, 4))
    case = from_operator(Op("aten::bmm", (a, b), ()))
    assert case is not None
    assert (case.op, case.input_strides) == ("aten::bmm", ((), (32, 1, 4)))
    plain = from_operator(Op("aten::mm", (TensorSpec((8, 4), "float32"), TensorSpec((4, 8), "float32")), ()))
    assert plain is not None
    assert (plain.op, plain.input_strides) == ("aten::mm", ())


def test_other_operators_are_none() -> None:
    assert from_operator(Op("aten::add", (TensorSpec((1,), "float32"),), ())) is None


def test_runners_compute_the_product() -> None:
    torch = pytest.importorskip("torch")
    x, weight = torch.randn(3, 4), torch.randn(5, 4)
    assert torch.allclose(RUNNERS["aten::linear"]([x, weight], {})(), x @ weight.t(), atol=1e-6)
    biased = RUNNERS["aten::linear"]([x, weight], {"bias": True})()
    assert torch.allclose(biased, x @ weight.t() + 1, atol=1e-5)
    assert torch.equal(RUNNERS["aten::mm"]([x, weight.t()], {})(), x @ weight.t())
    assert RUNNERS["aten::bmm"]([x[None], weight.t()[None]], {})().shape == (1, 3, 5)
