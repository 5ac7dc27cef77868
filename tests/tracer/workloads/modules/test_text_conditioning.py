from __future__ import annotations

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

from tracer.workloads.modules.text_conditioning import AttentionPooling, TextConditioning  # noqa: E402


def test_pooling_is_a_weighted_mean():
    torch.manual_seed(0)
    pool, tokens = AttentionPooling(4), torch.randn(2, 3, 4)
    weights = torch.softmax(pool.score(tokens).squeeze(-1), dim=1)
    torch.testing.assert_close(pool(tokens), (weights[..., None] * tokens).sum(dim=1))
    same = torch.ones(2, 3, 4)
    torch.testing.assert_close(pool(same), torch.ones(2, 4))


def test_shapes():
    with torch.device("meta"):
        context, vector = TextConditioning(24, context_width=16, embedding_width=8)(torch.empty(2, 5, 24))
    assert (context.shape, vector.shape) == ((2, 5, 16), (2, 8))
