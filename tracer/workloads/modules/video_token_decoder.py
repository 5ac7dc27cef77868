# ruff: noqa: D107 (what a module is built from is documented with its class)
"""C-ViViT decoder of Phenaki (Villegas et al., arXiv:2210.02399, section 2.1): video tokens to pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .attention import SelfAttention
from .token_transformer import EncoderLayer, run_layers

__all__ = ["VideoTokenDecoder", "VideoTokenDecoderConfig"]


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoTokenDecoderConfig:
    """Size of a :class:`VideoTokenDecoder`.

    Attributes
    ----------
    codebook, width, hidden, num_heads : int
    temporal_layers, spatial_layers : int
    grid : tuple of int
        Tokens in time, height and width. The first in time stands for one frame, each other for `patch_frames`.
    patch : int
        Height and width of what a token stands for. [pixel]
    patch_frames : int
    """

    codebook: int
    width: int
    hidden: int
    num_heads: int
    temporal_layers: int
    spatial_layers: int
    grid: tuple[int, int, int]
    patch: int
    patch_frames: int


class VideoTokenDecoder(nn.Module):
    """Causal attention over time at each position, then attention over positions at each time, then pixels."""

    def __init__(self, config: VideoTokenDecoderConfig) -> None:
        super().__init__()
        self.config = config
        self.codebook = nn.Embedding(config.codebook, config.width)
        frames, rows, columns = config.grid
        self.temporal_positions = nn.Parameter(torch.empty(frames, config.width))
        self.spatial_positions = nn.Parameter(torch.empty(rows * columns, config.width))
        self.temporal = nn.ModuleList(_layers(config, config.temporal_layers, is_causal=True))
        self.spatial = nn.ModuleList(_layers(config, config.spatial_layers, is_causal=False))
        pixels = 3 * config.patch**2
        self.first_frame = nn.Linear(config.width, pixels)
        self.later_frames = nn.Linear(config.width, config.patch_frames * pixels)

    def forward(self, tokens: Tensor) -> Tensor:
        """Tokens (videos, time, rows, columns) to a video (videos, 3, frames, height, width)."""
        frames, rows, columns = self.config.grid
        batch, width = tokens.shape[0], self.config.width
        x = self.codebook(tokens).view(batch, frames, rows * columns, width)
        x = x.transpose(1, 2).contiguous().view(-1, frames, width)
        x = run_layers(self.temporal, x + self.temporal_positions)
        x = x.view(batch, rows * columns, frames, width).transpose(1, 2).contiguous()
        x = run_layers(self.spatial, x.view(-1, rows * columns, width) + self.spatial_positions)
        x = x.view(batch, frames, rows * columns, width)
        first = self._to_frames(self.first_frame(x[:, :1]), frames_per_token=1)
        later = self._to_frames(self.later_frames(x[:, 1:]), frames_per_token=self.config.patch_frames)
        return torch.cat([first, later], dim=2)

    def _to_frames(self, patches: Tensor, *, frames_per_token: int) -> Tensor:
        """(videos, time, rows x columns, pixels of a token) to (videos, 3, frames, height, width)."""
        _, rows, columns = self.config.grid
        batch, time, side = patches.shape[0], patches.shape[1], self.config.patch
        split = patches.view(batch, time, rows, columns, frames_per_token, 3, side, side)
        video = split.permute(0, 5, 1, 4, 2, 6, 3, 7).contiguous()
        return video.view(batch, 3, time * frames_per_token, rows * side, columns * side)


def _layers(config: VideoTokenDecoderConfig, count: int, *, is_causal: bool) -> Iterator[EncoderLayer]:
    for _ in range(count):
        attention = SelfAttention(config.width, num_heads=config.num_heads, is_causal=is_causal)
        yield EncoderLayer(config.width, hidden=config.hidden, attention=attention)
