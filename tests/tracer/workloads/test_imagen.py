from __future__ import annotations

from dataclasses import replace

import pytest

from tracer.workloads import find_pipeline
from tracer.workloads.imagen import PIPELINES

pytestmark = pytest.mark.torch

PIPELINE = PIPELINES[0]


def stages_of(workload):
    return {stage.name: stage for stage in PIPELINE.build(workload)}


@pytest.fixture(scope="module")
def stages():
    return stages_of(PIPELINE.defaults)


@pytest.mark.parametrize("component", sorted(PIPELINE.parameters.keys() - PIPELINE.differing))
def test_parameters(stages, parameter_count, component):
    assert parameter_count(stages[component]) == pytest.approx(PIPELINE.parameters[component], rel=0.10)


def test_shapes_and_repeats_at_the_defaults(stages, measure):
    assert {name: stage.repeats for name, stage in stages.items()} == {
        "text_encoder": 1,
        "base": 256,
        "super_resolution_256": 128,
        "super_resolution_1024": 32,
    }
    nemo = find_pipeline("imagen-nemo")
    assert [stage.repeats for stage in nemo.build(nemo.defaults)] == [1, 30, 20, 20]
    assert (nemo.defaults.dtype, nemo.channels_last) == ("float32", True)
    assert measure(stages["text_encoder"]).shape == (1, 128, 4096)
    assert measure(stages["base"]).shape == (2, 3, 64, 64)
    assert measure(stages["super_resolution_256"]).shape == (2, 3, 256, 256)
    assert measure(stages["super_resolution_1024"]).shape == (2, 3, 1024, 1024)


def test_base_takes_one_and_a_half_teraflop_per_sample(stages, measure):
    assert measure(stages["base"]).flops / 2 == pytest.approx(1.6e12, rel=0.06)


def test_settings_are_respected_and_guidance_doubles_every_network(measure):
    small = replace(PIPELINE.defaults, height=128, width=256, num_inference_steps=4, prompt_length=9)
    guided, unguided = stages_of(small), stages_of(replace(small, batch=3, guidance_scale=1.0))
    assert unguided["base"].repeats == 4
    assert measure(unguided["text_encoder"]).shape == (3, 9, 4096)
    assert measure(unguided["base"]).shape == (3, 3, 8, 16)
    assert measure(unguided["super_resolution_256"]).shape == (3, 3, 32, 64)
    assert measure(unguided["super_resolution_1024"]).shape == (3, 3, 128, 256)
    for name in ("base", "super_resolution_256", "super_resolution_1024"):
        assert 3 * measure(guided[name]).flops == 2 * measure(unguided[name]).flops
    assert 3 * measure(guided["text_encoder"]).flops == measure(unguided["text_encoder"]).flops


def test_attention_sites(stages):
    """Table F.1: 22 in the base network; figures A.28 and A.29: one on the way down and one up in the upsamplers."""
    names = {
        name: [type(module).__name__ for module in stages[name].module.modules()]
        for name in ("base", "super_resolution_256", "super_resolution_1024")
    }
    assert names["base"].count("ImageAttention") == 22
    assert names["super_resolution_256"].count("PixelsToTextAndPixels") == 2
    assert names["super_resolution_1024"].count("PixelsToText") == 2


def test_scores_of_the_upsamplers_by_hand(stages, measure):
    """At a sixteenth of the side: 256 pixels to 256 + 128 keys, and 4096 pixels to 128 keys, width 2048."""
    first, second = stages["super_resolution_256"], stages["super_resolution_1024"]
    sites = {
        "super_resolution_256": measure(first).flops_by_module["EfficientUNet.down.3.attention"],
        "super_resolution_1024": measure(second).flops_by_module["EfficientUNet.down.3.attention"],
    }
    text = 2 * (2 * 128) * 512 * (2 * 2048)
    into_and_out_of = 2 * 2 * 1024 * 2048
    fused = 256 * (into_and_out_of + 2 * 1024 * 2 * 2048) + 4 * 256 * (256 + 128) * 2048
    assert sites["super_resolution_256"] == 2 * fused + text
    assert sites["super_resolution_1024"] == 2 * (4096 * into_and_out_of + 4 * 4096 * 128 * 2048) + text
