from __future__ import annotations

from dataclasses import replace

import pytest

from tracer.workloads.pixart import PIPELINES

pytestmark = pytest.mark.torch

ALPHA, SIGMA = PIPELINES
TOKENS, WIDTH = 64 * 64, 1152


@pytest.mark.parametrize(("pipeline", "text"), [(ALPHA, 120), (SIGMA, 300)], ids=["alpha", "sigma"])
def test_pipeline_at_its_defaults(measure, parameter_count, pipeline, text):
    stages = {stage.name: stage for stage in pipeline.build(pipeline.defaults)}
    for stage in stages.values():
        tolerance = 0.1 if stage.component in pipeline.rounded else 0
        assert parameter_count(stage) == pytest.approx(pipeline.parameters[stage.component], rel=tolerance)
    assert [(s.name, s.repeats) for s in stages.values()] == [
        ("text_encoder", 2),
        ("transformer", 20),
        ("vae_decoder", 1),
    ]
    found = measure(stages["transformer"])
    assert found.shape == (2, 8, 128, 128)
    square = 2 * TOKENS * WIDTH**2
    self_attention = 4 * square + 4 * TOKENS**2 * WIDTH
    cross = 2 * square + 2 * 2 * text * WIDTH**2 + 4 * TOKENS * text * WIDTH
    by_hand = self_attention + cross + 8 * square
    assert found.flops_by_module["PixArtTransformer2DModel.transformer_blocks.0"] == 2 * by_hand


def test_alpha_has_size_conditions_and_sigma_none(parameter_count):
    counts = [parameter_count(p.build(p.defaults)[1]) for p in PIPELINES]
    # Embedders of the two sides (width 384 each) and of the aspect ratio: two linear layers on 256 frequencies.
    embedder = (256 + 1) * 384 + (384 + 1) * 384
    assert counts[0] - counts[1] == 2 * embedder


def test_without_guidance_one_sample_is_denoised():
    text, transformer, _ = SIGMA.build(replace(SIGMA.defaults, guidance_scale=1.0))
    assert text.repeats == 1
    assert transformer.run(lambda sample, **options: sample, 0).shape == (1, 4, 128, 128)
