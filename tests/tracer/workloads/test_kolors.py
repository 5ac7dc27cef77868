from __future__ import annotations

from dataclasses import replace

import pytest

from tracer.workloads.kolors import PIPELINES

pytestmark = pytest.mark.torch

PIPELINE = PIPELINES[0]


@pytest.fixture(scope="module")
def stages():
    return {stage.name: stage for stage in PIPELINE.build(PIPELINE.defaults)}


def test_repeats_and_dtypes(stages):
    assert [(s.name, s.component, s.repeats) for s in stages.values()] == [
        ("text_encoder", "text_encoder", 2),
        ("unet", "unet", 50),
        ("vae_decoder", "vae", 1),
    ]
    dtypes = {name: {str(p.dtype) for p in stage.module.parameters()} for name, stage in stages.items()}
    assert dtypes["unet"] == dtypes["text_encoder"] == {"torch.float16"}
    assert dtypes["vae_decoder"] == {"torch.float32"}


def test_the_encoder_by_hand(stages, measure):
    found = measure(stages["text_encoder"])
    assert found.shape == (256, 1, 4096)
    products = 4096 * (4608 + 4096 + 3 * 13696)  # queries with two groups of keys and values, out, gated feed-forward
    attention = 4 * 256 * 4096
    assert found.flops == 28 * 256 * (2 * products + attention)


def test_without_guidance_one_sample_is_denoised():
    _, unet, _ = PIPELINE.build(replace(PIPELINE.defaults, guidance_scale=1.0, height=512, width=512))
    assert unet.run(lambda sample, *rest, **options: sample, 0).shape == (1, 4, 64, 64)
