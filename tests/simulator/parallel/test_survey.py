"""Axes through a whole block."""

from __future__ import annotations

import pytest

from simulator.parallel.survey import heads_axis, length_axis, product_flops, survey_of
from tracer.graph import Op, TensorSpec


@pytest.fixture
def survey(tokens):
    return survey_of(tokens, "model")


def test_tokens_heads_and_channels_are_three_axes(survey):
    main = survey.main_attention()
    batch, heads, length, _ = (survey.axes.roots(dim)[0] for dim in main.inputs[0])
    keys = [survey.axes.roots(dim)[0] for dim in main.inputs[1]]
    assert keys[:3] == [batch, heads, length]
    assert len({batch, heads, length}) == 3
    first = survey.calls["stage"][0]
    assert survey.axes.roots(first.inputs[0][1]) == (length,)
    last = survey.calls["stage"][-1]
    assert survey.axes.roots(last.outputs[0][1]) == (length,)
    assert survey.axes.roots(last.outputs[0][2]) != (heads,)


def test_parts_of_extents(survey):
    main = survey.main_attention()
    (length,) = survey.axes.roots(main.inputs[0][2])
    assert survey.parts(main.inputs[0], {length: 4}) == (1, 1, 4, 1)


def test_a_block_of_products_does_not_convolve(survey):
    assert not survey.convolves()


def test_flops_of_a_product():
    tensors = (TensorSpec((8, 16), "float16"), TensorSpec((16, 32), "float16"))
    assert product_flops(Op("aten::mm", tensors, (TensorSpec((8, 32), "float16"),))) == 2 * 8 * 16 * 32


def test_axes_of_both_layouts():
    first = Op("aten::scaled_dot_product_attention", (), ())
    second = Op("aten::_flash_attention_forward", (), ())
    assert (heads_axis(first), length_axis(first)) == (-3, -2)
    assert (heads_axis(second), length_axis(second)) == (-2, -3)
