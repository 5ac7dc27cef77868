# ruff: noqa: D107 (what a module is built from is documented with its class)
"""Multi-axis attention on a grid (HiT: Zhao et al., arXiv:2106.07631; MaxViT: Tu et al., arXiv:2204.01697)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["MultiAxisAttention"]


class MultiAxisAttention(nn.Module):
    """Half of the heads attend within blocks of the grid, the other half across blocks at equal offset.

    Attributes
    ----------
    grid : tuple of int
        Height and width of the grid. [token]
    block : int
        Side of a block. [token]
    """

    def __init__(self, width: int, *, num_heads: int, grid: tuple[int, int], block: int) -> None:
        super().__init__()
        if any(side % block for side in grid):
            raise ValueError(f"a grid of {grid[0]} x {grid[1]} tokens cannot be cut into blocks of {block} x {block}")
        self.grid = grid
        self.block = block
        self.num_heads = num_heads
        self.query_key_value = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)

    def forward(self, tokens: Tensor) -> Tensor:
        """(batch, grid height x grid width, width) to the same shape."""
        batch, length, width = tokens.shape
        (rows, columns), side = (n // self.block for n in self.grid), self.block
        half, head_width = self.num_heads // 2, width // self.num_heads
        split = self.query_key_value(tokens).view(batch, rows, side, columns, side, 3, 2, half, head_width)
        # Axes of `split` without that of the two halves: batch, rows, side, columns, side, qkv, heads, channels.
        within = split.select(6, 0).permute(5, 0, 1, 3, 6, 2, 4, 7).contiguous()
        across = split.select(6, 1).permute(5, 0, 2, 4, 6, 1, 3, 7).contiguous()
        local = _attend(within).permute(0, 1, 4, 2, 5, 3, 6)
        dilated = _attend(across).permute(0, 4, 1, 5, 2, 3, 6)
        out: Tensor = self.out(torch.cat([local, dilated], dim=-2).view(batch, length, width))
        return out


def _attend(query_key_value: Tensor) -> Tensor:
    """Attention over axes 5 and 6 of (3, batch, ..., ..., heads, ..., ..., channels); result without the first."""
    _, batch, a, b, heads, c, d, channels = query_key_value.shape
    query, key, value = query_key_value.view(3, batch * a * b, heads, c * d, channels).unbind(0)
    out = functional.scaled_dot_product_attention(query, key, value)
    return out.view(batch, a, b, heads, c, d, channels)
