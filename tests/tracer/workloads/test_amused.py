from __future__ import annotations

from dataclasses import replace

import pytest

from tracer.workloads.amused import PIPELINES

pytestmark = pytest.mark.torch

PIPELINE = PIPELINES[0]
PROMPT, WIDTH, HIDDEN = 77, 1024, 2816


@pytest.fixture(scope="module")
def stages():
    return {stage.name: stage for stage in PIPELINE.build(PIPELINE.defaults)}


def test_parameters_match_the_published_ones(stages, parameter_count):
    for stage in stages.values():
        assert parameter_count(stage) == pytest.approx(PIPELINE.parameters[stage.component], rel=0.01)


def test_shapes_and_repeats(stages, measure):
    assert [(s.name, s.repeats) for s in stages.values()] == [
        ("text_encoder", 2),
        ("transformer", 12),
        ("vq_decoder", 1),
    ]
    assert measure(stages["vq_decoder"]).shape == (1, 3, 512, 512)
    assert {str(p.dtype) for p in stages["vq_decoder"].module.parameters()} == {"torch.float32"}


def test_layer_by_hand(stages, measure):
    found = measure(stages["transformer"])
    assert found.shape == (2, 8192, 32, 32)
    tokens = 16 * 16  # halved on each side by the first convolutions
    square = 2 * tokens * WIDTH**2
    self_attention = 4 * square + 4 * tokens**2 * WIDTH
    cross = 2 * square + 2 * 2 * PROMPT * WIDTH**2 + 4 * tokens * PROMPT * WIDTH
    gated_feed_forward = 2 * 3 * tokens * WIDTH * HIDDEN
    modulation = 2 * 3 * WIDTH * 2 * WIDTH
    by_hand = self_attention + cross + gated_feed_forward + modulation
    assert found.flops_by_module["UVit2DModel.transformer_layers.0"] == 2 * by_hand


def test_without_guidance_one_sample_is_decoded():
    text, transformer, _ = PIPELINE.build(replace(PIPELINE.defaults, guidance_scale=1.0))
    assert text.repeats == 1
    assert transformer.run(lambda tokens, **options: tokens, 0).shape == (1, 32, 32)
