# ruff: noqa: D107 (what a module is built from is documented with its class)
"""WDSR: residual super-resolution with wide activations (Yu et al., arXiv:1808.08718)."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

__all__ = ["WideActivationUpsampler"]


class _WideBlock(nn.Module):
    """Convolution to a multiple of the channels, ReLU, convolution back."""

    def __init__(self, channels: int, *, expansion: int) -> None:
        super().__init__()
        self.widen = nn.Conv2d(channels, expansion * channels, 3, padding=1)
        self.narrow = nn.Conv2d(expansion * channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.narrow(functional.relu(self.widen(x)))
        return out


class WideActivationUpsampler(nn.Module):
    """Doubles height and width of an image; all convolutions run at the size of the input.

    Weight normalisation, with which it is trained, is part of the weights at inference.
    """

    def __init__(self, *, channels: int, num_blocks: int, expansion: int) -> None:
        super().__init__()
        self.head = nn.Conv2d(3, channels, 3, padding=1)
        self.blocks = nn.Sequential(*(_WideBlock(channels, expansion=expansion) for _ in range(num_blocks)))
        self.tail = nn.Conv2d(channels, 3 * 4, 3, padding=1)
        self.skip = nn.Conv2d(3, 3 * 4, 5, padding=2)

    def forward(self, image: Tensor) -> Tensor:
        """(images, 3, height, width) to (images, 3, 2 height, 2 width)."""
        return functional.pixel_shuffle(self.tail(self.blocks(self.head(image))) + self.skip(image), 2)
