"""Image autoencoders that several pipelines share, and the stage that decodes latents with them.

The module is the whole autoencoder, because a pipeline holds all its weights; the stage runs the decoder
alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .construction import diffusers_module, torch_dtype
from .pipeline import StageSpec

if TYPE_CHECKING:
    from torch import nn

__all__ = ["decoder_stage", "vae_4_channels", "vae_16_channels"]

_KL_CONFIG = {
    "in_channels": 3,
    "out_channels": 3,
    "block_out_channels": (128, 256, 512, 512),
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "layers_per_block": 2,
    "norm_num_groups": 32,
    "act_fn": "silu",
}


def vae_4_channels(dtype: str) -> nn.Module:
    """Autoencoder of latent diffusion, 8 times smaller latents of 4 channels: 83.7 M parameters.

    Source: stabilityai/sd-vae-ft-mse and stabilityai/stable-diffusion-xl-base-1.0, vae/config.json.
    """
    from diffusers import AutoencoderKL

    return diffusers_module(AutoencoderKL, {**_KL_CONFIG, "latent_channels": 4}, dtype)


def vae_16_channels(dtype: str) -> nn.Module:
    """Autoencoder with 8 times smaller latents of 16 channels and no quantisation layers: 83.8 M parameters.

    Source: stabilityai/stable-diffusion-3-medium-diffusers and black-forest-labs/FLUX.1-dev, vae/config.json.
    """
    from diffusers import AutoencoderKL

    config = {**_KL_CONFIG, "latent_channels": 16, "use_quant_conv": False, "use_post_quant_conv": False}
    return diffusers_module(AutoencoderKL, config, dtype)


def decoder_stage(
    module: nn.Module,
    latents: tuple[int, ...],
    *,
    dtype: str,
    name: str = "vae_decoder",
    component: str = "vae",
) -> StageSpec:
    """Stage that decodes latents of shape `latents` once.

    Parameters
    ----------
    module : torch.nn.Module
        Autoencoder with a ``decode`` method, on the meta device.
    latents : tuple of int
        Shape of its input: (batch, channels, height, width), with frames before height in a video.
    dtype : str
        torch's name of the dtype of the latents: that of the module's weights.
    name, component : str
        Names of the stage and of its weights.
    """

    def run(autoencoder: Any, repeat: int) -> object:
        import torch

        return autoencoder.decode(torch.empty(latents, dtype=torch_dtype(dtype), device="meta"))

    return StageSpec(name=name, component=component, module=module, run=run)
