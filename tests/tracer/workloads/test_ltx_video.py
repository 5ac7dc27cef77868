from __future__ import annotations

from dataclasses import replace

import pytest

from tracer.workloads.ltx_video import PIPELINES

pytestmark = pytest.mark.torch

PIPELINE = PIPELINES[0]
LENGTH, WIDTH, PROMPT = 21 * 16 * 22, 32 * 64, 128


@pytest.fixture(scope="module")
def stages():
    return {stage.name: stage for stage in PIPELINE.build(PIPELINE.defaults)}


def test_parameters_match_the_checkpoints(stages, parameter_count):
    for stage in stages.values():
        assert parameter_count(stage) == pytest.approx(PIPELINE.parameters[stage.component], rel=0.01)


def test_shapes_and_repeats(stages, measure):
    assert [(s.name, s.repeats) for s in stages.values()] == [
        ("text_encoder", 2),
        ("transformer", 50),
        ("vae_decoder", 1),
    ]
    assert measure(stages["vae_decoder"]).shape == (1, 3, 161, 512, 704)


def test_block_attends_to_the_video_and_to_the_prompt(stages, measure):
    found = measure(stages["transformer"])
    assert found.shape == (2, LENGTH, 128)
    tokens, prompt = 2 * LENGTH, 2 * PROMPT
    square = 2 * tokens * WIDTH * WIDTH
    attention = 4 * square + 2 * 2 * tokens * LENGTH * WIDTH
    cross = 2 * square + 2 * 2 * prompt * WIDTH * WIDTH + 2 * 2 * tokens * PROMPT * WIDTH
    feed_forward = 2 * 2 * tokens * WIDTH * (4 * WIDTH)
    block = found.flops_by_module["LTXVideoTransformer3DModel.transformer_blocks.0"]
    assert block == attention + cross + feed_forward


def test_without_guidance_one_sample_is_denoised(measure):
    stages = PIPELINE.build(replace(PIPELINE.defaults, guidance_scale=1.0))
    assert measure(stages[1]).shape == (1, LENGTH, 128)
    assert stages[0].repeats == 1
