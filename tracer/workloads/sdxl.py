"""Stable Diffusion XL base 1.0: two CLIP text encoders, U-Net with deep transformers, VAE decoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracer.graph import Workload

from .inputs import guided_batch, latent_shape, meta_tensor, required
from .pipeline import Limits, Pipeline, StageSpec

if TYPE_CHECKING:
    from torch import nn

__all__ = ["PIPELINES", "UNET"]

_TEXT_WIDTH = 768 + 1280
_POOLED_WIDTH = 1280
_SIZE_CONDITIONS = 6  # original size, crop corner and target size, two numbers each

# stabilityai/stable-diffusion-xl-base-1.0, unet/config.json.
UNET = {
    "sample_size": 128,
    "in_channels": 4,
    "out_channels": 4,
    "attention_head_dim": (5, 10, 20),
    "block_out_channels": (320, 640, 1280),
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "transformer_layers_per_block": (1, 2, 10),
    "cross_attention_dim": _TEXT_WIDTH,
    "layers_per_block": 2,
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": _POOLED_WIDTH + _SIZE_CONDITIONS * 256,
}


def build(workload: Workload) -> tuple[StageSpec, ...]:
    """Both text encoders once, U-Net with prompt and zeroed prompt in one batch, decoder."""
    from diffusers import UNet2DConditionModel

    from .autoencoders import decoder_stage, vae_4_channels
    from .construction import diffusers_module
    from .text_encoders import clip_l, openclip_bigg, text_stage

    (length,) = required(workload, "prompt_length")
    latents = latent_shape(workload, channels=4, downsampling=8)
    dtype, batch = workload.dtype, workload.batch
    decoder_dtype = "float32" if dtype == "float16" else dtype
    clip = text_stage(clip_l(dtype), batch=batch, length=length, hidden_states=True)
    open_clip = text_stage(openclip_bigg(dtype), batch=batch, length=length, name="text_encoder_2", hidden_states=True)
    return (
        clip,
        open_clip,
        _unet_stage(diffusers_module(UNet2DConditionModel, UNET, dtype), latents, workload),
        decoder_stage(vae_4_channels(decoder_dtype), latents, dtype=decoder_dtype),
    )


def _unet_stage(unet: nn.Module, latents: tuple[int, ...], workload: Workload) -> StageSpec:
    steps, length = required(workload, "num_inference_steps", "prompt_length")
    batch, dtype = guided_batch(workload), workload.dtype

    def run(module: Any, repeat: int) -> object:
        sample = meta_tensor((batch, *latents[1:]), dtype)
        prompts = meta_tensor((batch, length, _TEXT_WIDTH), dtype)
        conditions = {
            "text_embeds": meta_tensor((batch, _POOLED_WIDTH), dtype),
            "time_ids": meta_tensor((batch, _SIZE_CONDITIONS), dtype),
        }
        timestep = meta_tensor((), "float32")
        return module(sample, timestep, prompts, added_cond_kwargs=conditions, return_dict=False)

    return StageSpec(name="unet", component="unet", module=unet, run=run, repeats=steps)


PIPELINES = (
    Pipeline(
        name="sdxl",
        title="Stable Diffusion XL base 1.0",
        defaults=Workload(
            height=1024,
            width=1024,
            num_inference_steps=50,
            guidance_scale=5.0,
            prompt_length=77,
            dtype="float16",
        ),
        build=build,
        limits=Limits(prompt=77),
        sources=(
            "Podell et al., SDXL: Improving Latent Diffusion Models for High-Resolution Image Synthesis, "
            "arXiv:2307.01952",
            "stabilityai/stable-diffusion-xl-base-1.0 (huggingface.co): config.json of each part",
            "diffusers 0.42, StableDiffusionXLPipeline: 50 steps, guidance 5.0, decoder in float32",
        ),
        parameters={
            "text_encoder": 123_060_480,
            "text_encoder_2": 694_659_840,
            "unet": 2_567_463_684,
            "vae": 83_653_863,
        },
        choices=(
            "The decoder overflows in float16, so the pipeline casts it to float32 before it decodes; the "
            "cast itself, once per image, is left out.",
            "Without a negative prompt the unconditional embedding is zeros: the text encoders run once.",
        ),
        attention_kinds={r"\.attn2$": "cross", r"\.attn1$": "spatial"},
        aliases=("stable-diffusion-xl", "sdxl-base"),
    ),
)
