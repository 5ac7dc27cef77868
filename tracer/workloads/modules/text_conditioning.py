# ruff: noqa: D107 (what a module is built from is documented with its class)
"""What Imagen's networks make of a text encoder's output (Saharia et al., arXiv:2205.11487, section F.1)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["AttentionPooling", "TextConditioning"]


class AttentionPooling(nn.Module):
    """Mean of tokens, weighted by the softmax of a learned score."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.score = nn.Linear(width, 1)

    def forward(self, tokens: Tensor) -> Tensor:
        """(batch, length, width) to (batch, width)."""
        weights = functional.softmax(self.score(tokens), dim=1)
        return torch.bmm(weights.transpose(1, 2), tokens).squeeze(1)


class TextConditioning(nn.Module):
    """Text tokens as context for attention, and pooled as a part of the conditioning vector."""

    def __init__(self, text_width: int, *, context_width: int, embedding_width: int) -> None:
        super().__init__()
        self.to_context = nn.Linear(text_width, context_width)
        self.pool = AttentionPooling(text_width)
        self.pooled_norm = nn.LayerNorm(text_width)
        self.to_embedding = nn.Sequential(
            nn.Linear(text_width, embedding_width),
            nn.SiLU(),
            nn.Linear(embedding_width, embedding_width),
        )

    def forward(self, text: Tensor) -> tuple[Tensor, Tensor]:
        """`text` (batch, length, text width) to context tokens and to a vector (batch, embedding width)."""
        return self.to_context(text), self.to_embedding(self.pooled_norm(self.pool(text)))
