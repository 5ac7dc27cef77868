# ruff: noqa: D107 (what a module is built from is documented with its class)
"""Embedding of numbers that condition a denoiser: time step, noise level, frame rate."""

from __future__ import annotations

from diffusers.models.embeddings import TimestepEmbedding, Timesteps
from torch import Tensor, nn

__all__ = ["ScalarEmbedding"]


class ScalarEmbedding(nn.Module):
    """Sinusoidal embedding of one number per sample, and a two-layer perceptron on it."""

    def __init__(self, channels: int, *, width: int) -> None:
        super().__init__()
        self.sinusoid = Timesteps(channels, flip_sin_to_cos=True, downscale_freq_shift=0)
        self.perceptron = TimestepEmbedding(channels, width)

    def forward(self, values: Tensor) -> Tensor:
        """(batch,) to (batch, width), at the dtype of the weights."""
        dtype = self.perceptron.linear_1.weight.dtype
        out: Tensor = self.perceptron(self.sinusoid(values).to(dtype))
        return out
