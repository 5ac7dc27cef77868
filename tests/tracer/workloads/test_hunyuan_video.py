from __future__ import annotations

from dataclasses import replace

import pytest

from tracer.workloads.hunyuan_video import PIPELINES

pytestmark = pytest.mark.torch

PIPELINE = PIPELINES[0]
VIDEO, PROMPT, WIDTH = 33 * 45 * 80, 256, 24 * 128


@pytest.fixture(scope="module")
def stages():
    return {stage.name: stage for stage in PIPELINE.build(PIPELINE.defaults)}


@pytest.fixture(scope="module")
def denoised(stages, measure):
    return measure(stages["transformer"])


def test_parameters_match_the_checkpoints(stages, parameter_count):
    for stage in stages.values():
        assert parameter_count(stage) == pytest.approx(PIPELINE.parameters[stage.component], rel=0.01)


def test_guidance_is_an_input_and_doubles_nothing(stages, denoised):
    assert [(s.name, s.repeats) for s in stages.values()] == [
        ("text_encoder", 1),
        ("text_encoder_2", 1),
        ("transformer", 50),
        ("vae_decoder", 10),
        ("vae_decoder_3", 1),
        ("vae_blend", 1),
    ]
    assert denoised.shape == (1, 16, 33, 90, 160)


def test_two_stream_and_one_stream_blocks(denoised):
    length = VIDEO + PROMPT
    square = 2 * length * WIDTH * WIDTH
    attention = 2 * 2 * length * length * WIDTH
    two = 4 * square + attention + 2 * 4 * square + 2 * (2 * WIDTH * 6 * WIDTH)
    # Queries, keys, values, the feed-forward's first half, and both outputs in one projection.
    one = 3 * square + attention + 4 * square + 5 * square + 2 * WIDTH * 3 * WIDTH
    blocks = denoised.flops_by_module
    assert blocks["HunyuanVideoTransformer3DModel.transformer_blocks.0"] == two
    assert blocks["HunyuanVideoTransformer3DModel.single_transformer_blocks.0"] == one


def test_tiles_of_the_decoder_join_to_the_video(stages, measure):
    assert measure(stages["vae_decoder"]).shape == (1, 3, 17, 720, 1280)
    assert measure(stages["vae_decoder_3"]).shape == (1, 3, 9, 720, 1280)
    assert measure(stages["vae_blend"]).shape == (1, 3, 129, 720, 1280)


@pytest.mark.parametrize("frames", [1, 17, 33])
def test_tiles_do_the_work_of_the_whole_decoder(frames, measure):
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    workload = replace(PIPELINE.defaults, height=64, width=64, num_frames=frames)
    stages = PIPELINE.build(workload)[3:]
    vae = stages[0].module
    latents = torch.empty((1, 16, (frames - 1) // 4 + 1, 8, 8), dtype=torch.bfloat16, device="meta")
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        whole = vae.decode(latents).sample
    assert sum(s.repeats * measure(s).flops for s in stages) == counter.get_total_flops()
    assert measure(stages[-1]).shape == tuple(whole.shape) == (1, 3, frames, 64, 64)
