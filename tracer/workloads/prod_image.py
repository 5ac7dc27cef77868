"""Stand-in for "Prod Image", the undisclosed production model of Golden et al., arXiv:2312.14385.

All that is public is that it is a latent diffusion model for images. Nothing here describes the real one: this is
Stable Diffusion 1.5 whose U-Net does not attend at its highest resolution. The reason is a recollection that the study
reports only 4 % gain from flash attention for it: attention over 64 x 64 latents would give far more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tracer.graph import Workload

from .inputs import guided_batch, latent_shape, meta_tensor, required
from .pipeline import Limits, Pipeline, StageSpec

if TYPE_CHECKING:
    from torch import nn

__all__ = ["PIPELINES"]

_TEXT_WIDTH = 768

# runwayml/stable-diffusion-v1-5, unet/config.json, but for the first down block and the last up block.
_UNET = {
    "sample_size": 64,
    "in_channels": 4,
    "out_channels": 4,
    "attention_head_dim": 8,
    "block_out_channels": (320, 640, 1280, 1280),
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "cross_attention_dim": _TEXT_WIDTH,
    "layers_per_block": 2,
    "norm_num_groups": 32,
}


def build(workload: Workload) -> Sequence[StageSpec]:
    """Text encoder on prompt and empty prompt in turn, U-Net on both in one batch, decoder."""
    from diffusers import UNet2DConditionModel

    from .autoencoders import decoder_stage, vae_4_channels
    from .construction import diffusers_module
    from .text_encoders import clip_l, text_stage

    (length,) = required(workload, "prompt_length")
    latents = latent_shape(workload, channels=4, downsampling=8)
    dtype, encodings = workload.dtype, 2 if workload.guided else 1
    return [
        text_stage(clip_l(dtype), batch=workload.batch, length=length, repeats=encodings),
        _unet_stage(diffusers_module(UNet2DConditionModel, _UNET, dtype), latents, workload),
        decoder_stage(vae_4_channels(dtype), latents, dtype=dtype),
    ]


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
        name="prod-image",
        title="Prod Image (stand-in)",
        defaults=Workload(
            height=512, width=512, num_inference_steps=50, guidance_scale=7.5, prompt_length=77, dtype="float16"
        ),
        build=build,
        limits=Limits(prompt=77),
        sources=(
            "Golden et al., Generative AI Beyond LLMs, arXiv:2312.14385 (that it is a latent diffusion model)",
            "huggingface.co/runwayml/stable-diffusion-v1-5, config.json of each part (what stands in for it)",
        ),
        parameters={"text_encoder": 123_060_480, "vae": 83_653_863},
        attention_kinds={r"\.attn2$": "cross", r"^unet\..*\.attn1$": "spatial"},
        choices=(
            "A STAND-IN: the real model is a production model whose architecture, size, resolution and steps are "
            "not disclosed. Figures of this pipeline say nothing about it.",
            "U-Net, text encoder, decoder, 512 pixels, 50 steps, guidance 7.5: those of Stable Diffusion 1.5.",
            "Attention of the U-Net starts at half the latent resolution (32 x 32): the study is remembered to "
            "report a gain of 4 % from flash attention, the least of all its models. 847 M parameters.",
        ),
        aliases=("prod-image-stand-in",),
    ),
)
