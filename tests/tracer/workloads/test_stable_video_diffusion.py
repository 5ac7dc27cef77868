from __future__ import annotations

from dataclasses import replace

import pytest

from tracer.workloads.stable_video_diffusion import PIPELINES

pytestmark = pytest.mark.torch

PIPELINE = PIPELINES[0]


@pytest.fixture(scope="module")
def stages():
    return {stage.name: stage for stage in PIPELINE.build(PIPELINE.defaults)}


def test_parameters_match_the_checkpoints(stages, parameter_count):
    for stage in stages.values():
        assert parameter_count(stage) == pytest.approx(PIPELINE.parameters[stage.component], rel=0.01)


def test_shapes_and_repeats(stages, measure):
    assert [(s.name, s.repeats) for s in stages.values()] == [
        ("image_encoder", 1),
        ("vae_encoder", 1),
        ("unet", 25),
        ("vae_decoder", 1),
    ]
    assert measure(stages["image_encoder"]).shape == (1, 1024)
    assert measure(stages["vae_decoder"]).shape == (25, 3, 576, 1024)


def test_the_image_is_encoded_in_single_precision(stages, measure):
    latents = measure(stages["vae_encoder"]).output
    assert (tuple(latents.shape), str(latents.dtype)) == ((1, 4, 72, 128), "torch.float32")
    assert str(next(stages["vae_decoder"].module.parameters()).dtype) == "torch.float16"


def test_without_guidance_the_unet_sees_one_sample(measure):
    unguided = {s.name: s for s in PIPELINE.build(replace(PIPELINE.defaults, guidance_scale=1.0))}
    assert measure(unguided["unet"]).shape == (1, 25, 4, 72, 128)


def test_temporal_block_attends_over_frames_and_to_the_image(stages, measure):
    positions, frames, channels, context = 2 * 72 * 128, 25, 320, 1024
    tokens = positions * frames
    feed_forward = 2 * tokens * channels * (8 * channels) + 2 * tokens * (4 * channels) * channels
    over_frames = 4 * 2 * tokens * channels * channels + 2 * 2 * tokens * frames * channels
    to_image = (
        2 * 2 * tokens * channels * channels + 2 * 2 * positions * context * channels + 2 * 2 * tokens * 1 * channels
    )
    block = "UNetSpatioTemporalConditionModel.down_blocks.0.attentions.0.temporal_transformer_blocks.0"
    found = measure(stages["unet"]).flops_by_module[block]
    assert found == 2 * feed_forward + over_frames + to_image
