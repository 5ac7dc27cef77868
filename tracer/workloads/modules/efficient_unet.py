# ruff: noqa: D107 (what a module is built from is documented with its class)
"""Efficient U-Net: super-resolution networks of Imagen (arXiv:2205.11487, B.1, F.2, F.3, figures A.27 to A.30).

Each block of the way down begins with a strided convolution of its own channels (A.28) and each block of the way up
ends with a transposed one to those of the next (A.29), so that most residual blocks run at low resolution. Every
residual block has a 1x1 convolution as skip (A.27); attention comes once, after the residual blocks of the last level.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from .attention import attend
from .scalar_embedding import ScalarEmbedding
from .text_conditioning import TextConditioning

__all__ = ["EfficientUNet", "EfficientUNetConfig", "PixelsToText", "PixelsToTextAndPixels"]

_NORM_GROUPS = 32
_NUM_HEADS = 8
_SKIP_SCALE = 1 / math.sqrt(2)


@dataclass(frozen=True, slots=True, kw_only=True)
class EfficientUNetConfig:
    """Size of an :class:`EfficientUNet`.

    Attributes
    ----------
    channels : tuple of int
        Channels of each level; every level halves height and width.
    num_res_blocks : tuple of int
        Residual blocks of each level, on the way down and again on the way up.
    attention : callable
        ``attention(channels, context_width=...)`` makes the attention layer after the residual blocks of the last
        level, on the way down and again on the way up.
    text_width, context_width : int
        Width of the text encoder's output, and of the context made from it.
    """

    channels: tuple[int, ...]
    num_res_blocks: tuple[int, ...]
    attention: Callable[..., nn.Module]
    text_width: int
    context_width: int

    @property
    def embedding_width(self) -> int:
        """Width of the conditioning vector."""
        return 4 * self.channels[0]


class PixelsToText(nn.Module):
    """Cross-attention of pixels to the text, with a hidden width of twice the channels."""

    def __init__(self, channels: int, *, context_width: int) -> None:
        super().__init__()
        hidden = 2 * channels
        self.norm = nn.GroupNorm(_NORM_GROUPS, channels)
        self.context_norm = nn.LayerNorm(context_width)
        self.query = nn.Linear(channels, hidden)
        self.context_key_value = nn.Linear(context_width, 2 * hidden)
        self.out = nn.Linear(hidden, channels)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """(images, channels, height, width) to the same; `context` is (images, tokens, context width)."""
        pixels = self.norm(x).flatten(2).transpose(1, 2).contiguous()
        key, value = self.keys_and_values(pixels, context)
        attended: Tensor = self.out(attend(self.query(pixels), key, value, num_heads=_NUM_HEADS))
        return x + attended.transpose(1, 2).contiguous().view(x.shape)

    def keys_and_values(self, pixels: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values that the pixels attend to."""
        key, value = self.context_key_value(self.context_norm(context)).chunk(2, dim=-1)
        return key, value


class PixelsToTextAndPixels(PixelsToText):
    """Self-attention of pixels with the text appended to keys and values."""

    def __init__(self, channels: int, *, context_width: int) -> None:
        super().__init__(channels, context_width=context_width)
        self.key_value = nn.Linear(channels, 2 * 2 * channels)

    def keys_and_values(self, pixels: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        """Those of the pixels, then those of the text."""
        key, value = self.key_value(pixels).chunk(2, dim=-1)
        context_key, context_value = super().keys_and_values(pixels, context)
        return torch.cat([key, context_key], dim=1), torch.cat([value, context_value], dim=1)


class _ResidualBlock(nn.Module):
    """Two convolutions, scale and shift by the conditioning vector between them, and a 1x1 convolution beside them."""

    def __init__(self, channels: int, *, embedding_width: int) -> None:
        super().__init__()
        self.norm_in = nn.GroupNorm(_NORM_GROUPS, channels)
        self.conv_in = nn.Conv2d(channels, channels, 3, padding=1)
        self.scale_shift = nn.Linear(embedding_width, 2 * channels)
        self.norm_out = nn.GroupNorm(_NORM_GROUPS, channels)
        self.conv_out = nn.Conv2d(channels, channels, 3, padding=1)
        self.skip = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        hidden = self.conv_in(functional.silu(self.norm_in(x)))
        scale, shift = self.scale_shift(functional.silu(embedding))[..., None, None].chunk(2, dim=1)
        hidden = self.norm_out(hidden) * (1 + scale) + shift
        out: Tensor = self.conv_out(functional.silu(hidden)) + self.skip(x)
        return out


class _ResidualBlocks(nn.Module):
    """Residual blocks of one level, those of the last one followed by attention."""

    def __init__(self, config: EfficientUNetConfig, level: int) -> None:
        super().__init__()
        channels, count = config.channels[level], config.num_res_blocks[level]
        width = config.embedding_width
        self.blocks = nn.ModuleList(_ResidualBlock(channels, embedding_width=width) for _ in range(count))
        is_last = level + 1 == len(config.channels)
        self.attention = config.attention(channels, context_width=config.context_width) if is_last else None

    def forward(self, x: Tensor, embedding: Tensor, context: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x, embedding)
        return x if self.attention is None else self.attention(x, context)


class EfficientUNet(nn.Module):
    """Noise and enlarged low-resolution image in, noise estimate out, on text, time and noise level."""

    def __init__(self, config: EfficientUNetConfig) -> None:
        super().__init__()
        first, width = config.channels[0], config.embedding_width
        self.time = ScalarEmbedding(first, width=width)
        self.noise_level = ScalarEmbedding(first, width=width)
        self.text = TextConditioning(config.text_width, context_width=config.context_width, embedding_width=width)
        self.conv_in = nn.Conv2d(6, first, 3, padding=1)
        levels = range(len(config.channels))
        pairs = list(zip((first, *config.channels[:-1]), config.channels, strict=True))
        self.strided = nn.ModuleList(nn.Conv2d(above, own, 3, stride=2, padding=1) for above, own in pairs)
        self.down = nn.ModuleList(_ResidualBlocks(config, level) for level in levels)
        self.up = nn.ModuleList(_ResidualBlocks(config, level) for level in levels)
        self.transposed = nn.ModuleList(
            nn.ConvTranspose2d(own, above, 3, stride=2, padding=1, output_padding=1) for above, own in pairs
        )
        self.conv_out = nn.Conv2d(first, 3, 3, padding=1)

    def forward(
        self, noisy: Tensor, low_resolution: Tensor, timestep: Tensor, noise_level: Tensor, text: Tensor
    ) -> Tensor:
        """Noise estimate (images, 3, height, width).

        `noisy` is (images, 3, height, width), `low_resolution` the same at its own size, `timestep` and
        `noise_level` (that of the low-resolution image) are (images,), `text` is (images, tokens, text width).
        """
        context, pooled = self.text(text)
        embedding = self.time(timestep) + self.noise_level(noise_level) + pooled
        enlarged = functional.interpolate(low_resolution, size=noisy.shape[-2:], mode="bilinear")
        x, skips = self.conv_in(torch.cat([noisy, enlarged], dim=1)), []
        for strided, down in zip(self.strided, self.down, strict=True):
            x = down(strided(x), embedding, context)
            skips.append(x)
        x = self.transposed[-1](self.up[-1](skips.pop(), embedding, context))
        for up, transposed in zip(reversed(self.up[:-1]), reversed(self.transposed[:-1]), strict=True):
            x = transposed(up(x + skips.pop() * _SKIP_SCALE, embedding, context))
        out: Tensor = self.conv_out(x)
        return out
