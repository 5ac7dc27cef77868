# ruff: noqa: D107 (what a module is built from is documented with its class)
"""Super-resolution of image tokens: Muse's second transformer (Chang et al., arXiv:2301.00704, section 2.4)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .attention import SelfAttention
from .multi_axis_attention import MultiAxisAttention
from .token_transformer import ContextLayer, EncoderLayer, LogitHead, TokenEmbedding, run_layers

__all__ = ["TokenUpsampler", "TokenUpsamplerConfig"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenUpsamplerConfig:
    """Size of a :class:`TokenUpsampler`.

    Attributes
    ----------
    low_grid, high_grid : tuple of int
        Height and width of the two images. [token]
    block : int
        Side of the blocks of multi-axis attention. [token]
    low_codebook, high_codebook : int
        Entries of the two codebooks.
    low_layers, high_layers : int
        Layers of self-attention on the low-resolution tokens, and of multi-axis and cross-attention.
    width, hidden, num_heads, text_width : int
    """

    low_grid: tuple[int, int]
    high_grid: tuple[int, int]
    block: int
    low_codebook: int
    high_codebook: int
    low_layers: int
    high_layers: int
    width: int
    hidden: int
    num_heads: int
    text_width: int


class TokenUpsampler(nn.Module):
    """Logits of all high-resolution tokens from those already known, the low-resolution tokens, and a text."""

    def __init__(self, config: TokenUpsamplerConfig) -> None:
        super().__init__()
        width, heads = config.width, config.num_heads
        low, high = (rows * columns for rows, columns in (config.low_grid, config.high_grid))
        self.low_embedding = TokenEmbedding(config.low_codebook, length=low, width=width)
        self.low_layers = nn.ModuleList(
            EncoderLayer(width, hidden=config.hidden, attention=SelfAttention(width, num_heads=heads))
            for _ in range(config.low_layers)
        )
        self.text = nn.Linear(config.text_width, width, bias=False)
        self.embedding = TokenEmbedding(config.high_codebook + 1, length=high, width=width)
        grid, block = config.high_grid, config.block
        self.layers = nn.ModuleList(
            ContextLayer(
                width,
                hidden=config.hidden,
                num_heads=heads,
                attention=MultiAxisAttention(width, num_heads=heads, grid=grid, block=block),
            )
            for _ in range(config.high_layers)
        )
        self.head = LogitHead(width, config.high_codebook)

    def context(self, low_resolution: Tensor, text: Tensor) -> Tensor:
        """What all steps attend to, (batch, low length + text length, width).

        `low_resolution` is (batch, low length), `text` (batch, text length, text width).
        """
        low = run_layers(self.low_layers, self.low_embedding(low_resolution))
        return torch.cat([low, self.text(text)], dim=1)

    def forward(self, tokens: Tensor, context: Tensor) -> Tensor:
        """Logits (batch, high length, high codebook) of `tokens` (batch, high length) and the :meth:`context`."""
        out: Tensor = self.head(run_layers(self.layers, self.embedding(tokens), context))
        return out
