# ruff: noqa: D107 (what a module is built from is documented with its class)
"""Transformers on tokens: pre-norm layers, and parallel decoding of masked image tokens on text."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from .attention import CrossAttention, SelfAttention

__all__ = ["ContextLayer", "EncoderLayer", "FeedForward", "MaskedTokenTransformer", "TokenEmbedding"]


class FeedForward(nn.Sequential):
    """Two linear layers with a GELU between them."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__(nn.Linear(width, hidden, bias=False), nn.GELU(), nn.Linear(hidden, width, bias=False))


class EncoderLayer(nn.Module):
    """Self-attention and feed-forward, each on normalised input and added to it."""

    def __init__(self, width: int, *, hidden: int, attention: nn.Module) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = attention
        self.feed_forward_norm = nn.LayerNorm(width)
        self.feed_forward = FeedForward(width, hidden)

    def forward(self, tokens: Tensor) -> Tensor:
        """(batch, length, width) to the same shape."""
        tokens = tokens + self.attention(self.attention_norm(tokens))
        out: Tensor = tokens + self.feed_forward(self.feed_forward_norm(tokens))
        return out


class ContextLayer(nn.Module):
    """Self-attention, cross-attention to a context, and feed-forward."""

    def __init__(self, width: int, *, hidden: int, num_heads: int, attention: nn.Module) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = attention
        self.cross_norm = nn.LayerNorm(width)
        self.cross = CrossAttention(width, num_heads=num_heads)
        self.feed_forward_norm = nn.LayerNorm(width)
        self.feed_forward = FeedForward(width, hidden)

    def forward(self, tokens: Tensor, context: Tensor) -> Tensor:
        """`tokens` (batch, length, width) and `context` (batch, context length, width)."""
        tokens = tokens + self.attention(self.attention_norm(tokens))
        tokens = tokens + self.cross(self.cross_norm(tokens), context)
        out: Tensor = tokens + self.feed_forward(self.feed_forward_norm(tokens))
        return out


class TokenEmbedding(nn.Module):
    """Embedding of tokens and of their positions."""

    def __init__(self, vocabulary: int, *, length: int, width: int) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.positions = nn.Parameter(torch.empty(length, width))

    def forward(self, tokens: Tensor) -> Tensor:
        """(batch, length) to (batch, length, width)."""
        out: Tensor = self.tokens(tokens) + self.positions
        return out


class MaskedTokenTransformer(nn.Module):
    """Logits of all tokens of an image or video at once, from those already known and a text.

    The vocabulary of the input has one more entry than that of the output: the mask.
    """

    def __init__(
        self, *, codebook: int, length: int, width: int, hidden: int, num_layers: int, num_heads: int, text_width: int
    ) -> None:
        super().__init__()
        self.embedding = TokenEmbedding(codebook + 1, length=length, width=width)
        self.text = nn.Linear(text_width, width, bias=False)
        self.layers = nn.ModuleList(
            ContextLayer(width, hidden=hidden, num_heads=num_heads, attention=SelfAttention(width, num_heads=num_heads))
            for _ in range(num_layers)
        )
        self.head = LogitHead(width, codebook)

    def forward(self, tokens: Tensor, text: Tensor) -> Tensor:
        """`tokens` (batch, length), `text` (batch, text length, text width); logits (batch, length, codebook)."""
        out: Tensor = self.head(run_layers(self.layers, self.embedding(tokens), self.text(text)))
        return out


class LogitHead(nn.Sequential):
    """Normalisation and a linear layer to the vocabulary."""

    def __init__(self, width: int, vocabulary: int) -> None:
        super().__init__(nn.LayerNorm(width), nn.Linear(width, vocabulary, bias=False))


def run_layers(layers: Iterable[nn.Module], tokens: Tensor, *context: Tensor) -> Tensor:
    """One layer after another."""
    for layer in layers:
        tokens = layer(tokens, *context)
    return tokens
