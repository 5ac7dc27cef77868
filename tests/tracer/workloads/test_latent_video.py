from __future__ import annotations

from dataclasses import replace

import pytest

from tracer.graph import GraphError, Workload
from tracer.workloads.latent_video import denoiser_stage, frame_decoder_stages, video_run

SETTINGS = Workload(height=64, width=64, num_frames=17, num_inference_steps=4, prompt_length=8)


def test_guidance_doubles_denoised_samples_and_prompts():
    run = video_run(replace(SETTINGS, batch=3))
    assert (run.denoised, run.prompts) == (3, 1)
    guided = video_run(replace(SETTINGS, batch=3, guidance_scale=2.0))
    assert (guided.denoised, guided.prompts) == (6, 2)


def test_causal_compression_keeps_the_first_frame_apart():
    assert video_run(SETTINGS).latent_frames(4) == 5
    assert video_run(SETTINGS).latent_frames(8) == 3


def test_a_missing_setting_is_named():
    with pytest.raises(GraphError, match="needs num_frames"):
        video_run(Workload(height=64, width=64, num_inference_steps=4, prompt_length=8))
    with pytest.raises(GraphError, match="needs prompt_length"):
        video_run(Workload(height=64, width=64, num_frames=4, num_inference_steps=4))
    run = video_run(Workload(height=64, width=64, num_frames=4, num_inference_steps=4), prompted=False)
    assert run.prompt_length == 0


@pytest.mark.torch
def test_denoiser_stage_makes_its_inputs_on_meta():
    seen = {}

    def module(**arguments):
        seen.update(arguments)

    stage = denoiser_stage(module, {"sample": ((2, 3), "bfloat16")}, repeats=7, scale=2)
    stage.run(stage.module, 0)
    assert (seen["sample"].shape, seen["sample"].device.type, stage.repeats) == ((2, 3), "meta", 7)
    assert (seen["scale"], seen["return_dict"]) == (2, False)
    assert str(seen["sample"].dtype) == "torch.bfloat16"


@pytest.mark.torch
@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        (32, [("vae_decoder", 2, 16)]),
        (20, [("vae_decoder", 1, 16), ("vae_decoder_last", 1, 4)]),
        (5, [("vae_decoder_last", 1, 5)]),
    ],
)
def test_frames_are_decoded_in_chunks(frames, expected):
    stages = frame_decoder_stages(
        None, (frames, 4, 8, 8), chunk=16, dtype="float16", decode=lambda module, latents: latents.shape[0]
    )
    assert [(s.name, s.repeats, s.run(s.module, 0)) for s in stages] == expected
