from __future__ import annotations

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

from tracer.workloads.modules.cached_decoder import EncoderDecoder, EncoderDecoderConfig  # noqa: E402

CONFIG = EncoderDecoderConfig(
    encoder_layers=2,
    decoder_layers=2,
    width=16,
    hidden=32,
    num_heads=2,
    text_vocabulary=11,
    text_length=3,
    image_vocabulary=7,
    image_length=5,
)


def small_model():
    torch.manual_seed(0)
    model = EncoderDecoder(CONFIG).double()
    for embedding in (model.encoder.embedding, model.decoder.embedding):
        torch.nn.init.normal_(embedding.positions)
    return model


def uncached_logits(decoder, tokens, text):
    """All positions at once under a causal mask, without a cache: the reference."""
    x = decoder.embedding(tokens)
    heads, head_width = CONFIG.num_heads, CONFIG.width // CONFIG.num_heads

    def attend(query, key, value, *, is_causal):
        split = [t.unflatten(-1, (heads, head_width)).transpose(1, 2) for t in (query, key, value)]
        out = torch.nn.functional.scaled_dot_product_attention(*split, is_causal=is_causal)
        return out.transpose(1, 2).flatten(2)

    for layer in decoder.layers:
        projected = layer.attention.query_key_value(layer.attention_norm(x)).chunk(3, dim=-1)
        x = x + layer.attention.out(attend(*projected, is_causal=True))
        query = layer.cross.query(layer.cross_norm(x))
        key, value = layer.cross.key_value(text).chunk(2, dim=-1)
        x = x + layer.cross.out(attend(query, key, value, is_causal=False))
        x = x + layer.feed_forward(layer.feed_forward_norm(x))
    return decoder.head(x)


@torch.no_grad()
def test_decoding_with_the_cache_equals_one_pass_without():
    model = small_model()
    tokens = torch.randint(0, 8, (3, 5))
    text = model.encoder(torch.randint(0, 11, (3, 3)))
    texts = model.decoder.project_text(text)
    caches = [tuple(torch.full((3, 2, 5, 8), torch.nan).double() for _ in range(2)) for _ in range(2)]
    expected = uncached_logits(model.decoder, tokens, text)
    for position in range(5):
        logits = model.decoder(tokens[:, position : position + 1], caches, texts, position)
        torch.testing.assert_close(logits, expected[:, position])


def test_a_step_projects_one_token_and_reads_the_tokens_so_far(count_flops):
    with torch.device("meta"):
        model = EncoderDecoder(CONFIG)
        text = torch.empty(3, 3, 16)
        caches = [tuple(torch.empty(3, 2, 5, 8) for _ in range(2)) for _ in range(2)]
        token = torch.empty(3, 1, dtype=torch.int64)
        texts = model.decoder.project_text(text)
    assert count_flops(model.decoder.project_text, text) == 2 * 3 * 3 * 2 * 2 * 16 * 16
    for position in (0, 4):
        layer = 2 * (6 * 16 * 16 + 2 * 16 * 32) + 4 * (position + 1 + 3) * 16
        flops = count_flops(model.decoder, token, caches, texts, position)
        assert flops == 3 * (2 * layer + 2 * 16 * 7)


def test_encoder_by_hand(count_flops):
    with torch.device("meta"):
        encoder = EncoderDecoder(CONFIG).encoder
        tokens = torch.empty(2, 3, dtype=torch.int64)
    layer = 2 * (4 * 16 * 16 + 2 * 16 * 32) * 2 * 3 + 4 * 2 * 3 * 3 * 16
    assert count_flops(encoder, tokens) == 2 * layer
