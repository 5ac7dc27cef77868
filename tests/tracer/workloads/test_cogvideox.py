from __future__ import annotations

from dataclasses import replace

import pytest

from tracer.workloads.cogvideox import PIPELINES

pytestmark = pytest.mark.torch

SMALL, LARGE, NEWER = PIPELINES


@pytest.fixture(scope="module", params=(SMALL, LARGE), ids=lambda pipeline: pipeline.name)
def built(request):
    return request.param, {stage.name: stage for stage in request.param.build(request.param.defaults)}


def test_parameters_match_the_checkpoints(built, parameter_count):
    pipeline, stages = built
    for stage in stages.values():
        assert parameter_count(stage) == pytest.approx(pipeline.parameters[stage.component], rel=0.01)


def test_latents_are_decoded_by_two_after_the_first_three(built, measure):
    _, stages = built
    assert [(s.name, s.repeats) for s in stages.values()] == [
        ("text_encoder", 2),
        ("transformer", 50),
        ("vae_decoder_first", 1),
        ("vae_decoder", 5),
        ("vae_join", 1),
    ]
    assert measure(stages["vae_decoder_first"]).shape == (1, 3, 9, 480, 720)
    assert measure(stages["vae_decoder"]).shape == (1, 3, 8, 480, 720)
    assert measure(stages["vae_join"]).shape == (1, 3, 49, 480, 720)


@pytest.mark.parametrize(("pipeline", "width"), [(SMALL, 30 * 64), (LARGE, 48 * 64)], ids=["2b", "5b"])
def test_block_is_joint_attention_and_a_feed_forward(pipeline, width, measure):
    found = measure(pipeline.build(pipeline.defaults)[1])
    assert found.shape == (2, 13, 16, 60, 90)
    length = 13 * 30 * 45 + 226
    tokens = 2 * length
    attention = 4 * 2 * tokens * width * width + 2 * 2 * tokens * length * width
    feed_forward = 2 * 2 * tokens * width * (4 * width)
    modulation = 2 * (2 * 2 * 512 * 6 * width)
    block = found.flops_by_module["CogVideoXTransformer3DModel.transformer_blocks.0"]
    assert block == attention + feed_forward + modulation


def test_patches_of_1_5_take_two_latent_frames_of_which_one_may_be_added(measure):
    stages = {s.name: s for s in NEWER.build(replace(NEWER.defaults, height=64, width=96, num_frames=17))}
    found = measure(stages["transformer"])
    assert found.shape == (2, 6, 16, 8, 12)  # five latent frames and one that fills the last patch
    width, length = 48 * 64, 3 * 4 * 6 + 226
    assert found.flops_by_module["CogVideoXTransformer3DModel.transformer_blocks.0.attn1"] == (
        2 * 2 * 4 * length * width**2 + 2 * 4 * length**2 * width
    )
    assert measure(stages["vae_join"]).shape == (1, 3, 17, 64, 96)


def test_the_stages_of_the_decoder_do_the_work_of_the_whole(measure):
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    stages = {s.name: s for s in SMALL.build(replace(SMALL.defaults, height=64, width=64))}
    vae = stages["vae_decoder"].module
    latents = torch.empty((1, 16, 13, 8, 8), dtype=vae.dtype, device="meta")
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        whole = vae.decode(latents).sample
    assert whole.shape == (1, 3, 49, 64, 64)
    parts = measure(stages["vae_decoder_first"]).flops + 5 * measure(stages["vae_decoder"]).flops
    assert parts == counter.get_total_flops()


@pytest.mark.parametrize(
    ("frames", "names"),
    [
        (1, ["vae_decoder_first", "vae_join"]),
        (9, ["vae_decoder_first", "vae_join"]),
        (17, ["vae_decoder_first", "vae_decoder", "vae_join"]),
    ],
)
def test_short_videos(frames, names, measure):
    stages = SMALL.build(replace(SMALL.defaults, height=64, width=64, num_frames=frames))[2:]
    assert [s.name for s in stages] == names
    assert measure(stages[-1]).shape == (1, 3, frames, 64, 64)
