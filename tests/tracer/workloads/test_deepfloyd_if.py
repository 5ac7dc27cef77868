from __future__ import annotations

from dataclasses import replace

import pytest

from tracer.workloads.deepfloyd_if import PIPELINES

pytestmark = pytest.mark.torch

PIPELINE = PIPELINES[0]
PROMPT = 77


@pytest.fixture(scope="module")
def stages():
    return {stage.name: stage for stage in PIPELINE.build(PIPELINE.defaults)}


def test_parameters_match_the_published_ones(stages, parameter_count):
    for stage in stages.values():
        tolerance = 0.1 if stage.component in PIPELINE.rounded else 0.01
        assert parameter_count(stage) == pytest.approx(PIPELINE.parameters[stage.component], rel=tolerance)


def test_cascade(stages, measure):
    assert [(s.name, s.repeats) for s in stages.values()] == [
        ("text_encoder", 2),
        ("unet_base", 100),
        ("unet_super_resolution", 50),
        ("text_encoder_upscaler", 2),
        ("unet_upscaler", 75),
        ("vae_decoder", 1),
    ]
    # Pixel U-Nets give noise and variance of three colours.
    assert measure(stages["unet_super_resolution"]).shape == (2, 6, 256, 256)
    assert measure(stages["unet_upscaler"]).shape == (2, 4, 256, 256)
    assert measure(stages["vae_decoder"]).shape == (1, 3, 1024, 1024)


def test_attention_to_image_and_text_at_once_by_hand(stages, measure):
    found = measure(stages["unet_base"])
    assert found.shape == (2, 6, 64, 64)
    tokens, width = 8 * 8, 2816
    projections = 2 * 4 * tokens * width**2
    text_projections = 2 * 2 * PROMPT * width**2
    by_hand = projections + text_projections + 4 * tokens * (tokens + PROMPT) * width
    assert found.flops_by_module["UNet2DConditionModel.mid_block.attentions.0"] == 2 * by_hand


def test_upscaler_decodes_in_float32(stages):
    assert {str(p.dtype) for p in stages["vae_decoder"].module.parameters()} == {"torch.float32"}


def test_without_guidance_each_stage_denoises_one_sample():
    workload = replace(PIPELINE.defaults, guidance_scale=1.0, height=256, width=512, batch=3)
    unets = {s.name: s for s in PIPELINE.build(workload) if s.name.startswith("unet")}
    shapes = {name: s.run(lambda sample, *rest, **options: sample, 0).shape for name, s in unets.items()}
    assert shapes == {
        "unet_base": (3, 3, 16, 32),
        "unet_super_resolution": (3, 6, 64, 128),
        "unet_upscaler": (3, 7, 64, 128),
    }
