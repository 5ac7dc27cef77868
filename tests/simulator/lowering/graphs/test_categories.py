"""Categories of calls, from operator and module."""

from __future__ import annotations

import pytest

from simulator.execution import Execution
from simulator.lowering import CATEGORIES, category_of, kernels_of
from simulator.lowering.graphs.categories import KIND_CATEGORY, kernel_category
from tracer.operators import Kind


@pytest.mark.parametrize(
    ("name", "module", "category"),
    [
        ("convolution", "unet.conv_in", "convolution"),
        ("addmm", "unet.attn1.to_q", "linear"),
        ("bmm", "unet.mixer", "linear"),
        ("bmm", "encoder.layers.0.self_attn", "attention_self"),
        ("_softmax", "encoder.block.0.layer.0.SelfAttention", "attention_self"),
        ("baddbmm", "unet.down.0.attention.1", "attention_self"),
        ("_softmax", "model.router", "normalization"),
        ("native_group_norm", "unet.norm1", "normalization"),
        # A norm that a model writes out is several elementwise operators.
        ("mul", "model.layers.0.input_layernorm", "normalization"),
        ("pow", "model.norm", "normalization"),
        ("mul", "model.layers.0.mlp", "elementwise"),
        ("mul", "normalize.other", "elementwise"),
        ("silu", "unet.nonlinearity", "elementwise"),
        ("clone", "unet.up", "data_movement"),
        ("copy_", "unet.up", "data_movement"),
        ("fill_", "unet.up", "data_movement"),
        ("embedding", "model.embed_tokens", "data_movement"),
        ("upsample_nearest2d", "unet.upsamplers.0", "data_movement"),
        ("c10d::allreduce_", "model", "communication"),
        ("sum", "model", "elementwise"),
    ],
)
def test_categories(name, module, category, call):
    assert category_of(call(name, [(4, 4)], [(4, 4)]), module) == category


@pytest.mark.parametrize("kind", ["spatial", "temporal", "cross", "joint", "self"])
def test_attention_by_kind(kind, call):
    op = call("scaled_dot_product_attention", [(1, 2, 4, 4)] * 3, [(1, 2, 4, 4)], kind=kind)
    assert category_of(op, "unet") == f"attention_{kind}"


def test_attention_of_a_trace_has_no_kind(call):
    op = call("_scaled_dot_product_flash_attention", [(1, 2, 4, 4)] * 3, [(1, 2, 4, 4)])
    assert category_of(op, "unet") == "attention_self"


def test_every_kind_has_a_known_category():
    assert set(KIND_CATEGORY) == set(Kind)
    assert set(KIND_CATEGORY.values()) <= set(CATEGORIES)


def test_an_operator_that_nothing_declares_is_elementwise(call):
    assert category_of(call("frobnicate", [(4, 4)], [(4, 4)]), "model.layers.0") == "elementwise"


def test_conversions_between_layouts_are_a_category_of_their_own(call):
    op = call("convolution", [(2, 16, 8, 8), (16, 16, 3, 3), (16,)], [(2, 16, 8, 8)], groups=1)
    found = [kernel_category(kernel, category_of(op, "unet")) for kernel in kernels_of(op, Execution())]
    assert found == ["layout_conversion"] * 2 + ["convolution", "layout_conversion", "convolution"]
