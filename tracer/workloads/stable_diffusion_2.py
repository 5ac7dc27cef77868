"""Stable Diffusion 2.1: OpenCLIP-H text encoder, U-Net in the latent space at 768 pixels, VAE decoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracer.graph import Workload

from .inputs import guided_batch, latent_shape, meta_tensor, required
from .pipeline import Limits, Pipeline, StageSpec

if TYPE_CHECKING:
    from torch import nn

__all__ = ["PIPELINES"]

_TEXT_WIDTH = 1024

# stabilityai/stable-diffusion-2-1, unet/config.json.
_UNET = {
    "sample_size": 96,
    "in_channels": 4,
    "out_channels": 4,
    "attention_head_dim": (5, 10, 20, 20),
    "block_out_channels": (320, 640, 1280, 1280),
    "down_block_types": ("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
    "up_block_types": ("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
    "cross_attention_dim": _TEXT_WIDTH,
    "layers_per_block": 2,
    "use_linear_projection": True,
    "upcast_attention": True,
}


def build(workload: Workload) -> tuple[StageSpec, ...]:
    """Text encoder once per prompt and once per empty prompt, U-Net with both in one batch, decoder."""
    from diffusers import UNet2DConditionModel

    from .autoencoders import decoder_stage, vae_4_channels
    from .construction import diffusers_module
    from .text_encoders import openclip_h, text_stage

    (length,) = required(workload, "prompt_length")
    latents = latent_shape(workload, channels=4, downsampling=8)
    dtype, encodings = workload.dtype, 2 if workload.guided else 1
    return (
        text_stage(openclip_h(dtype), batch=workload.batch, length=length, repeats=encodings),
        _unet_stage(diffusers_module(UNet2DConditionModel, _UNET, dtype), latents, workload),
        decoder_stage(vae_4_channels(dtype), latents, dtype=dtype),
    )


def _unet_stage(unet: nn.Module, latents: tuple[int, ...], workload: Workload) -> StageSpec:
    steps, length = required(workload, "num_inference_steps", "prompt_length")
    batch, dtype = guided_batch(workload), workload.dtype

    def run(module: Any, repeat: int) -> object:
        sample = meta_tensor((batch, *latents[1:]), dtype)
        prompts = meta_tensor((batch, length, _TEXT_WIDTH), dtype)
        return module(sample, meta_tensor((), "int64"), prompts, return_dict=False)

    return StageSpec(name="unet", component="unet", module=unet, run=run, repeats=steps)


PIPELINES = (
    Pipeline(
        name="sd2.1",
        title="Stable Diffusion 2.1",
        defaults=Workload(
            height=768,
            width=768,
            num_inference_steps=50,
            guidance_scale=7.5,
            prompt_length=77,
            dtype="float16",
        ),
        build=build,
        limits=Limits(prompt=77),
        sources=(
            "Rombach et al., High-Resolution Image Synthesis with Latent Diffusion Models, arXiv:2112.10752",
            "stabilityai/stable-diffusion-2-1 (huggingface.co): config.json of each part",
            "diffusers 0.42, StableDiffusionPipeline: 50 steps, guidance 7.5",
        ),
        parameters={"text_encoder": 340_387_840, "unet": 865_910_724, "vae": 83_653_863},
        attention_kinds={r"\.attn2$": "cross", r"\.attn1$": "spatial"},
        aliases=("sd-2.1", "stable-diffusion-2", "stable-diffusion-2.1"),
    ),
)
