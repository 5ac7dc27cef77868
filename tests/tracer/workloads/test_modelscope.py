from __future__ import annotations

import pytest

from tracer.workloads.modelscope import PIPELINES

pytestmark = pytest.mark.torch

PIPELINE = PIPELINES[0]


@pytest.fixture(scope="module")
def stages():
    return {stage.name: stage for stage in PIPELINE.build(PIPELINE.defaults)}


def test_parameters_match_the_checkpoints(stages, parameter_count):
    for stage in stages.values():
        assert parameter_count(stage) == pytest.approx(PIPELINE.parameters[stage.component], rel=0.01)


def test_shapes_and_repeats(stages, measure):
    assert [(s.name, s.repeats) for s in stages.values()] == [
        ("text_encoder", 2),
        ("unet", 25),
        ("vae_decoder", 1),
    ]
    assert measure(stages["text_encoder"]).shape == (1, 77, 1024)
    assert measure(stages["vae_decoder"]).shape == (16, 3, 256, 256)


def test_temporal_convolutions_are_four_of_three_frames(stages, measure):
    found = measure(stages["unet"])
    assert found.shape == (2, 4, 16, 32, 32)
    positions, channels = 2 * 16 * 32 * 32, 320
    expected = 4 * 2 * positions * 3 * channels * channels
    assert found.flops_by_module["UNet3DConditionModel.down_blocks.0.temp_convs.0"] == expected
