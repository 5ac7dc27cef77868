from __future__ import annotations

from dataclasses import replace

import pytest

from tracer.workloads.stable_diffusion_2 import PIPELINES

pytestmark = pytest.mark.torch

PIPELINE = PIPELINES[0]
PROMPT = 77


@pytest.fixture(scope="module")
def stages():
    return {stage.name: stage for stage in PIPELINE.build(PIPELINE.defaults)}


def test_parameters_are_exact(stages, parameter_count):
    assert {s.component: parameter_count(s) for s in stages.values()} == PIPELINE.parameters


def test_shapes_and_repeats(stages, measure):
    assert [(s.name, s.repeats) for s in stages.values()] == [
        ("text_encoder", 2),
        ("unet", 50),
        ("vae_decoder", 1),
    ]
    assert measure(stages["text_encoder"]).shape == (1, PROMPT, 1024)
    assert measure(stages["vae_decoder"]).shape == (1, 3, 768, 768)


def test_transformer_block_by_hand(stages, measure):
    found = measure(stages["unet"])
    assert found.shape == (2, 4, 96, 96)
    tokens, width, batch = 96 * 96, 320, 2
    square = 2 * tokens * width**2
    self_attention = 4 * square + 4 * tokens**2 * width
    cross = 2 * square + 2 * 2 * PROMPT * 1024 * width + 4 * tokens * PROMPT * width
    gated_feed_forward = 2 * tokens * (width * 8 * width + 4 * width * width)
    block = found.flops_by_module["UNet2DConditionModel.down_blocks.0.attentions.0.transformer_blocks.0"]
    assert block == batch * (self_attention + cross + gated_feed_forward)


def test_without_guidance_one_sample_is_denoised():
    text, unet, _ = PIPELINE.build(replace(PIPELINE.defaults, guidance_scale=1.0))
    assert text.repeats == 1
    assert unet.run(lambda sample, *rest, **options: sample, 0).shape == (1, 4, 96, 96)
