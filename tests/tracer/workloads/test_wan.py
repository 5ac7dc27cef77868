from __future__ import annotations

from dataclasses import replace

import pytest

from tracer.workloads.wan import PIPELINES

pytestmark = pytest.mark.torch

SMALL, LARGE, EXPERTS, PICTURED, _, _, TI2V = PIPELINES
WIDTH, HIDDEN, LENGTH, PROMPT = 12 * 128, 8960, 21 * 30 * 52, 512


@pytest.fixture(scope="module", params=(SMALL, LARGE, EXPERTS), ids=lambda pipeline: pipeline.name)
def built(request):
    return request.param, {stage.name: stage for stage in request.param.build(request.param.defaults)}


def test_parameters_match_the_checkpoints(built, parameter_count):
    pipeline, stages = built
    assert set(pipeline.parameters) == {stage.component for stage in stages.values()}
    for stage in stages.values():
        assert parameter_count(stage) == pytest.approx(pipeline.parameters[stage.component], rel=0.01)


def test_the_5b_model_gives_every_token_a_time_and_decodes_squares_of_pixels(measure):
    stages = {s.name: s for s in TI2V.build(replace(TI2V.defaults, height=64, width=96, num_frames=9))}
    given = stages["transformer"].run(lambda **given: given, 0)
    assert given["hidden_states"].shape == (1, 48, 3, 4, 6)
    assert given["timestep"].shape == (1, 3 * 2 * 3)
    assert measure(stages["vae_decoder"]).shape == (1, 12, 9, 32, 48)
    assert measure(stages["vae_clamp"]).shape == (1, 3, 9, 64, 96)


def test_image_to_video_takes_the_latents_and_the_embedding_of_a_picture():
    stages = {s.name: s for s in PICTURED.build(replace(PICTURED.defaults, height=64, width=96, num_frames=9))}
    given = stages["transformer"].run(lambda **given: given, 0)
    assert given["hidden_states"].shape == (1, 36, 3, 8, 12)
    assert given["encoder_hidden_states_image"].shape == (1, 257, 1280)
    assert [name for name in stages if "encoder" in name] == [
        "text_encoder",
        "image_encoder",
        "vae_encoder_first",
        "vae_encoder_second",
        "vae_encoder",
    ]


def test_guidance_runs_the_transformer_twice_a_step():
    assert [s.repeats for s in SMALL.build(SMALL.defaults)[:2]] == [2, 100]
    assert [s.repeats for s in SMALL.build(replace(SMALL.defaults, guidance_scale=1.0))[:2]] == [1, 50]


def test_two_transformers_share_the_steps():
    stages = {s.name: s for s in EXPERTS.build(EXPERTS.defaults)}
    assert stages["transformer"].module is not stages["transformer_2"].module
    # Shifted by 3, a share s of the steps is at 3 s / (1 + 2 s) of the noise: 0.875 where s is 0.7.
    assert (stages["transformer"].repeats, stages["transformer_2"].repeats) == (2 * 13, 2 * 27)


def test_one_step_needs_the_first_transformer_alone():
    names = [s.name for s in EXPERTS.build(replace(EXPERTS.defaults, num_inference_steps=1))]
    assert "transformer" in names
    assert "transformer_2" not in names


def test_block_attends_to_the_video_and_to_the_prompt(measure):
    found = measure(SMALL.build(SMALL.defaults)[1])
    assert found.shape == (1, 16, 21, 60, 104)
    square = 2 * LENGTH * WIDTH * WIDTH
    attention = 4 * square + 2 * 2 * LENGTH * LENGTH * WIDTH
    cross = 2 * square + 2 * 2 * PROMPT * WIDTH * WIDTH + 2 * 2 * LENGTH * PROMPT * WIDTH
    feed_forward = 2 * 2 * LENGTH * WIDTH * HIDDEN
    assert found.flops_by_module["WanTransformer3DModel.blocks.0"] == attention + cross + feed_forward


def test_norms_stay_in_single_precision():
    transformer = SMALL.build(SMALL.defaults)[1].module
    assert str(transformer.blocks[0].norm2.weight.dtype) == "torch.float32"
    assert str(transformer.blocks[0].attn1.to_q.weight.dtype) == "torch.bfloat16"


@pytest.mark.parametrize(
    ("frames", "names"),
    [
        (1, ["vae_decoder_first", "vae_clamp"]),
        (5, ["vae_decoder_first", "vae_decoder_second", "vae_clamp"]),
        (13, ["vae_decoder_first", "vae_decoder_second", "vae_decoder", "vae_clamp"]),
    ],
)
def test_frame_by_frame_is_the_work_of_the_whole_decoder(frames, names, measure):
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    stages = SMALL.build(replace(SMALL.defaults, height=64, width=64, num_frames=frames))[2:]
    assert [s.name for s in stages] == names
    latents = torch.empty((1, 16, (frames - 1) // 4 + 1, 8, 8), device="meta")
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        whole = stages[0].module.decode(latents).sample
    assert sum(s.repeats * measure(s).flops for s in stages) == counter.get_total_flops()
    assert measure(stages[-1]).shape == tuple(whole.shape) == (1, 3, frames, 64, 64)


def test_the_video_grows_by_four_frames_in_every_pass(measure):
    stages = {s.name: s for s in SMALL.build(SMALL.defaults)}
    assert measure(stages["vae_decoder_second"]).shape == (1, 3, 5, 480, 832)
    decoder = stages["vae_decoder"]
    assert decoder.grows
    assert measure(decoder).shape == (1, 3, 9, 480, 832)
    assert measure(decoder, decoder.repeats - 1).shape == (1, 3, 81, 480, 832)
