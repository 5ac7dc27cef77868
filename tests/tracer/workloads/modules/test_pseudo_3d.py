from __future__ import annotations

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

from tracer.workloads.modules.pixel_unet import PixelUNetConfig  # noqa: E402
from tracer.workloads.modules.pseudo_3d import Pseudo3dAttention, Pseudo3dConvolution, TemporalAttention, VideoLayers  # noqa: E402


def test_convolution_by_hand(count_flops):
    frames, channels_in, channels_out, height, width = 5, 3, 7, 4, 6
    with torch.device("meta"):
        layer = Pseudo3dConvolution(channels_in, channels_out, num_frames=frames)
        x = torch.empty(2 * frames, channels_in, height, width)
    pixels = 2 * frames * height * width
    spatial = 2 * 9 * channels_in * channels_out * pixels
    temporal = 2 * 3 * channels_out * channels_out * pixels
    assert count_flops(layer, x) == spatial + temporal
    assert layer(x).shape == (2 * frames, channels_out, height, width)


def test_convolution_is_a_separable_3d_convolution():
    """Values against two torch Conv3d of kernels (1, 3, 3) and (3, 1, 1)."""
    torch.manual_seed(0)
    frames, layer = 4, Pseudo3dConvolution(2, 3, num_frames=4).double()
    video = torch.randn(2, 2, frames, 5, 6, dtype=torch.float64)
    hidden = torch.nn.functional.conv3d(video, layer.spatial.weight[:, :, None], layer.spatial.bias, padding=(0, 1, 1))
    weight = layer.temporal.weight[..., None, None]
    expected = torch.nn.functional.conv3d(hidden, weight, layer.temporal.bias, padding=(1, 0, 0))
    images = layer(video.transpose(1, 2).flatten(0, 1))
    torch.testing.assert_close(images.unflatten(0, (2, frames)).transpose(1, 2), expected)


@pytest.mark.parametrize("videos", [1, 2])
def test_the_temporal_convolution_copies_there_and_back(videos):
    """Whatever the batch, as torch's profiler sees it."""
    layer, x = Pseudo3dConvolution(8, 8, num_frames=3), torch.randn(3 * videos, 8, 2, 2)
    with torch.no_grad(), torch.profiler.profile() as profile:
        layer(x)
    assert sum(event.name == "aten::clone" for event in profile.events()) == 2


def test_temporal_attention_by_hand(count_flops):
    """Projections are linear in the frames, scores quadratic; pixels are batch."""
    frames, channels, pixels = 5, 64, 3 * 4
    with torch.device("meta"):
        layer = TemporalAttention(channels, num_heads=2, num_frames=frames)
        x = torch.empty(2 * frames, channels, 3, 4)
    projections = 2 * 4 * channels * channels * (2 * frames * pixels)
    scores = 4 * channels * frames * frames * (2 * pixels)
    assert count_flops(layer, x) == projections + scores


def test_temporal_attention_mixes_frames_and_not_pixels():
    torch.manual_seed(0)
    layer = TemporalAttention(8, num_heads=2, num_frames=3).double()
    x = torch.randn(3, 8, 2, 2, dtype=torch.float64)
    changed = x.clone()
    changed[0, :, 0, 0] += torch.randn(8)
    differs = (layer(changed) - layer(x)).abs().sum(dim=1) > 1e-9
    assert differs[:, 0, 0].all()
    assert differs.sum() == 3


@pytest.mark.parametrize(("side", "frames"), [(4, 16), (8, 16), (4, 4)])
def test_scores_of_spatial_over_temporal_attention_are_pixels_over_frames(count_flops, side, frames):
    config = PixelUNetConfig(in_channels=3, model_channels=64, channel_mult=(1,), num_res_blocks=1)
    with torch.device("meta"):
        layer = Pseudo3dAttention(64, config=config, num_frames=frames)
        x = torch.empty(frames, 64, side, side)
    projections = 2 * 4 * 64 * 64 * frames * side * side
    spatial = count_flops(layer.spatial, x) - projections
    temporal = count_flops(layer.temporal, x) - projections
    assert spatial * frames == temporal * side * side


def test_layers_of_a_video_network():
    layers = VideoLayers(num_frames=3)
    config = PixelUNetConfig(in_channels=3, model_channels=64, channel_mult=(1,), num_res_blocks=1)
    with torch.device("meta"):
        assert layers.convolution(3, 8)(torch.empty(6, 3, 4, 4)).shape == (6, 8, 4, 4)
        assert layers.attention(64, config=config)(torch.empty(6, 64, 2, 2)).shape == (6, 64, 2, 2)
