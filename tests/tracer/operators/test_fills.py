"""Constants and random numbers: sizes that are recorded, and one that is not."""

from __future__ import annotations

import pytest

from tracer.graph import Op, TensorSpec
from tracer.operators import infer_outputs


@pytest.mark.parametrize("name", ["zeros", "full", "randn", "empty"])
def test_extents_and_dtype_are_those_of_the_attributes(name: str) -> None:
    op = Op(f"aten::{name}", (), (), (("dtype", "float16"), ("size", (2, 3))))
    assert infer_outputs(op) == (TensorSpec((2, 3), "float16"),)


def test_a_new_tensor_has_the_dtype_of_the_one_that_makes_it() -> None:
    op = Op("aten::new_zeros", (TensorSpec((7,), "int64"),), (), (("size", (2,)),))
    assert infer_outputs(op) == (TensorSpec((2,), "int64"),)


def test_nothing_is_known_of_a_size_that_is_not_recorded() -> None:
    image = TensorSpec((1, 3, 8, 8), "float16")
    assert infer_outputs(Op("aten::zeros", (), ())) == ()
    assert infer_outputs(Op("aten::upsample_nearest2d", (image,), ())) == ()
    assert infer_outputs(Op("aten::constant_pad_nd", (image,), ())) == ()
