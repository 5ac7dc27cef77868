from __future__ import annotations

from dataclasses import replace

import pytest

from tracer.workloads.muse import PIPELINES

pytestmark = pytest.mark.torch

PIPELINE = PIPELINES[0]


def stages_of(workload):
    return {stage.name: stage for stage in PIPELINE.build(workload)}


@pytest.fixture(scope="module")
def stages():
    return stages_of(PIPELINE.defaults)


def test_parameters(stages, parameter_count):
    for component, published in PIPELINE.parameters.items():
        tolerance = 0.10 if component in PIPELINE.rounded else 0.01
        assert parameter_count(stages[component]) == pytest.approx(published, rel=tolerance)
    # 16 d^2 per layer of width d with self-attention, cross-attention and feed-forward; 12 d^2 without cross.
    assert parameter_count(stages["base"]) == pytest.approx(48 * 16 * 2048**2, rel=0.02)
    upsampler = 16 * 12 * 1024**2 + 32 * 16 * 1024**2
    assert parameter_count(stages["super_resolution"]) == pytest.approx(upsampler, rel=0.05)


def test_shapes_and_repeats_at_the_defaults(stages, measure):
    assert {name: stage.repeats for name, stage in stages.items()} == {
        "text_encoder": 1,
        "base": 24,
        "low_resolution_encoder": 1,
        "super_resolution": 8,
        "vqgan_decoder": 1,
    }
    assert measure(stages["base"]).shape == (2, 256, 8192)
    assert measure(stages["super_resolution"]).shape == (2, 4096, 8192)
    assert measure(stages["vqgan_decoder"]).shape == (1, 3, 512, 512)


def test_flops_of_the_base_transformer_by_hand(stages, measure):
    """Two rows of 256 image tokens on 128 text tokens."""
    rows, length, text, width = 2, 256, 128, 2048
    square = 2 * width * width
    layer = rows * (length * (6 + 8) * square + text * 2 * square + 4 * length * (length + text) * width)
    ends = rows * (text * 2 * 4096 * width + length * 2 * width * 8192)
    assert measure(stages["base"]).flops == 48 * layer + ends


def test_flops_of_the_upsampler_by_hand(stages, measure):
    """Multi-axis attention: each half of the heads sees 64 keys per query; cross-attention 256 + 128."""
    rows, low, high, text, width = 2, 256, 4096, 128, 1024
    square = 2 * width * width
    lower = 16 * rows * low * (12 * square + 4 * low * width)
    upper = rows * (high * 14 * square + (low + text) * 2 * square + 4 * high * (64 + low + text) * width)
    assert measure(stages["low_resolution_encoder"]).flops == lower + rows * text * 2 * 4096 * width
    assert measure(stages["super_resolution"]).flops == 32 * upper + rows * high * 2 * width * 8192


def test_settings_are_respected_and_guidance_doubles_the_transformers(measure):
    small = replace(PIPELINE.defaults, height=64, width=128, num_inference_steps=4, prompt_length=9)
    guided, unguided = stages_of(small), stages_of(replace(small, batch=3, guidance_scale=1.0))
    assert unguided["base"].repeats == 4
    assert measure(unguided["base"]).shape == (3, 2 * 4, 8192)
    assert measure(unguided["super_resolution"]).shape == (3, 8 * 16, 8192)
    assert measure(unguided["vqgan_decoder"]).shape == (3, 3, 64, 128)
    for name in ("base", "super_resolution"):
        assert 3 * measure(guided[name]).flops == 2 * measure(unguided[name]).flops
    assert 3 * measure(guided["vqgan_decoder"]).flops == measure(unguided["vqgan_decoder"]).flops
