# ruff: noqa: D107 (what a module is built from is documented with its class)
"""Base network of Imagen: pixel-space U-Net on noise and text (arXiv:2205.11487, section F.1)."""

from __future__ import annotations

from torch import Tensor, nn

from .pixel_unet import ImageLayers, PixelUNet, PixelUNetConfig
from .scalar_embedding import ScalarEmbedding
from .text_conditioning import TextConditioning

__all__ = ["TextToPixels"]


class TextToPixels(nn.Module):
    """U-Net whose self-attention also attends to the text, and whose conditioning vector holds it pooled."""

    def __init__(self, config: PixelUNetConfig, *, text_width: int) -> None:
        super().__init__()
        if config.context_width is None:
            raise ValueError("a U-Net on text needs a context width")
        width = config.embedding_width
        self.time = ScalarEmbedding(config.model_channels, width=width)
        self.text = TextConditioning(text_width, context_width=config.context_width, embedding_width=width)
        self.unet = PixelUNet(config, layers=ImageLayers())

    def forward(self, noisy: Tensor, timestep: Tensor, text: Tensor) -> Tensor:
        """`noisy` (images, 3, height, width), `timestep` (images,), `text` (images, tokens, text width)."""
        context, pooled = self.text(text)
        out: Tensor = self.unet(noisy, self.time(timestep) + pooled, context)
        return out
