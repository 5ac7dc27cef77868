from __future__ import annotations

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

from tracer.workloads.modules.pixel_unet import ImageAttention, ImageLayers, PixelUNet, PixelUNetConfig, ResidualBlock  # noqa: E402

SMALL = PixelUNetConfig(
    in_channels=3,
    model_channels=32,
    channel_mult=(1, 2),
    num_res_blocks=1,
    attention_levels=(1,),
    head_channels=32,
    context_width=16,
)


def test_residual_block_by_hand(count_flops):
    with torch.device("meta"):
        block = ResidualBlock(32, 64, embedding_width=128, layers=ImageLayers())
        x, embedding = torch.empty(2, 32, 8, 8), torch.empty(2, 128)
    convolutions = 2 * (2 * 8 * 8) * (9 * 32 * 64 + 9 * 64 * 64 + 32 * 64)
    assert count_flops(block, x, embedding) == convolutions + 2 * 2 * 128 * (2 * 64)


def test_resampling_happens_before_the_first_convolution(count_flops):
    def cost(resample, side):
        with torch.device("meta"):
            block = ResidualBlock(32, 32, embedding_width=8, layers=ImageLayers(), resample=resample)
            inputs = torch.empty(1, 32, side, side), torch.empty(1, 8)
        assert block(*inputs).shape[-1] == 8
        return count_flops(block, *inputs)

    down, up = torch.nn.AvgPool2d(2), torch.nn.Upsample(scale_factor=2)
    assert cost(down, 16) == cost(up, 4) == cost(None, 8)


def test_context_joins_keys_and_values(count_flops):
    with torch.device("meta"):
        attention = ImageAttention(64, head_channels=32, context_width=16)
        x, context = torch.empty(2, 64, 4, 4), torch.empty(2, 7, 16)
    projections = 2 * 2 * 16 * 4 * 64 * 64 + 2 * 2 * 7 * 16 * (2 * 64)
    scores = 2 * 2 * 2 * 16 * (16 + 7) * 64
    assert count_flops(attention, x, context) == projections + scores


def test_attention_agrees_with_torch_multi_head_attention():
    """Values, without context, against torch.nn.MultiheadAttention with the same weights."""
    torch.manual_seed(0)
    ours = ImageAttention(64, head_channels=16).double()
    theirs = torch.nn.MultiheadAttention(64, 4, batch_first=True).double()
    theirs.in_proj_weight.data, theirs.in_proj_bias.data = (
        ours.query_key_value.weight.data,
        ours.query_key_value.bias.data,
    )
    theirs.out_proj.load_state_dict(ours.out.state_dict())
    x = torch.randn(2, 64, 3, 5, dtype=torch.float64)
    tokens = ours.norm(x).flatten(2).transpose(1, 2)
    expected = x + theirs(tokens, tokens, tokens)[0].transpose(1, 2).reshape(x.shape)
    torch.testing.assert_close(ours(x), expected)


def test_sites_and_shape():
    """One residual block per level down, two up; attention at the lower level and in the middle."""
    with torch.device("meta"):
        unet = PixelUNet(SMALL, layers=ImageLayers())
        out = unet(torch.empty(2, 3, 8, 16), torch.empty(2, 128), torch.empty(2, 5, 16))
    assert out.shape == (2, 3, 8, 16)
    assert sum(isinstance(m, ImageAttention) for m in unet.modules()) == 1 + 1 + 2
    # Blocks: 2 down, 1 downsampling, 2 in the middle, 4 up, 1 upsampling.
    assert sum(isinstance(m, ResidualBlock) for m in unet.modules()) == 10


def test_without_attention_levels_there_is_none_in_the_middle():
    config = PixelUNetConfig(in_channels=6, model_channels=32, channel_mult=(1, 1), num_res_blocks=1)
    with torch.device("meta"):
        unet = PixelUNet(config, layers=ImageLayers())
        out = unet(torch.empty(1, 6, 4, 4), torch.empty(1, 128))
    assert out.shape == (1, 3, 4, 4)
    assert not any(isinstance(m, ImageAttention) for m in unet.modules())
