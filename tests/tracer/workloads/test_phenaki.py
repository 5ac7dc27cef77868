from __future__ import annotations

from dataclasses import replace

import pytest

from tracer.workloads.phenaki import PIPELINES

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


def test_shapes_and_repeats_at_the_defaults(stages, measure):
    """11 frames of 128 x 128 are 6 x 16 x 16 = 1536 tokens."""
    assert [(name, stage.repeats) for name, stage in stages.items()] == [
        ("text_encoder", 1),
        ("masked_transformer", 48),
        ("video_decoder", 1),
    ]
    assert measure(stages["masked_transformer"]).shape == (2, 1536, 8192)
    assert measure(stages["video_decoder"]).shape == (1, 3, 11, 128, 128)


def test_flops_of_the_masked_transformer_by_hand(stages, measure):
    rows, length, text, width = 2, 1536, 128, 2048
    square = 2 * width * width
    layer = rows * (length * (6 + 8) * square + text * 2 * square + 4 * length * (length + text) * width)
    ends = rows * (text * 2 * 4096 * width + length * 2 * width * 8192)
    assert measure(stages["masked_transformer"]).flops == 24 * layer + ends


def test_settings_are_respected_and_guidance_doubles_the_transformer(measure):
    small = replace(PIPELINE.defaults, height=16, width=32, num_frames=5, num_inference_steps=3, prompt_length=7)
    guided, unguided = stages_of(small), stages_of(replace(small, batch=3, guidance_scale=1.0))
    assert unguided["masked_transformer"].repeats == 3
    assert measure(unguided["masked_transformer"]).shape == (3, 3 * 2 * 4, 8192)
    assert measure(unguided["video_decoder"]).shape == (3, 3, 5, 16, 32)
    name = "masked_transformer"
    assert 3 * measure(guided[name]).flops == 2 * measure(unguided[name]).flops


def test_one_frame_is_an_image(measure):
    stages = stages_of(replace(PIPELINE.defaults, height=16, width=16, num_frames=1))
    assert measure(stages["video_decoder"]).shape == (1, 3, 1, 16, 16)
