from __future__ import annotations

import pytest

from tracer.workloads.latte import PIPELINES

pytestmark = pytest.mark.torch

PIPELINE = PIPELINES[0]
TOKENS, WIDTH = 2 * 16 * 32 * 32, 16 * 72


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
        ("vae_decoder_last", 1),
    ]
    assert measure(stages["text_encoder"]).shape == (1, 120, 4096)
    assert measure(stages["vae_decoder"]).shape == (14, 3, 512, 512)
    assert measure(stages["vae_decoder_last"]).shape == (2, 3, 512, 512)


def test_spatial_and_temporal_blocks(stages, measure):
    found = measure(stages["transformer"])
    assert found.shape == (2, 8, 16, 64, 64)
    square, feed_forward = 2 * TOKENS * WIDTH * WIDTH, 2 * 2 * TOKENS * WIDTH * (4 * WIDTH)
    prompt = 2 * 2 * (2 * 16 * 120) * WIDTH * WIDTH  # keys and values, repeated for every frame
    spatial = 4 * square + 2 * 2 * TOKENS * 1024 * WIDTH
    cross = 2 * square + prompt + 2 * 2 * TOKENS * 120 * WIDTH
    temporal = 4 * square + 2 * 2 * TOKENS * 16 * WIDTH
    blocks = found.flops_by_module
    assert blocks["LatteTransformer3DModel.transformer_blocks.0"] == spatial + cross + feed_forward
    assert blocks["LatteTransformer3DModel.temporal_transformer_blocks.0"] == temporal + feed_forward
