# ruff: noqa: D107 (what a module is built from is documented with its class)
"""Pixel-space diffusion U-Net with BigGAN residual blocks (ADM: Dhariwal and Nichol, arXiv 2105.05233).

Which convolution and which attention the blocks use is decided by a :class:`ImageLayers` object, so that a
video U-Net is the same network with other layers (:mod:`tracer.workloads.modules.pseudo_3d`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from .attention import attend

__all__ = ["ImageAttention", "ImageLayers", "PixelUNet", "PixelUNetConfig", "ResidualBlock"]

_NORM_GROUPS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelUNetConfig:
    """Size of a :class:`PixelUNet`.

    Attributes
    ----------
    in_channels, out_channels : int
    model_channels : int
        Channels of the first level.
    channel_mult : tuple of int
        Channels of each level, in units of `model_channels`; each level halves height and width.
    num_res_blocks : int
        Residual blocks of each level on the way down; one more on the way up.
    attention_levels : tuple of int
        Levels whose residual blocks are each followed by attention.
    head_channels : int
        Channels of each attention head.
    context_width : int, optional
        Width of the context tokens that join the keys and values of every attention; ``None``: no context.
    """

    in_channels: int
    out_channels: int = 3
    model_channels: int
    channel_mult: tuple[int, ...]
    num_res_blocks: int
    attention_levels: tuple[int, ...] = ()
    head_channels: int = 64
    context_width: int | None = None

    @property
    def embedding_width(self) -> int:
        """Width of the conditioning vector (time step and more) that each residual block takes."""
        return 4 * self.model_channels

    @property
    def level_channels(self) -> tuple[int, ...]:
        """Channels of each level."""
        return tuple(self.model_channels * mult for mult in self.channel_mult)


class ImageAttention(nn.Module):
    """Self-attention over the pixels of an image, with context tokens appended to its keys and values."""

    def __init__(self, channels: int, *, head_channels: int, context_width: int | None = None) -> None:
        super().__init__()
        self.num_heads = channels // head_channels
        self.norm = nn.GroupNorm(_NORM_GROUPS, channels)
        self.query_key_value = nn.Linear(channels, 3 * channels)
        self.out = nn.Linear(channels, channels)
        if context_width is not None:
            self.context_norm = nn.LayerNorm(context_width)
            self.context_key_value = nn.Linear(context_width, 2 * channels)

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """(images, channels, height, width) to the same; `context` is (images, tokens, context width)."""
        pixels = self.norm(x).flatten(2).transpose(1, 2).contiguous()
        query, key, value = self.query_key_value(pixels).chunk(3, dim=-1)
        if context is not None:
            context_key, context_value = self.context_key_value(self.context_norm(context)).chunk(2, dim=-1)
            key, value = torch.cat([key, context_key], dim=1), torch.cat([value, context_value], dim=1)
        out: Tensor = self.out(attend(query, key, value, num_heads=self.num_heads))
        return x + out.transpose(1, 2).contiguous().view(x.shape)


class ImageLayers:
    """Makes the layers that tell an image U-Net from a video U-Net."""

    def convolution(self, in_channels: int, out_channels: int) -> nn.Module:
        """Convolution of kernel 3 that keeps height and width."""
        return nn.Conv2d(in_channels, out_channels, 3, padding=1)

    def attention(self, channels: int, *, config: PixelUNetConfig) -> nn.Module:
        """Attention over pixels; takes the feature map and the context."""
        return ImageAttention(channels, head_channels=config.head_channels, context_width=config.context_width)


class ResidualBlock(nn.Module):
    """GroupNorm, SiLU, resampling, convolution; scale and shift by the embedding; the same again; a skip."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        embedding_width: int,
        layers: ImageLayers,
        resample: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.resample = resample or nn.Identity()
        self.norm_in = nn.GroupNorm(_NORM_GROUPS, in_channels)
        self.conv_in = layers.convolution(in_channels, out_channels)
        self.scale_shift = nn.Linear(embedding_width, 2 * out_channels)
        self.norm_out = nn.GroupNorm(_NORM_GROUPS, out_channels)
        self.conv_out = layers.convolution(out_channels, out_channels)
        self.skip = nn.Conv2d(in_channels, out_channels, 1) if in_channels != out_channels else nn.Identity()

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        """`x` (images, channels, height, width); `embedding` (images, embedding width)."""
        hidden = self.conv_in(self.resample(functional.silu(self.norm_in(x))))
        scale, shift = self.scale_shift(functional.silu(embedding))[..., None, None].chunk(2, dim=1)
        hidden = self.norm_out(hidden) * (1 + scale) + shift
        hidden = self.conv_out(functional.silu(hidden))
        out: Tensor = self.skip(self.resample(x)) + hidden
        return out


