"""The registry of shape functions, and layouts."""

from __future__ import annotations

import pytest

from tracer.graph import Op, TensorSpec
from tracer.output_shapes.rules import broadcast, channels_innermost, infer_outputs, is_dense, promoted


def test_an_in_place_call_gives_its_first_input_back() -> None:
    data = TensorSpec((2, 3), "float16", (1, 2))
    assert infer_outputs(Op("aten::mul_", (data, TensorSpec((3,), "float16")), ())) == (data,)
    assert infer_outputs(Op("c10d::allreduce_", (data,), ())) == (data,)


def test_unknown_operators_have_no_outputs() -> None:
    assert infer_outputs(Op("vllm::moe_forward", (TensorSpec((2,), "float16"),), ())) == ()
    assert infer_outputs(Op("aten::mm", (), ())) == ()


@pytest.mark.parametrize(
    ("shape", "strides", "dense"),
    [
        ((2, 3), (), True),
        ((2, 3), (1, 2), True),
        ((2, 3), (0, 1), False),
        ((2, 3), (6, 2), False),
        ((2, 1, 3), (3, 99, 1), True),
    ],
)
def test_dense_means_without_gaps(shape: tuple[int, ...], strides: tuple[int, ...], dense: bool) -> None:
    assert is_dense(TensorSpec(shape, "float32", strides)) is dense


def test_channels_innermost() -> None:
    assert channels_innermost((2, 3, 4, 5)) == (60, 1, 15, 3)
    assert channels_innermost((1, 2, 3, 4, 5)) == (120, 1, 40, 10, 2)


def test_broadcast_and_promotion() -> None:
    assert broadcast([(2, 1, 4), (3, 1)]) == (2, 3, 4)
    with pytest.raises(ValueError, match="do not broadcast"):
        broadcast([(2,), (3,)])
    assert promoted([TensorSpec((2,), "float16"), TensorSpec((), "float32")]) == "float16"
    assert promoted([TensorSpec((2,), "int64"), TensorSpec((2,), "bool")]) == "int64"
