from __future__ import annotations

from dataclasses import replace

import pytest

from tracer.workloads.dit import PIPELINES

pytestmark = pytest.mark.torch

PIPELINE = PIPELINES[0]
TOKENS, WIDTH = 16 * 16, 1152


@pytest.fixture(scope="module")
def stages():
    return {stage.name: stage for stage in PIPELINE.build(PIPELINE.defaults)}


def test_shapes_and_repeats(stages, measure):
    assert [(s.name, s.component, s.repeats) for s in stages.values()] == [
        ("transformer", "transformer", 50),
        ("vae_decoder", "vae", 1),
    ]
    assert measure(stages["transformer"]).shape == (2, 8, 32, 32)
    assert measure(stages["vae_decoder"]).shape == (1, 3, 256, 256)


def test_a_layer_by_hand(stages, measure):
    layer = measure(stages["transformer"]).flops_by_module["DiTTransformer2DModel.transformer_blocks.0"]
    products = 2 * TOKENS * WIDTH**2 * (4 + 8)  # attention's four, and four times the width forth and back
    attention = 4 * TOKENS**2 * WIDTH
    conditions = 2 * (256 * WIDTH + WIDTH**2 + 6 * WIDTH**2)  # time's two products and the six of the modulation
    assert layer == 2 * (products + attention + conditions)


def test_without_guidance_one_sample_is_denoised():
    transformer = PIPELINE.build(replace(PIPELINE.defaults, guidance_scale=1.0))[0]
    assert transformer.run(lambda sample, **options: sample, 0).shape == (1, 4, 32, 32)