class _Step(nn.Module):
    """A residual block and what follows it: attention, a resampling block, or nothing."""

    def __init__(
        self, block: ResidualBlock, *, attention: nn.Module | None = None, resample: nn.Module | None = None
    ) -> None:
        super().__init__()
        self.block = block
        self.attention = attention
        self.resample = resample

    def forward(self, x: Tensor, embedding: Tensor, context: Tensor | None) -> Tensor:
        x = self.block(x, embedding)
        if self.attention is not None:
            x = self.attention(x, context)
        if self.resample is not None:
            x = self.resample(x, embedding)
        return x


class PixelUNet(nn.Module):
    """The U-Net itself, without what makes the embedding and the context.

    Every residual block on the way down leaves a skip that one on the way up concatenates; levels are joined
    by residual blocks that resample (average pooling, nearest neighbour).
    """

    def __init__(self, config: PixelUNetConfig, *, layers: ImageLayers) -> None:
        super().__init__()
        self.config = config
        self.layers = layers
        channels = config.level_channels
        self.conv_in = layers.convolution(config.in_channels, channels[0])
        skips = [channels[0]]
        self.down = nn.ModuleList(self._down_steps(skips))
        self.middle_in = self._block(channels[-1], channels[-1])
        self.middle_attention = layers.attention(channels[-1], config=config) if config.attention_levels else None
        self.middle_out = self._block(channels[-1], channels[-1])
        self.up = nn.ModuleList(self._up_steps(skips))
        self.norm_out = nn.GroupNorm(_NORM_GROUPS, channels[0])
        self.conv_out = layers.convolution(channels[0], config.out_channels)

    def forward(self, x: Tensor, embedding: Tensor, context: Tensor | None = None) -> Tensor:
        """Noise estimate.

        Parameters
        ----------
        x : Tensor, shape (images, in_channels, height, width)
        embedding : Tensor, shape (images, embedding_width)
        context : Tensor, shape (images, tokens, context_width), optional
        """
        x = self.conv_in(x)
        skips = [x]
        for step in self.down:
            x = step(x, embedding, context)
            skips.append(x)
        x = self.middle_in(x, embedding)
        if self.middle_attention is not None:
            x = self.middle_attention(x, context)
        x = self.middle_out(x, embedding)
        for step in self.up:
            x = step(torch.cat([x, skips.pop()], dim=1), embedding, context)
        out: Tensor = self.conv_out(functional.silu(self.norm_out(x)))
        return out

    def _block(self, in_channels: int, out_channels: int, resample: nn.Module | None = None) -> ResidualBlock:
        width = self.config.embedding_width
        return ResidualBlock(in_channels, out_channels, embedding_width=width, layers=self.layers, resample=resample)

    def _attention(self, level: int) -> nn.Module | None:
        if level not in self.config.attention_levels:
            return None
        return self.layers.attention(self.config.level_channels[level], config=self.config)

    def _down_steps(self, skips: list[int]) -> Iterator[_Step]:
        """Steps on the way down; appends the channels of each one's output to `skips`."""
        for level, width in enumerate(self.config.level_channels):
            for _ in range(self.config.num_res_blocks):
                yield _Step(self._block(skips[-1], width), attention=self._attention(level))
                skips.append(width)
            if level + 1 < len(self.config.level_channels):
                yield _Step(self._block(width, width, nn.AvgPool2d(2)))
                skips.append(width)

    def _up_steps(self, skips: list[int]) -> Iterator[_Step]:
        """Steps on the way up; takes the channels of each skip from the end of `skips`."""
        current = self.config.level_channels[-1]
        for level, width in reversed(list(enumerate(self.config.level_channels))):
            for index in range(self.config.num_res_blocks + 1):
                is_last = index == self.config.num_res_blocks and level > 0
                resample = self._block(width, width, nn.Upsample(scale_factor=2)) if is_last else None
                block = self._block(current + skips.pop(), width)
                yield _Step(block, attention=self._attention(level), resample=resample)
                current = width
