# ruff: noqa: D107 (what a module is built from is documented with its class)
"""Multi-head attention as one operator, and the layers that project into and out of it."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

__all__ = ["CrossAttention", "SelfAttention", "attend", "merge_heads", "split_heads"]


def split_heads(tokens: Tensor, *, num_heads: int) -> Tensor:
    """(batch, length, width) seen as (batch, heads, length, head width); a view."""
    batch, length, width = tokens.shape
    return tokens.view(batch, length, num_heads, width // num_heads).transpose(1, 2)


def merge_heads(tokens: Tensor) -> Tensor:
    """Inverse of :func:`split_heads`; a copy unless the attention kernel wrote its output in token order."""
    batch, heads, length, head_width = tokens.shape
    return tokens.transpose(1, 2).reshape(batch, length, heads * head_width)


def attend(query: Tensor, key: Tensor, value: Tensor, *, num_heads: int, is_causal: bool = False) -> Tensor:
    """Scaled dot-product attention of (batch, length, width) tensors over `num_heads` heads."""
    query, key, value = (split_heads(tensor, num_heads=num_heads) for tensor in (query, key, value))
    return merge_heads(functional.scaled_dot_product_attention(query, key, value, is_causal=is_causal))


class SelfAttention(nn.Module):
    """Attention of a sequence to itself: four projections of ``width`` by ``width``."""

    def __init__(self, width: int, *, num_heads: int, bias: bool = False, is_causal: bool = False) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.is_causal = is_causal
        self.query_key_value = nn.Linear(width, 3 * width, bias=bias)
        self.out = nn.Linear(width, width, bias=bias)

    def forward(self, tokens: Tensor) -> Tensor:
        """(batch, length, width) to the same shape."""
        query, key, value = self.query_key_value(tokens).chunk(3, dim=-1)
        attended = attend(query, key, value, num_heads=self.num_heads, is_causal=self.is_causal)
        out: Tensor = self.out(attended)
        return out


class CrossAttention(nn.Module):
    """Attention of a sequence to the tokens of a context."""

    def __init__(self, width: int, *, num_heads: int, bias: bool = False) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.query = nn.Linear(width, width, bias=bias)
        self.key_value = nn.Linear(width, 2 * width, bias=bias)
        self.out = nn.Linear(width, width, bias=bias)

    def forward(self, tokens: Tensor, context: Tensor) -> Tensor:
        """`tokens` (batch, length, width) attend to `context` (batch, context length, width)."""
        key, value = self.key_value(context).chunk(2, dim=-1)
        attended = attend(self.query(tokens), key, value, num_heads=self.num_heads)
        out: Tensor = self.out(attended)
        return out
