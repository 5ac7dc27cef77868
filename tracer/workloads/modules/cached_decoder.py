# ruff: noqa: D107 (what a module is built from is documented with its class)
"""Encoder and autoregressive decoder with a cache of keys and values: Parti (Yu et al., arXiv:2206.10789).

The cache has room for all tokens from the start. A step writes the keys and values of one token in place and
attends to a view of those written so far, so that it reads the true length and copies nothing that it already has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from .attention import SelfAttention, merge_heads, split_heads
from .token_transformer import EncoderLayer, FeedForward, LogitHead, TokenEmbedding, run_layers

__all__ = ["CachedTokenDecoder", "EncoderDecoder", "EncoderDecoderConfig", "KeysAndValues"]

KeysAndValues = tuple[Tensor, Tensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderDecoderConfig:
    """Size of an :class:`EncoderDecoder`.

    Attributes
    ----------
    encoder_layers, decoder_layers, width, hidden, num_heads : int
    text_vocabulary, text_length : int
    image_vocabulary, image_length : int
        Entries of the codebook, and tokens of an image.
    """

    encoder_layers: int
    decoder_layers: int
    width: int
    hidden: int
    num_heads: int
    text_vocabulary: int
    text_length: int
    image_vocabulary: int
    image_length: int


class _CachedSelfAttention(nn.Module):
    """Attention of one new token to itself and to all before it."""

    def __init__(self, width: int, *, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.query_key_value = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)

    def forward(self, token: Tensor, cache: KeysAndValues, position: int) -> Tensor:
        """`token` (batch, 1, width); `cache` (batch, heads, room, head width) twice, `position` of it filled.

        One that has no room left is concatenated with what is new.
        """
        projected = self.query_key_value(token).chunk(3, dim=-1)
        query, *new = (split_heads(tensor, num_heads=self.num_heads) for tensor in projected)
        key, value = _extended(cache, new, position)
        attended = functional.scaled_dot_product_attention(query, key, value)
        out: Tensor = self.out(merge_heads(attended))
        return out


def _extended(cache: KeysAndValues, new: Sequence[Tensor], position: int) -> tuple[Tensor, ...]:
    """Keys and values with those of a new token."""
    if cache[0].shape[2] == position:
        return tuple(torch.cat([stored, values], dim=2) for stored, values in zip(cache, new, strict=True))
    for stored, values in zip(cache, new, strict=True):
        stored.narrow(2, position, 1).copy_(values)
    return tuple(stored.narrow(2, 0, position + 1) for stored in cache)


class _CachedCrossAttention(nn.Module):
    """Attention of one new token to the text, whose keys and values are computed once."""

    def __init__(self, width: int, *, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.query = nn.Linear(width, width, bias=False)
        self.key_value = nn.Linear(width, 2 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)

    def project(self, text: Tensor) -> KeysAndValues:
        """Keys and values of the text, (batch, heads, text length, head width)."""
        key, value = self.key_value(text).chunk(2, dim=-1)
        split = (split_heads(tensor, num_heads=self.num_heads).contiguous() for tensor in (key, value))
        return next(split), next(split)

    def forward(self, token: Tensor, text: KeysAndValues) -> Tensor:
        query = split_heads(self.query(token), num_heads=self.num_heads)
        out: Tensor = self.out(merge_heads(functional.scaled_dot_product_attention(query, *text)))
        return out


class _DecoderLayer(nn.Module):
    def __init__(self, config: EncoderDecoderConfig) -> None:
        super().__init__()
        width, heads = config.width, config.num_heads
        self.attention_norm = nn.LayerNorm(width)
        self.attention = _CachedSelfAttention(width, num_heads=heads)
        self.cross_norm = nn.LayerNorm(width)
        self.cross = _CachedCrossAttention(width, num_heads=heads)
        self.feed_forward_norm = nn.LayerNorm(width)
        self.feed_forward = FeedForward(width, config.hidden)

    def forward(self, x: Tensor, cache: KeysAndValues, text: KeysAndValues, position: int) -> Tensor:
        x = x + self.attention(self.attention_norm(x), cache, position)
        x = x + self.cross(self.cross_norm(x), text)
        out: Tensor = x + self.feed_forward(self.feed_forward_norm(x))
        return out


class CachedTokenDecoder(nn.Module):
    """Decoder of image tokens, one at a time. Its vocabulary has one more entry: the begin of an image."""

    def __init__(self, config: EncoderDecoderConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = TokenEmbedding(config.image_vocabulary + 1, length=config.image_length, width=config.width)
        self.layers = nn.ModuleList(_DecoderLayer(config) for _ in range(config.decoder_layers))
        self.head = LogitHead(config.width, config.image_vocabulary)

    def project_text(self, text: Tensor) -> list[KeysAndValues]:
        """Keys and values of the encoded text in every layer; once per image."""
        return [cast(_DecoderLayer, layer).cross.project(text) for layer in self.layers]

    def forward(
        self, token: Tensor, caches: Sequence[KeysAndValues], texts: Sequence[KeysAndValues], position: int
    ) -> Tensor:
        """Logits (batch, vocabulary) of the token after `token` (batch, 1), which is at `position`."""
        x = self.embedding.tokens(token) + self.embedding.positions[position]
        for layer, cache, text in zip(self.layers, caches, texts, strict=True):
            x = layer(x, cache, text, position)
        logits: Tensor = self.head(x)
        return logits[:, -1]


class TextEncoder(nn.Module):
    """Bidirectional transformer on the tokens of the prompt."""

    def __init__(self, config: EncoderDecoderConfig) -> None:
        super().__init__()
        width = config.width
        self.embedding = TokenEmbedding(config.text_vocabulary, length=config.text_length, width=width)
        self.layers = nn.ModuleList(
            EncoderLayer(width, hidden=config.hidden, attention=SelfAttention(width, num_heads=config.num_heads))
            for _ in range(config.encoder_layers)
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, tokens: Tensor) -> Tensor:
        """(batch, length) to (batch, length, width)."""
        out: Tensor = self.norm(run_layers(self.layers, self.embedding(tokens)))
        return out


class EncoderDecoder(nn.Module):
    """Both, as one set of weights."""

    def __init__(self, config: EncoderDecoderConfig) -> None:
        super().__init__()
        self.encoder = TextEncoder(config)
        self.decoder = CachedTokenDecoder(config)
