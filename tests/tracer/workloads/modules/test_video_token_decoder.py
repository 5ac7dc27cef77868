from __future__ import annotations

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

from tracer.workloads.modules.video_token_decoder import VideoTokenDecoder, VideoTokenDecoderConfig  # noqa: E402


def config(**changes):
    settings = {
        "codebook": 9,
        "width": 16,
        "hidden": 32,
        "num_heads": 2,
        "temporal_layers": 1,
        "spatial_layers": 2,
        "grid": (3, 2, 4),
        "patch": 4,
        "patch_frames": 2,
    }
    return VideoTokenDecoderConfig(**(settings | changes))


def test_flops_by_hand(count_flops):
    with torch.device("meta"):
        decoder = VideoTokenDecoder(config())
        tokens = torch.empty(2, 3, 2, 4, dtype=torch.int64)
    assert decoder(tokens).shape == (2, 3, 1 + 2 * 2, 8, 16)
    count, width = 2 * 3 * 2 * 4, 16
    dense = 2 * (4 * width * width + 2 * width * 32) * count
    temporal, spatial = 4 * count * 3 * width, 4 * count * 8 * width
    pixels = 2 * width * 3 * 4 * 4 * (2 * 8) * (1 + 2 * 2)
    assert count_flops(decoder, tokens) == 3 * dense + temporal + 2 * spatial + pixels


def test_time_is_causal_and_patches_land_where_their_tokens_are():
    torch.manual_seed(0)
    decoder = VideoTokenDecoder(config(spatial_layers=0)).double()
    for parameter in (decoder.temporal_positions, decoder.spatial_positions):
        torch.nn.init.normal_(parameter)
    tokens = torch.randint(0, 9, (1, 3, 2, 4))
    changed = tokens.clone()
    changed[0, 1, 1, 2] = (changed[0, 1, 1, 2] + 1) % 9
    differs = (decoder(tokens) - decoder(changed)).abs().amax(dim=(0, 1)) > 1e-12
    assert not differs[0].any()
    assert differs[1:, 4:8, 8:12].all()
    differs[1:, 4:8, 8:12] = False
    assert not differs.any()
