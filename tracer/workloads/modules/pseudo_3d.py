# ruff: noqa: D107 (what a module is built from is documented with its class)
"""Pseudo-3D convolution and attention of Make-A-Video (Singer et al., arXiv 2209.14792, section 3.2).

A video travels through the network as a batch of images, (videos x frames, channels, height, width); each
temporal layer copies it to a layout in which frames are adjacent, and back. These copies are the transposes
that the paper's equations write around every temporal layer. They are made explicitly: where a batch of one
would let torch see the new layout as a view, the convolution or the projection would copy instead.
"""

from __future__ import annotations

from torch import Tensor, nn

from .attention import SelfAttention
from .pixel_unet import ImageAttention, ImageLayers, PixelUNetConfig

__all__ = ["Pseudo3dAttention", "Pseudo3dConvolution", "TemporalAttention", "VideoLayers"]


class Pseudo3dConvolution(nn.Module):
    """Convolution over height and width, then convolution over frames, both of kernel 3."""

    def __init__(self, in_channels: int, out_channels: int, *, num_frames: int) -> None:
        super().__init__()
        self.num_frames = num_frames
        self.spatial = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.temporal = nn.Conv1d(out_channels, out_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(videos x frames, channels, height, width) to the same with `out_channels`."""
        x = self.spatial(x)
        images, channels, height, width = x.shape
        videos = images // self.num_frames
        frames_last = x.view(videos, self.num_frames, channels, height, width).permute(0, 3, 4, 2, 1)
        sequences = frames_last.contiguous().view(videos * height * width, channels, self.num_frames)
        mixed = self.temporal(sequences).view(videos, height, width, channels, self.num_frames)
        out: Tensor = mixed.permute(0, 4, 3, 1, 2).contiguous().view(images, channels, height, width)
        return out


class TemporalAttention(nn.Module):
    """Self-attention of each pixel over the frames: frames are the sequence, pixels move to the batch."""

    def __init__(self, channels: int, *, num_heads: int, num_frames: int) -> None:
        super().__init__()
        self.num_frames = num_frames
        self.norm = nn.LayerNorm(channels)
        self.attention = SelfAttention(channels, num_heads=num_heads, bias=True)

    def forward(self, x: Tensor) -> Tensor:
        """(videos x frames, channels, height, width) to the same shape."""
        images, channels, height, width = x.shape
        videos = images // self.num_frames
        channels_last = x.view(videos, self.num_frames, channels, height, width).permute(0, 3, 4, 1, 2)
        sequences = channels_last.contiguous().view(videos * height * width, self.num_frames, channels)
        sequences = sequences + self.attention(self.norm(sequences))
        mixed = sequences.view(videos, height, width, self.num_frames, channels)
        out: Tensor = mixed.permute(0, 3, 4, 1, 2).contiguous().view(images, channels, height, width)
        return out


class Pseudo3dAttention(nn.Module):
    """Attention over the pixels of each frame, then attention over the frames at each pixel."""

    def __init__(self, channels: int, *, config: PixelUNetConfig, num_frames: int) -> None:
        super().__init__()
        head_channels = config.head_channels
        self.spatial = ImageAttention(channels, head_channels=head_channels, context_width=config.context_width)
        self.temporal = TemporalAttention(channels, num_heads=channels // head_channels, num_frames=num_frames)

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """(videos x frames, channels, height, width) to the same; `context` joins the spatial attention."""
        out: Tensor = self.temporal(self.spatial(x, context))
        return out


class VideoLayers(ImageLayers):
    """Layers of a U-Net whose batch is the frames of videos."""

    def __init__(self, *, num_frames: int) -> None:
        self.num_frames = num_frames

    def convolution(self, in_channels: int, out_channels: int) -> nn.Module:
        """Pseudo-3D convolution of kernel 3."""
        return Pseudo3dConvolution(in_channels, out_channels, num_frames=self.num_frames)

    def attention(self, channels: int, *, config: PixelUNetConfig) -> nn.Module:
        """Pseudo-3D attention."""
        return Pseudo3dAttention(channels, config=config, num_frames=self.num_frames)
