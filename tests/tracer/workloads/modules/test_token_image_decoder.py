from __future__ import annotations

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

from diffusers.models.resnet import ResnetBlock2D  # noqa: E402

from tracer.workloads.modules.token_image_decoder import TokenImageDecoder  # noqa: E402


def test_three_doublings_and_blocks_without_attention():
    with torch.device("meta"):
        decoder = TokenImageDecoder(codebook=10, code_width=8, level_channels=(32, 32, 64, 64), num_res_blocks=3)
        assert decoder(torch.empty(2, 4, 6, dtype=torch.int64)).shape == (2, 3, 32, 48)
    # Two in the middle, three at each of four levels.
    assert sum(isinstance(m, ResnetBlock2D) for m in decoder.modules()) == 2 + 3 * 4
    assert not [m for m in decoder.modules() if type(m).__name__ == "Attention"]
