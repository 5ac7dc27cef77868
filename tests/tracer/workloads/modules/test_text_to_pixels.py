from __future__ import annotations

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

from tracer.workloads.modules.pixel_unet import PixelUNetConfig  # noqa: E402
from tracer.workloads.modules.text_to_pixels import TextToPixels  # noqa: E402

SIZES = {"in_channels": 3, "model_channels": 32, "channel_mult": (1, 2), "num_res_blocks": 1}


def test_shape():
    config = PixelUNetConfig(attention_levels=(1,), context_width=16, **SIZES)
    with torch.device("meta"):
        network = TextToPixels(config, text_width=24)
        timestep = torch.empty(2, dtype=torch.int64)
        out = network(torch.empty(2, 3, 8, 8), timestep, torch.empty(2, 5, 24))
    assert out.shape == (2, 3, 8, 8)


def test_a_context_width_is_needed():
    with pytest.raises(ValueError, match="context width"):
        TextToPixels(PixelUNetConfig(**SIZES), text_width=24)
