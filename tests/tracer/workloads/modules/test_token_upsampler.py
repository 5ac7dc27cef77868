from __future__ import annotations

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

from tracer.workloads.modules.token_upsampler import TokenUpsampler, TokenUpsamplerConfig  # noqa: E402


def test_shape_and_context():
    config = TokenUpsamplerConfig(
        low_grid=(2, 2),
        high_grid=(4, 4),
        block=2,
        low_codebook=7,
        high_codebook=9,
        low_layers=1,
        high_layers=2,
        width=16,
        hidden=32,
        num_heads=4,
        text_width=5,
    )
    with torch.device("meta"):
        model = TokenUpsampler(config)
        seen = []
        model.layers[0].cross.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[1].shape))
        tokens, low = (torch.empty(3, n, dtype=torch.int64) for n in (16, 4))
        assert model(tokens, model.context(low, torch.empty(3, 6, 5))).shape == (3, 16, 9)
    assert seen == [(3, 4 + 6, 16)]
