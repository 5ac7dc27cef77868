from __future__ import annotations

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

from tracer.workloads.modules.attention import SelfAttention  # noqa: E402
from tracer.workloads.modules.token_transformer import (  # noqa: E402
    ContextLayer,
    EncoderLayer,
    MaskedTokenTransformer,
    TokenEmbedding,
)


def test_flops_of_the_layers_by_hand(count_flops):
    batch, length, context, width = 2, 6, 9, 16
    square = 2 * width * width * batch
    with torch.device("meta"):
        encoder = EncoderLayer(width, hidden=4 * width, attention=SelfAttention(width, num_heads=2))
        decoder = ContextLayer(width, hidden=4 * width, num_heads=2, attention=SelfAttention(width, num_heads=2))
        tokens, text = torch.empty(batch, length, width), torch.empty(batch, context, width)
    alone = 12 * square * length + 4 * batch * length * length * width
    cross = 2 * square * (length + context) + 4 * batch * length * context * width
    assert count_flops(encoder, tokens) == alone
    assert count_flops(decoder, tokens, text) == alone + cross


def test_layers_are_residual():
    layer = EncoderLayer(8, hidden=16, attention=SelfAttention(8, num_heads=2))
    for parameter in layer.parameters():
        torch.nn.init.zeros_(parameter)
    tokens = torch.randn(1, 3, 8)
    assert torch.equal(layer(tokens), tokens)


def test_the_input_vocabulary_has_the_mask():
    with torch.device("meta"):
        model = MaskedTokenTransformer(
            codebook=10, length=6, width=16, hidden=32, num_layers=2, num_heads=2, text_width=5
        )
        tokens = torch.empty(3, 6, dtype=torch.int64)
        assert model(tokens, torch.empty(3, 4, 5)).shape == (3, 6, 10)
    assert model.embedding.tokens.num_embeddings == 11


def test_embedding_adds_positions():
    embedding = TokenEmbedding(4, length=2, width=3)
    torch.nn.init.ones_(embedding.positions)
    tokens = torch.tensor([[1, 3]])
    assert torch.equal(embedding(tokens), embedding.tokens(tokens) + 1)
