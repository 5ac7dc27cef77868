from __future__ import annotations

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

from tracer.workloads.modules.pixel_unet import ImageLayers, PixelUNetConfig  # noqa: E402
from tracer.workloads.modules.video_cascade import (  # noqa: E402
    ImageEmbeddingPrior,
    Upsampler,
    VideoDecoder,
    VideoUpsampler,
    frames_to_images,
    images_to_frames,
)

NETWORK = {"model_channels": 32, "channel_mult": (1, 2), "num_res_blocks": 1}


def integers(*shape):
    return torch.empty(shape, dtype=torch.int64, device="meta")


def test_frames_to_images_and_back():
    video = torch.randn(2, 3, 4, 5, 6)
    images = frames_to_images(video)
    assert torch.equal(images[4 + 1], video[1, :, 1])
    assert torch.equal(images_to_frames(images, num_frames=4), video)


def test_prior_by_hand(count_flops):
    """Six tokens, then text embedding, time, image embedding and query: ten positions."""
    width, clip = 2 * 64, 24
    with torch.device("meta"):
        prior = ImageEmbeddingPrior(vocabulary=100, prompt_length=6, clip_width=clip, num_layers=3, num_heads=2)
        noisy = torch.empty(2, clip)
    mask = torch.ones(2, 6, dtype=torch.bool, device="meta")
    inputs = (noisy, integers(), noisy, integers(2, 6), mask)
    assert prior(*inputs).shape == (2, clip)
    layer = 2 * 12 * width * width * 20 + 4 * 10 * 10 * width * 2
    ends = 2 * 2 * (3 * clip * width + 2 * width * width)
    assert count_flops(prior, *inputs) == 3 * layer + ends
    assert prior.tokens.weight.numel() == 100 * width


def test_decoder_takes_extra_channels_and_gives_three():
    config = PixelUNetConfig(in_channels=7, attention_levels=(1,), context_width=16, **NETWORK)
    with torch.device("meta"):
        decoder = VideoDecoder(config, num_frames=5, clip_width=24)
        out = decoder(torch.empty(2, 7, 5, 8, 8), integers(2), integers(2), torch.empty(2, 24))
    assert out.shape == (2, 3, 5, 8, 8)


def test_decoder_needs_a_context_width():
    with pytest.raises(ValueError, match="context width"):
        VideoDecoder(PixelUNetConfig(in_channels=3, **NETWORK), num_frames=2, clip_width=8)


def test_upsamplers():
    config = PixelUNetConfig(in_channels=6, **NETWORK)
    with torch.device("meta"):
        image, video = Upsampler(config, layers=ImageLayers()), VideoUpsampler(config, num_frames=3)
        assert image(torch.empty(2, 3, 16, 8), torch.empty(2, 3, 4, 2), integers(2)).shape == (2, 3, 16, 8)
        frames = video(torch.empty(2, 3, 3, 16, 8), torch.empty(2, 3, 3, 4, 2), integers(2))
    assert frames.shape == (2, 3, 3, 16, 8)
