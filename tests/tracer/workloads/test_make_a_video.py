from __future__ import annotations

from dataclasses import replace

import pytest

from tracer.workloads import find_pipeline
from tracer.workloads.make_a_video import PIPELINES

pytestmark = pytest.mark.torch

PIPELINE = PIPELINES[0]
# 8 by 16 pixels in the decoder, 2 frames there and 6 in the video.
SMALL = replace(PIPELINE.defaults, height=96, width=192, num_frames=2, num_inference_steps=3)


def stages_of(workload):
    return {stage.name: stage for stage in PIPELINE.build(workload)}


@pytest.fixture(scope="module")
def stages():
    return stages_of(PIPELINE.defaults)


def test_order_and_repeats(stages):
    assert [(stage.name, stage.repeats) for stage in stages.values()] == [
        ("text_encoder", 1),
        ("prior", 64),
        ("decoder", 250),
        ("interpolation", 5 * 250),
        ("super_resolution_256", 27),
        ("super_resolution_768", 15 * 76),
    ]
    karlo = find_pipeline("make-a-video-karlo")
    assert [stage.repeats for stage in karlo.build(karlo.defaults)] == [1, 25, 50, 5 * 50, 7, 7 * 76]


@pytest.mark.parametrize("component", sorted(PIPELINE.parameters.keys() - PIPELINE.differing))
def test_parameters(stages, parameter_count, component):
    tolerance = 0.10 if component in PIPELINE.rounded else 0.01
    assert parameter_count(stages[component]) == pytest.approx(PIPELINE.parameters[component], rel=tolerance)


def test_shapes_at_the_defaults(stages, measure):
    assert measure(stages["text_encoder"]).shape == (2, 768)
    assert measure(stages["prior"]).shape == (2, 768)
    assert measure(stages["decoder"]).shape == (2, 3, 16, 64, 64)
    assert measure(stages["interpolation"]).shape == (2, 3, 16, 64, 64)
    assert measure(stages["super_resolution_256"]).shape == (1, 3, 76, 256, 256)
    assert measure(stages["super_resolution_768"]).shape == (1, 3, 768, 768)


def test_settings_are_respected_and_guidance_doubles_the_guided_networks_alone(measure):
    guided, unguided = stages_of(SMALL), stages_of(replace(SMALL, batch=3, guidance_scale=1.0))
    assert measure(unguided["decoder"]).shape == (3, 3, 2, 8, 16)
    assert measure(unguided["interpolation"]).shape == (3, 3, 2, 8, 16)
    assert measure(unguided["super_resolution_256"]).shape == (3, 3, 6, 32, 64)
    assert measure(unguided["super_resolution_768"]).shape == (3, 3, 96, 192)
    assert (unguided["decoder"].repeats, unguided["interpolation"].repeats) == (3, 5 * 3)
    assert unguided["super_resolution_768"].repeats == 15 * 6
    for name in ("text_encoder", "prior", "decoder", "interpolation"):
        assert 3 * measure(guided[name]).flops == 2 * measure(unguided[name]).flops
    for name in ("super_resolution_256", "super_resolution_768"):
        assert 3 * measure(guided[name]).flops == measure(unguided[name]).flops


def test_decoder_attends_at_22_sites_in_space_and_time(stages):
    paths = [path for path, _ in stages["decoder"].module.named_modules()]
    assert sum(path.endswith("attention.spatial") for path in paths) == 22
    assert sum(path.endswith("temporal.attention") for path in paths) == 22
