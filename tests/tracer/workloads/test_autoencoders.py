from __future__ import annotations

import pytest

from tracer.workloads.autoencoders import decoder_stage, vae_4_channels, vae_16_channels

pytestmark = pytest.mark.torch


@pytest.mark.parametrize(
    ("make", "channels", "published"),
    [(vae_4_channels, 4, 83_653_863), (vae_16_channels, 16, 83_819_683)],
)
def test_decoder(measure, parameter_count, make, channels, published):
    stage = decoder_stage(make("float16"), (2, channels, 24, 32), dtype="float16")
    assert parameter_count(stage) == published
    assert (stage.name, stage.component, stage.repeats) == ("vae_decoder", "vae", 1)
    found = measure(stage)
    assert found.shape == (2, 3, 192, 256)
    last = 2 * 2 * 192 * 256 * (9 * 128) * 3
    assert found.flops_by_module["Decoder.conv_out"] == last
    tokens = 24 * 32
    attention = 2 * (2 * 4 * tokens * 512**2 + 4 * tokens**2 * 512)
    assert found.flops_by_module["Decoder.mid_block.attentions.0"] == attention
