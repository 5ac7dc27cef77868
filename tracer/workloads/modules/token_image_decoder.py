# ruff: noqa: D107 (what a module is built from is documented with its class)
"""Convolutional decoder of image tokens (VQGAN), from diffusers' decoder blocks."""

from __future__ import annotations

from diffusers.models.autoencoders.vae import Decoder
from torch import Tensor, nn

__all__ = ["TokenImageDecoder"]


class TokenImageDecoder(nn.Module):
    """Codebook lookup and a decoder without attention; each level but the last doubles height and width."""

    def __init__(self, *, codebook: int, code_width: int, level_channels: tuple[int, ...], num_res_blocks: int) -> None:
        super().__init__()
        self.codebook = nn.Embedding(codebook, code_width)
        self.decoder = Decoder(
            in_channels=code_width,
            out_channels=3,
            up_block_types=("UpDecoderBlock2D",) * len(level_channels),
            block_out_channels=level_channels,
            layers_per_block=num_res_blocks - 1,  # its way up has one more
            mid_block_add_attention=False,
        )

    def forward(self, tokens: Tensor) -> Tensor:
        """Tokens (images, rows, columns) to pixels (images, 3, height, width)."""
        out: Tensor = self.decoder(self.codebook(tokens).permute(0, 3, 1, 2).contiguous())
        return out
