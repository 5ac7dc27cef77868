from __future__ import annotations

from dataclasses import replace

import pytest

from tracer.workloads.wan import PIPELINES

pytestmark = pytest.mark.torch

PICTURED = next(p for p in PIPELINES if p.name == "wan2.2-i2v-a14b")


@pytest.mark.parametrize("frames", [1, 13])
def test_frames_in_turn_are_the_work_of_the_whole_encoder(frames, measure):
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    settings = replace(PICTURED.defaults, height=64, width=64, num_frames=frames, num_inference_steps=1)
    stages = [s for s in PICTURED.build(settings) if s.name.startswith("vae_encoder")]
    assert [s.name for s in stages] == ["vae_encoder_first", "vae_encoder_second", "vae_encoder"][: len(stages)]
    video = torch.empty((1, 3, frames, 64, 64), device="meta")
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        whole = stages[0].module.encoder(video[:, :, :1])
        assert whole.shape == (1, 32, 1, 8, 8)
        first = counter.get_total_flops()
        latents = stages[0].module.encode(video).latent_dist.mean
    assert latents.shape == (1, 16, (frames - 1) // 4 + 1, 8, 8)
    mixing = 2 * 32 * 32 * (latents.shape[2] * 8 * 8)  # quant_conv, once over all frames
    assert sum(s.repeats * measure(s).flops for s in stages) == counter.get_total_flops() - first - mixing
