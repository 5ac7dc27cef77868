"""Movements as cases."""

from __future__ import annotations

import pytest

from tracer.graph import Op, TensorSpec, attributes_from
from validation.machine.sweeps.movement import RUNNERS, cases, from_operator


def _op(name: str, *shapes: tuple[int, ...], **attributes: object) -> Op:
    return Op(name, tuple(TensorSpec(s, "float16") for s in shapes), (), attributes_from(attributes))  # type: ignore[arg-type]


def test_what_changes_the_movement_is_kept() -> None:
    cast = from_operator(_op("aten::_to_copy", (4,), dtype="float32"))
    assert cast is not None
    assert dict(cast.attributes) == {"to": "float32"}
    joined = from_operator(_op("aten::cat", (2, 3), (2, 5), dim=1))
    assert joined is not None
    assert (joined.input_shapes, dict(joined.attributes)) == (((2, 3), (2, 5)), {"dim": 1})


def test_casts_without_a_dtype_and_other_layouts_are_no_case() -> None:
    assert from_operator(_op("aten::_to_copy", (4,))) is None
    assert from_operator(_op("aten::clone", (4,), memory_format="channels_last")) is None
    assert from_operator(_op("aten::cat")) is None


def test_transposed_copies_read_a_permuted_view() -> None:
    case = next(c for c in cases("tiny") if c.input_strides)
    assert (case.input_shapes, case.input_strides) == (((2, 4, 3),), ((12, 1, 4),))


def test_runners_move() -> None:
    torch = pytest.importorskip("torch")
    x = torch.randn(1, 2, 4, 4)
    assert RUNNERS["aten::clone"]([x.transpose(1, 2)], {})().is_contiguous()
    assert RUNNERS["aten::_to_copy"]([x], {"to": "bfloat16"})().dtype is torch.bfloat16
    assert RUNNERS["aten::cat"]([x, x], {"dim": 1})().shape == (1, 4, 4, 4)
    assert RUNNERS["aten::constant_pad_nd"]([x], {"pad": (0, 1, 0, 1)})().shape == (1, 2, 5, 5)
    up = RUNNERS["aten::upsample_nearest2d"]([x], {"output_size": (8, 8)})()
    assert torch.equal(up[..., ::2, ::2], x)
