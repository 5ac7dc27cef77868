from __future__ import annotations

import pytest

from tracer.capture import trace_module
from tracer.workloads import text_encoders
from tracer.workloads.text_encoders import clip_l, gemma2_2b, padding_mask, t5_xxl, text_stage, token_ids

pytestmark = pytest.mark.torch

LENGTH = 77


# Counts of the published checkpoints (safetensors headers); rounded ones from the papers of Hunyuan-DiT.
@pytest.mark.parametrize(
    ("name", "published", "tolerance"),
    [
        ("clip_l", 123_060_480, 0),
        ("openclip_h", 340_387_840, 0),
        ("openclip_bigg", 694_659_840, 0),
        ("t5_xxl", 4_762_310_656, 0),
        ("gemma2_2b", 2_614_341_888, 0),
        ("qwen2_5_vl_7b", 8_292_166_656, 0),
        ("mt5_xl", 1.6e9, 0.1),
        ("bert_chinese_large", 0.35e9, 0.1),
    ],
)
def test_parameters_match_the_checkpoints(name, published, tolerance):
    module = getattr(text_encoders, name)("bfloat16")
    assert sum(p.numel() for p in module.parameters()) == pytest.approx(published, rel=tolerance)


def test_projection_adds_one_square_matrix():
    with_projection = clip_l("float16", projection=True)
    assert sum(p.numel() for p in with_projection.parameters()) == 123_060_480 + 768 * 768


def test_clip_by_hand(measure):
    found = measure(text_stage(clip_l("float16"), batch=2, length=LENGTH))
    layer = 2 * 12 * LENGTH * 768**2 + 4 * LENGTH**2 * 768
    assert found.flops == 2 * 12 * layer
    assert found.shape == (2, LENGTH, 768)


@pytest.mark.parametrize("masked", [False, True])
def test_t5_by_hand(measure, masked):
    stage = text_stage(t5_xxl("bfloat16"), batch=1, length=512, masked=masked)
    projections = 2 * 4 * 512 * 4096**2
    attention = 4 * 512**2 * 4096
    gated_feed_forward = 2 * 3 * 512 * 4096 * 10240
    assert measure(stage).flops == 24 * (projections + attention + gated_feed_forward)


def test_clip_attends_causally_without_a_mask():
    stage = text_stage(clip_l("float16"), batch=1, length=LENGTH)
    graph = trace_module(stage.module, token_ids(1, LENGTH))
    calls = [op for op in graph.ops(graph.stages[0]) if op.name.endswith("dot_product_attention")]
    assert len(calls) == 12
    assert all(op.attribute("is_causal") and len(op.inputs) == 3 for op in calls)


def test_t5_adds_its_position_bias_as_a_mask():
    module = t5_xxl("float16")
    graph = trace_module(module, token_ids(1, LENGTH), attention_mask=padding_mask(module, 1, LENGTH))
    calls = [op for op in graph.ops(graph.stages[0]) if op.name.endswith("dot_product_attention")]
    assert {op.inputs[3].shape for op in calls} == {(1, 64, LENGTH, LENGTH)}
    assert {op.inputs[3].dtype for op in calls} == {"float16"}


def test_gemma_runs_its_capped_attention_as_separate_products():
    module = gemma2_2b("bfloat16")
    mask = padding_mask(module, 1, LENGTH)
    assert str(mask.dtype) == "torch.bfloat16"
    graph = trace_module(module, token_ids(1, LENGTH), attention_mask=mask)
    names = [op.name for op in graph.ops(graph.stages[0])]
    assert names.count("aten::_softmax") == 26
    assert "aten::scaled_dot_product_attention" not in names


def test_stage_names_and_hidden_states():
    stage = text_stage(
        clip_l("float16"),
        batch=1,
        length=LENGTH,
        name="text_encoder_negative",
        component="text_encoder",
        hidden_states=True,
        repeats=2,
    )
    assert (stage.name, stage.component, stage.repeats) == ("text_encoder_negative", "text_encoder", 2)
    assert len(stage.run(stage.module, 0).hidden_states) == 13
