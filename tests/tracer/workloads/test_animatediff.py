from __future__ import annotations

from dataclasses import replace

import pytest

from tracer.graph import GraphError
from tracer.workloads.animatediff import PIPELINES

pytestmark = pytest.mark.torch

PIPELINE = PIPELINES[0]


@pytest.fixture(scope="module")
def stages():
    return {stage.name: stage for stage in PIPELINE.build(PIPELINE.defaults)}


def test_parameters_match_the_checkpoints(stages, parameter_count):
    for stage in stages.values():
        assert parameter_count(stage) == pytest.approx(PIPELINE.parameters[stage.component], rel=0.01)


def test_guidance_doubles_the_batch_of_the_unet_and_the_text_encoder_runs(stages, measure):
    assert stages["text_encoder"].repeats == 2
    assert stages["unet"].repeats == 25
    assert measure(stages["unet"]).shape == (2, 4, 16, 64, 64)
    unguided = {s.name: s for s in PIPELINE.build(replace(PIPELINE.defaults, guidance_scale=1.0))}
    assert unguided["text_encoder"].repeats == 1
    assert measure(unguided["unet"]).shape == (1, 4, 16, 64, 64)


def test_motion_module_is_two_temporal_attentions_and_a_gated_feed_forward(stages, measure):
    tokens, channels, frames = 2 * 16 * 64 * 64, 320, 16
    projections = 2 * 2 * tokens * channels * channels
    attention = 4 * 2 * tokens * channels * channels + 2 * 2 * tokens * frames * channels
    feed_forward = 2 * tokens * channels * (8 * channels) + 2 * tokens * (4 * channels) * channels
    found = measure(stages["unet"]).flops_by_module["UNetMotionModel.down_blocks.0.motion_modules.0"]
    assert found == projections + 2 * attention + feed_forward


def test_frames_are_decoded_sixteen_at_a_time(measure):
    specs = PIPELINE.build(replace(PIPELINE.defaults, num_frames=20))
    assert [(s.name, s.repeats) for s in specs[2:]] == [("vae_decoder", 1), ("vae_decoder_last", 1)]
    assert measure(specs[3]).shape == (4, 3, 512, 512)


def test_more_frames_than_motion_modules_know_are_refused():
    with pytest.raises(GraphError, match="at most 32"):
        PIPELINE.build(replace(PIPELINE.defaults, num_frames=33))
