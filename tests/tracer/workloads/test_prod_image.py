from __future__ import annotations

from dataclasses import replace

import pytest

from tracer.workloads.prod_image import PIPELINES

PIPELINE = PIPELINES[0]


def stages_of(workload):
    return {stage.name: stage for stage in PIPELINE.build(workload)}


def test_it_says_that_it_is_a_stand_in():
    assert "stand-in" in PIPELINE.title
    assert PIPELINE.choices[0].startswith("A STAND-IN")
    assert "unet" not in PIPELINE.parameters


@pytest.mark.torch
def test_parameters_shapes_and_repeats(measure, parameter_count):
    stages = stages_of(PIPELINE.defaults)
    for name, component in (("text_encoder", "text_encoder"), ("vae_decoder", "vae")):
        assert parameter_count(stages[name]) == PIPELINE.parameters[component]
    assert {name: stage.repeats for name, stage in stages.items()} == {
        "text_encoder": 2,
        "unet": 50,
        "vae_decoder": 1,
    }
    assert measure(stages["unet"]).shape == (2, 4, 64, 64)
    assert measure(stages["vae_decoder"]).shape == (1, 3, 512, 512)


@pytest.mark.torch
def test_the_highest_resolution_is_the_only_difference_to_stable_diffusion(measure, parameter_count):
    """Five transformers of 320 channels over 64 x 64 latents go; what is left is Stable Diffusion's U-Net."""
    from tracer.workloads.stable_diffusion import PIPELINES as STABLE_DIFFUSION

    ours = stages_of(PIPELINE.defaults)["unet"]
    theirs = {s.name: s for s in STABLE_DIFFUSION[0].build(PIPELINE.defaults)}["unet"]
    transformers = [m for m in theirs.module.modules() if type(m).__name__ == "Transformer2DModel"]
    gone = [m for m in transformers if m.in_channels == 320]
    assert len(gone) == 5
    missing = sum(p.numel() for m in gone for p in m.parameters())
    assert parameter_count(theirs) - parameter_count(ours) == missing
    assert measure(ours).flops < measure(theirs).flops


@pytest.mark.torch
def test_settings_are_respected(measure):
    small = replace(PIPELINE.defaults, height=64, width=128, batch=3, num_inference_steps=2, guidance_scale=1.0)
    stages = stages_of(small)
    assert (stages["unet"].repeats, stages["text_encoder"].repeats) == (2, 1)
    assert measure(stages["unet"]).shape == (3, 4, 8, 16)
    guided = stages_of(replace(small, guidance_scale=7.5))
    assert measure(guided["unet"]).flops == 2 * measure(stages["unet"]).flops
