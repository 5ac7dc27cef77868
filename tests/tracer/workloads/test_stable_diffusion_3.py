from __future__ import annotations

from dataclasses import replace

import pytest

from tracer.workloads.stable_diffusion_3 import PIPELINES

pytestmark = pytest.mark.torch

MEDIUM, MEDIUM_3_5, LARGE = PIPELINES
TOKENS, TEXT = 64 * 64, 77 + 256


@pytest.mark.parametrize(("pipeline", "width"), [(MEDIUM, 1536), (LARGE, 2432)], ids=["medium", "large"])
def test_pipeline_at_its_defaults(measure, parameter_count, pipeline, width):
    stages = {stage.name: stage for stage in pipeline.build(pipeline.defaults)}
    for stage in stages.values():
        assert parameter_count(stage) == pytest.approx(pipeline.parameters[stage.component], rel=0.01)
    assert [(s.name, s.repeats) for s in stages.values()] == [
        ("text_encoder", 2),
        ("text_encoder_2", 2),
        ("text_encoder_3", 2),
        ("transformer", 28),
        ("vae_decoder", 1),
    ]
    found = measure(stages["transformer"])
    assert found.shape == (2, 16, 128, 128)
    tokens = TOKENS + TEXT
    modulation = 2 * 2 * 6 * width**2
    projections = 2 * 4 * tokens * width**2
    feed_forward = 2 * 2 * tokens * width * 4 * width
    by_hand = modulation + projections + feed_forward + 4 * tokens**2 * width
    assert found.flops_by_module["SD3Transformer2DModel.transformer_blocks.0"] == 2 * by_hand


def test_large_matches_the_index_of_its_checkpoint(parameter_count):
    stages = {stage.name: stage for stage in LARGE.build(LARGE.defaults)}
    position_table = 192 * 192 * 2432
    assert 2 * (parameter_count(stages["transformer"]) + position_table) == 16_292_561_536


def test_half_of_the_layers_of_medium_3_5_attend_to_the_image_again(measure):
    found = measure(MEDIUM_3_5.build(MEDIUM_3_5.defaults)[3]).flops_by_module
    dual, plain = (found[f"SD3Transformer2DModel.transformer_blocks.{i}"] for i in (12, 13))
    width = 1536
    again = 2 * 4 * TOKENS * width**2 + 4 * TOKENS**2 * width + 2 * 3 * width**2  # three more modulations
    assert dual - plain == 2 * again


def test_without_guidance_one_sample_is_denoised():
    stages = {s.name: s for s in MEDIUM.build(replace(MEDIUM.defaults, guidance_scale=1.0, height=512))}
    given = stages["transformer"].run(dict, 0)
    assert given["hidden_states"].shape == (1, 16, 64, 128)
    assert given["encoder_hidden_states"].shape == (1, TEXT, 4096)
    assert stages["text_encoder_3"].repeats == 1
