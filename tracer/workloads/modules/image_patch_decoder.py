# ruff: noqa: D107 (what a module is built from is documented with its class)
"""ViT-VQGAN decoder: image tokens to pixels by a vision transformer (Yu et al., arXiv:2110.04627)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .attention import SelfAttention
from .token_transformer import EncoderLayer, run_layers

__all__ = ["ImagePatchDecoder"]


class ImagePatchDecoder(nn.Module):
    """Codebook lookup, a transformer on all patches, and a transposed convolution from each to its pixels."""

    def __init__(
        self,
        *,
        codebook: int,
        code_width: int,
        width: int,
        hidden: int,
        num_layers: int,
        num_heads: int,
        grid: tuple[int, int],
        patch: int,
    ) -> None:
        super().__init__()
        self.grid = grid
        self.codebook = nn.Embedding(codebook, code_width)
        self.from_code = nn.Linear(code_width, width)
        self.positions = nn.Parameter(torch.empty(grid[0] * grid[1], width))
        self.layers = nn.ModuleList(
            EncoderLayer(width, hidden=hidden, attention=SelfAttention(width, num_heads=num_heads, bias=True))
            for _ in range(num_layers)
        )
        self.norm = nn.LayerNorm(width)
        self.to_pixels = nn.ConvTranspose2d(width, 3, patch, stride=patch)

    def forward(self, tokens: Tensor) -> Tensor:
        """Tokens (images, rows x columns) to pixels (images, 3, height, width)."""
        x = run_layers(self.layers, self.from_code(self.codebook(tokens)) + self.positions)
        maps = self.norm(x).transpose(1, 2).contiguous().view(x.shape[0], -1, *self.grid)
        out: Tensor = self.to_pixels(maps)
        return out
