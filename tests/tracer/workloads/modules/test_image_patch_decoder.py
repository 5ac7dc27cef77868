from __future__ import annotations

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

from tracer.workloads.modules.image_patch_decoder import ImagePatchDecoder  # noqa: E402


def test_flops_by_hand(count_flops):
    with torch.device("meta"):
        decoder = ImagePatchDecoder(
            codebook=9, code_width=4, width=16, hidden=64, num_layers=2, num_heads=2, grid=(2, 3), patch=8
        )
        tokens = torch.empty(5, 6, dtype=torch.int64)
    assert decoder(tokens).shape == (5, 3, 16, 24)
    count, width = 5 * 6, 16
    layer = 2 * 12 * width * width * count + 4 * count * 6 * width
    assert count_flops(decoder, tokens) == 2 * layer + 2 * count * (4 * width + width * 3 * 8 * 8)
