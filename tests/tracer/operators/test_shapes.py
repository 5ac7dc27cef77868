"""Layouts, broadcasting and promotion."""

from __future__ import annotations

import pytest

from tracer.graph import Op, TensorSpec
from tracer.operators.shapes import broadcast, channels_innermost, first_input, halved, is_dense, like_input, promoted


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


def test_outputs_that_are_like_an_input() -> None:
    data, gappy = TensorSpec((2, 6), "float16", (1, 2)), TensorSpec((2, 6), "float16", (12, 1))
    assert first_input(Op("aten::set_", (data, gappy), ())) == (data,)
    assert like_input(Op("aten::roll", (data,), ())) == (data,)
    assert like_input(Op("aten::roll", (gappy,), ())) == (TensorSpec((2, 6), "float16"),)
    assert halved(Op("aten::glu", (data,), ())) == (TensorSpec((2, 3), "float16"),)
    assert halved(Op("aten::glu", (data,), (), (("dim", 0),))) == (TensorSpec((1, 6), "float16"),)
