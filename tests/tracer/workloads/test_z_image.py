from __future__ import annotations

from dataclasses import replace

import pytest

from tracer.workloads.z_image import PIPELINES

pytestmark = pytest.mark.torch

BY_NAME = {pipeline.name: pipeline for pipeline in PIPELINES}
TURBO = BY_NAME["z-image-turbo"]
TOKENS, TEXT, WIDTH, HIDDEN = 64 * 64, 128, 3840, 10240


@pytest.fixture(scope="module")
def stages():
    return {stage.name: stage for stage in TURBO.build(TURBO.defaults)}


def test_shapes_and_repeats(stages, measure):
    assert [(s.name, s.component, s.repeats) for s in stages.values()] == [
        ("text_encoder", "text_encoder", 1),
        ("transformer", "transformer", 8),
        ("vae_decoder", "vae", 1),
    ]
    assert measure(stages["transformer"]).shape == (16, 1, 128, 128)


def test_a_layer_by_hand(stages, measure):
    layer = measure(stages["transformer"]).flops_by_module["ZImageTransformer2DModel.layers.0"]
    tokens = TOKENS + TEXT
    products = 2 * tokens * WIDTH * (4 * WIDTH + 3 * HIDDEN)
    assert layer == products + 4 * tokens**2 * WIDTH + 2 * 256 * 4 * WIDTH


def test_guidance_puts_both_prompts_in_a_batch():
    encoder, transformer, _ = BY_NAME["z-image"].build(BY_NAME["z-image"].defaults)
    assert encoder.repeats == 2
    pictures, time, prompts = transformer.run(lambda *given, **options: given, 0)
    assert (len(pictures), tuple(time.shape), len(prompts)) == (2, (2,), 2)
    unguided = TURBO.build(replace(TURBO.defaults, batch=3))[1]
    assert len(unguided.run(lambda *given, **options: given, 0)[0]) == 3
