"""Stable Diffusion 1.5: CLIP text encoder, U-Net in the latent space, VAE decoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tracer.graph import Workload

from .pipeline import Limits, Pipeline, StageSpec

if TYPE_CHECKING:
    from torch import nn

__all__ = ["PIPELINES", "UNET"]

_LATENT_CHANNELS = 4
_DOWNSAMPLING = 8

# runwayml/stable-diffusion-v1-5, unet/config.json.
UNET = {
    "sample_size": 64,
    "in_channels": _LATENT_CHANNELS,
    "out_channels": _LATENT_CHANNELS,
    "attention_head_dim": 8,
    "block_out_channels": (320, 640, 1280, 1280),
    "down_block_types": ("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
    "up_block_types": ("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
    "cross_attention_dim": 768,
    "layers_per_block": 2,
    "norm_num_groups": 32,
}


def _build(workload: Workload) -> Sequence[StageSpec]:
    from diffusers import UNet2DConditionModel

    from .autoencoders import decoder_stage, vae_4_channels
    from .construction import diffusers_module
    from .text_encoders import clip_l, text_stage

    height, width, steps, length = (
        workload.height,
        workload.width,
        workload.num_inference_steps,
        workload.prompt_length,
    )
    if height is None or width is None or steps is None or length is None:
        raise ValueError("stable-diffusion needs height, width, num_inference_steps and prompt_length")
    latents = (workload.batch, _LATENT_CHANNELS, height // _DOWNSAMPLING, width // _DOWNSAMPLING)
    dtype = workload.dtype
    return (
        # The empty prompt of guidance is encoded in a run of its own (StableDiffusionPipeline.encode_prompt).
        text_stage(clip_l(dtype), batch=workload.batch, length=length, repeats=2 if workload.guided else 1),
        _unet_stage(diffusers_module(UNet2DConditionModel, UNET, dtype), latents, workload, length, steps),
        decoder_stage(vae_4_channels(dtype), latents, dtype=dtype),
    )


def _unet_stage(unet: nn.Module, latents: tuple[int, ...], workload: Workload, length: int, steps: int) -> StageSpec:
    batch = latents[0] * (2 if workload.guided else 1)

    def run(module: Any, repeat: int) -> object:
        import torch

        from .construction import torch_dtype

        dtype = torch_dtype(workload.dtype)
        sample = torch.empty((batch, *latents[1:]), dtype=dtype, device="meta")
        timestep = torch.empty((), dtype=torch.int64, device="meta")
        prompts = torch.empty((batch, length, 768), dtype=dtype, device="meta")
        return module(sample, timestep, prompts, return_dict=False)

    return StageSpec(name="unet", component="unet", module=unet, run=run, repeats=steps)


PIPELINES = (
    Pipeline(
        name="stable-diffusion",
        title="Stable Diffusion 1.5",
        aliases=("sd1.5", "sd-1.5", "stable-diffusion-1.5", "stable-diffusion-v1-5"),
        defaults=Workload(
            height=512,
            width=512,
            num_inference_steps=50,
            scheduler="pndm",
            guidance_scale=7.5,
            prompt_length=77,
            dtype="float16",
        ),
        build=_build,
        limits=Limits(prompt=77),
        sources=(
            "Rombach et al. 2022, High-Resolution Image Synthesis with Latent Diffusion Models, arXiv 2112.10752",
            "github.com/CompVis/stable-diffusion configs/stable-diffusion/v1-inference.yaml",
            "huggingface.co/runwayml/stable-diffusion-v1-5 (model_index.json, unet/config.json, vae/config.json)",
        ),
        # forums.fast.ai/t/.../101515
        parameters={"text_encoder": 123_060_480, "unet": 859_520_964, "vae": 83_653_863},
        attention_kinds={r"\.attn2$": "cross", r"^unet\..*\.attn1$": "spatial"},
    ),
)
