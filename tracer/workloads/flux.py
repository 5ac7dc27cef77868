"""FLUX.1 dev and schnell: CLIP and T5 encoders, joint transformer of text and image, VAE decoder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from tracer.graph import Workload

from .inputs import latent_shape, meta_tensor, required
from .pipeline import Limits, Pipeline, StageSpec

if TYPE_CHECKING:
    from torch import nn

__all__ = ["PIPELINES"]

_CLIP_LENGTH = 77
_PATCH = 2  # latent pixels on a side that make one token

# black-forest-labs/FLUX.1-dev, transformer/config.json; schnell's differs in guidance_embeds alone.
_TRANSFORMER = {
    "patch_size": 1,
    "in_channels": 64,
    "num_layers": 19,
    "num_single_layers": 38,
    "attention_head_dim": 128,
    "num_attention_heads": 24,
    "joint_attention_dim": 4096,
    "pooled_projection_dim": 768,
    "axes_dims_rope": (16, 56, 56),
}


def _builder(*, guidance_embeds: bool) -> Callable[[Workload], Sequence[StageSpec]]:
    def build(workload: Workload) -> tuple[StageSpec, ...]:
        """Text encoders once, transformer per step with guidance as an input, decoder."""
        from diffusers import FluxTransformer2DModel

        from .autoencoders import decoder_stage, vae_16_channels
        from .construction import diffusers_module
        from .text_encoders import clip_l, t5_xxl, text_stage

        (length,) = required(workload, "prompt_length")
        dtype, batch = workload.dtype, workload.batch
        config = {**_TRANSFORMER, "guidance_embeds": guidance_embeds}
        transformer = diffusers_module(FluxTransformer2DModel, config, dtype)
        latents = latent_shape(workload, channels=16, downsampling=8)
        return (
            text_stage(clip_l(dtype), batch=batch, length=_CLIP_LENGTH),
            text_stage(t5_xxl(dtype), batch=batch, length=length, name="text_encoder_2"),
            _transformer_stage(transformer, latents, workload, guidance=guidance_embeds),
            decoder_stage(vae_16_channels(dtype), latents, dtype=dtype),
        )

    return build


def _transformer_stage(
    transformer: nn.Module, latents: tuple[int, ...], workload: Workload, *, guidance: bool
) -> StageSpec:
    steps, length = required(workload, "num_inference_steps", "prompt_length")
    batch, channels, height, width = latents
    tokens, dtype = height // _PATCH * (width // _PATCH), workload.dtype

    def run(module: Any, repeat: int) -> object:
        return module(
            hidden_states=meta_tensor((batch, tokens, channels * _PATCH**2), dtype),
            timestep=meta_tensor((batch,), dtype),
            guidance=meta_tensor((batch,), "float32") if guidance else None,
            pooled_projections=meta_tensor((batch, 768), dtype),
            encoder_hidden_states=meta_tensor((batch, length, 4096), dtype),
            txt_ids=meta_tensor((length, 3), dtype),
            img_ids=meta_tensor((tokens, 3), dtype),
            return_dict=False,
        )

    return StageSpec(name="transformer", component="transformer", module=transformer, run=run, repeats=steps)


_ENCODERS_AND_DECODER = {
    "text_encoder": 123_060_480,
    "text_encoder_2": 4_762_310_656,
    "vae": 83_819_683,
}

PIPELINES = (
    Pipeline(
        name="flux-dev",
        title="FLUX.1 dev",
        defaults=Workload(
            height=1024,
            width=1024,
            num_inference_steps=50,
            guidance_scale=3.5,
            prompt_length=512,
            dtype="bfloat16",
        ),
        build=_builder(guidance_embeds=True),
        limits=Limits(prompt=512),
        sources=(
            "black-forest-labs/FLUX.1-dev (huggingface.co): model card (50 steps, guidance 3.5, 512 tokens), "
            "config.json of each part; 23.8 GB of transformer weights",
            "diffusers 0.42, FluxPipeline",
        ),
        parameters={**_ENCODERS_AND_DECODER, "transformer": 11_901_408_320},
        choices=("Guidance is an input of the transformer, so it does not double the batch.",),
        attention_kinds={r"^transformer\.": "joint"},
        size_multiple=16,
        aliases=("flux", "flux.1-dev", "flux1-dev"),
    ),
    Pipeline(
        name="flux-schnell",
        title="FLUX.1 schnell",
        defaults=Workload(height=1024, width=1024, num_inference_steps=4, prompt_length=256, dtype="bfloat16"),
        build=_builder(guidance_embeds=False),
        limits=Limits(prompt=512),
        sources=(
            "black-forest-labs/FLUX.1-schnell (huggingface.co): model card (4 steps, 256 tokens), "
            "config.json of each part, total_size of the transformer's safetensors index (23782357120 B)",
            "diffusers 0.42, FluxPipeline",
        ),
        parameters={**_ENCODERS_AND_DECODER, "transformer": 11_891_178_560},
        attention_kinds={r"^transformer\.": "joint"},
        size_multiple=16,
        aliases=("flux.1-schnell", "flux1-schnell"),
    ),
)
