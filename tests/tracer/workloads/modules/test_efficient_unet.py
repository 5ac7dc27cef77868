from __future__ import annotations

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

from tracer.workloads.modules.efficient_unet import (  # noqa: E402
    EfficientUNet,
    EfficientUNetConfig,
    PixelsToText,
    PixelsToTextAndPixels,
)


def config(attention):
    return EfficientUNetConfig(
        channels=(32, 64),
        num_res_blocks=(1, 2),
        attention=attention,
        text_width=24,
        context_width=16,
    )


def integers(*shape):
    return torch.empty(shape, dtype=torch.int64, device="meta")


@pytest.mark.parametrize("attention", [PixelsToText, PixelsToTextAndPixels])
def test_flops_by_hand(count_flops, attention):
    with torch.device("meta"):
        network = EfficientUNet(config(attention))
        inputs = torch.empty(1, 3, 16, 16), torch.empty(1, 3, 4, 4), integers(1), integers(1)
        text = torch.empty(1, 5, 24)
    assert network(*inputs, text).shape == (1, 3, 16, 16)
    full, half, quarter = 16 * 16, 8 * 8, 4 * 4
    convolutions = full * (9 * 6 * 32 + 9 * 32 * 3)
    convolutions += half * 9 * 32 * 32 + quarter * 9 * 32 * 64  # strided, to the channels of their block
    convolutions += half * 9 * 32 * 32 + quarter * 9 * 64 * 32  # transposed, counted at their input
    convolutions += half * 2 * (19 * 32 * 32)  # first level, down and up: two of 3x3 and a skip of 1x1
    convolutions += quarter * 4 * (19 * 64 * 64)
    hidden, keys = 128, 5 if attention is PixelsToText else 5 + quarter
    projections = quarter * 2 * 64 * hidden + 5 * 16 * 2 * hidden
    projections += quarter * 64 * 2 * hidden if attention is PixelsToTextAndPixels else 0
    attentions = 2 * (projections + 2 * quarter * keys * hidden)
    width = 128
    conditioning = 2 * (32 * width + width * width) + width * (2 * (2 * 32) + 4 * (2 * 64))
    conditioning += 5 * 24 * 16 + 5 * 24 + 5 * 24 + 24 * width + width * width
    expected = 2 * (convolutions + attentions + conditioning)
    assert count_flops(network, *inputs, text) == expected


def test_strides_halve_and_transposed_convolutions_double():
    with torch.device("meta"):
        network = EfficientUNet(config(PixelsToText))
        x = torch.empty(1, 32, 10, 6)
        assert network.strided[0](x).shape == (1, 32, 5, 3)
        assert network.transposed[0](x).shape == (1, 32, 20, 12)
