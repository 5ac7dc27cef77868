from __future__ import annotations

from dataclasses import replace

import pytest

from tracer.workloads.hunyuan_dit import PIPELINES

pytestmark = pytest.mark.torch

PIPELINE = PIPELINES[0]
TOKENS, WIDTH, TEXT = 64 * 64, 1408, 77 + 256


@pytest.fixture(scope="module")
def stages():
    return {stage.name: stage for stage in PIPELINE.build(PIPELINE.defaults)}


def test_parameters_match_the_published_ones(stages, parameter_count):
    for stage in stages.values():
        tolerance = 0.1 if stage.component in PIPELINE.rounded else 0
        assert parameter_count(stage) == pytest.approx(PIPELINE.parameters[stage.component], rel=tolerance)


def test_shapes_and_repeats(stages, measure):
    assert [(s.name, s.repeats) for s in stages.values()] == [
        ("text_encoder", 2),
        ("text_encoder_2", 2),
        ("transformer", 50),
        ("vae_decoder", 1),
    ]
    assert measure(stages["text_encoder"]).shape == (1, 77, 1024)
    assert measure(stages["text_encoder_2"]).shape == (1, 256, 2048)


def test_block_by_hand(stages, measure):
    found = measure(stages["transformer"])
    assert found.shape == (2, 8, 128, 128)
    square = 2 * TOKENS * WIDTH**2
    self_attention = 4 * square + 4 * TOKENS**2 * WIDTH
    cross = 2 * square + 2 * 2 * TEXT * 1024 * WIDTH + 4 * TOKENS * TEXT * WIDTH
    hidden = int(4.3637 * WIDTH)
    feed_forward = 2 * 2 * TOKENS * WIDTH * hidden
    modulation = 2 * WIDTH**2
    block = self_attention + cross + feed_forward + modulation
    assert found.flops_by_module["HunyuanDiT2DModel.blocks.0"] == 2 * block
    # The second half of the blocks first merges the output of a block of the first half.
    skip = 2 * square
    assert found.flops_by_module["HunyuanDiT2DModel.blocks.39"] == 2 * (block + skip)


def test_without_guidance_one_sample_is_denoised():
    stages = {s.name: s for s in PIPELINE.build(replace(PIPELINE.defaults, guidance_scale=1.0))}
    sample = stages["transformer"].run(lambda sample, *rest, **options: sample, 0)
    assert sample.shape == (1, 4, 128, 128)
    assert stages["text_encoder_2"].repeats == 1
