from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from tracer.capture import trace_module
from tracer.workloads.qwen_image import PIPELINES

pytestmark = pytest.mark.torch

PIPELINE = PIPELINES[0]
TOKENS, WIDTH = 64 * 64, 3072


@pytest.fixture(scope="module")
def stages():
    return {stage.name: stage for stage in PIPELINE.build(PIPELINE.defaults)}


def test_parameters_match_the_published_ones(stages, parameter_count):
    for stage in stages.values():
        assert parameter_count(stage) == pytest.approx(PIPELINE.parameters[stage.component], rel=0.01)


def test_guidance_runs_passes_of_its_own(stages, measure):
    assert [(s.name, s.component, s.repeats) for s in stages.values()] == [
        ("text_encoder", "text_encoder", 1),
        ("text_encoder_negative", "text_encoder", 1),
        ("transformer", "transformer", 50),
        ("transformer_negative", "transformer", 50),
        ("vae_decoder", "vae", 1),
    ]
    assert measure(stages["text_encoder"]).shape == (1, 34 + 128, 152064)
    assert measure(stages["vae_decoder"]).shape == (1, 3, 1, 1024, 1024)


@pytest.mark.parametrize(("name", "text"), [("transformer", 128), ("transformer_negative", 6)])
def test_block_by_hand(stages, measure, name, text):
    found = measure(stages[name])
    assert found.shape == (1, TOKENS, 64)
    tokens = TOKENS + text
    products = 2 * 12 * tokens * WIDTH**2 + 4 * tokens**2 * WIDTH
    modulation = 2 * 2 * 6 * WIDTH**2
    block = found.flops_by_module["QwenImageTransformer2DModel.transformer_blocks.0"]
    assert block == products + modulation


def test_rotary_frequencies_are_made_before_the_first_step(stages):
    positions = stages["transformer"].module.pos_embed
    graph = trace_module(lambda: positions([[(1, 64, 64)]], max_txt_seq_len=128, device=torch.device("meta")))
    # What remains in each step: a slice for the text, and the joining of the one frame that there is.
    assert sorted(op.name for op in graph.operators) == ["aten::cat", "aten::slice"]


def test_without_guidance_there_is_no_negative_pass():
    names = [stage.name for stage in PIPELINE.build(replace(PIPELINE.defaults, guidance_scale=1.0))]
    assert names == ["text_encoder", "transformer", "vae_decoder"]
