"""Stable Diffusion 3 medium, 3.5 medium and 3.5 large: two CLIP encoders and T5, joint transformer, VAE decoder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tracer.graph import Workload

from .inputs import guided_batch, latent_shape, meta_tensor, required
from .pipeline import Limits, Pipeline, StageSpec

if TYPE_CHECKING:
    from torch import nn

__all__ = ["PIPELINES"]

_CLIP_LENGTH = 77  # tokens; the pipeline sets only T5's length
_TEXT_WIDTH = 4096
_POOLED_WIDTH = 768 + 1280

_COMMON = {
    "sample_size": 128,
    "patch_size": 2,
    "in_channels": 16,
    "out_channels": 16,
    "attention_head_dim": 64,
    "joint_attention_dim": _TEXT_WIDTH,
    "pooled_projection_dim": _POOLED_WIDTH,
    "pos_embed_max_size": 192,
}
# stabilityai/stable-diffusion-3-medium-diffusers, transformer/config.json.
_MEDIUM = {**_COMMON, "num_layers": 24, "num_attention_heads": 24, "caption_projection_dim": 1536}
# stabilityai/stable-diffusion-3.5-medium, transformer/config.json: half of the layers attend a second time, to the
# image alone.
_MEDIUM_3_5 = {
    **_MEDIUM,
    "pos_embed_max_size": 384,
    "qk_norm": "rms_norm",
    "dual_attention_layers": tuple(range(13)),
}
# stabilityai/stable-diffusion-3.5-large, transformer/config.json.
_LARGE = {
    **_COMMON,
    "num_layers": 38,
    "num_attention_heads": 38,
    "caption_projection_dim": 2432,
    "qk_norm": "rms_norm",
}


def _builder(config: Mapping[str, object]) -> Callable[[Workload], Sequence[StageSpec]]:
    def build(workload: Workload) -> tuple[StageSpec, ...]:
        """Three encoders for prompt and empty prompt in turn, transformer with both in a batch, decoder."""
        from diffusers import SD3Transformer2DModel

        from .autoencoders import decoder_stage, vae_16_channels
        from .construction import diffusers_module

        dtype = workload.dtype
        latents = latent_shape(workload, channels=16, downsampling=8)
        transformer = diffusers_module(SD3Transformer2DModel, config, dtype)
        return (
            *_text_stages(workload),
            _transformer_stage(transformer, latents, workload),
            decoder_stage(vae_16_channels(dtype), latents, dtype=dtype),
        )

    return build


def _text_stages(workload: Workload) -> tuple[StageSpec, StageSpec, StageSpec]:
    from .text_encoders import clip_l, openclip_bigg, t5_xxl, text_stage

    (length,) = required(workload, "prompt_length")
    dtype, batch, encodings = workload.dtype, workload.batch, 2 if workload.guided else 1

    def clip(module: nn.Module, name: str) -> StageSpec:
        return text_stage(module, batch=batch, length=_CLIP_LENGTH, name=name, hidden_states=True, repeats=encodings)

    return (
        clip(clip_l(dtype, projection=True), "text_encoder"),
        clip(openclip_bigg(dtype), "text_encoder_2"),
        text_stage(t5_xxl(dtype), batch=batch, length=length, name="text_encoder_3", repeats=encodings),
    )


def _transformer_stage(transformer: nn.Module, latents: tuple[int, ...], workload: Workload) -> StageSpec:
    steps, length = required(workload, "num_inference_steps", "prompt_length")
    batch, dtype = guided_batch(workload), workload.dtype

    def run(module: Any, repeat: int) -> object:
        return module(
            hidden_states=meta_tensor((batch, *latents[1:]), dtype),
            timestep=meta_tensor((batch,), "float32"),
            encoder_hidden_states=meta_tensor((batch, _CLIP_LENGTH + length, _TEXT_WIDTH), dtype),
            pooled_projections=meta_tensor((batch, _POOLED_WIDTH), dtype),
            return_dict=False,
        )

    return StageSpec(name="transformer", component="transformer", module=transformer, run=run, repeats=steps)


_ENCODERS_AND_DECODER = {
    "text_encoder": 123_650_304,
    "text_encoder_2": 694_659_840,
    "text_encoder_3": 4_762_310_656,
    "vae": 83_819_683,
}
_PAPER = "Esser et al., Scaling Rectified Flow Transformers for High-Resolution Image Synthesis, arXiv:2403.03206"

PIPELINES = (
    Pipeline(
        name="sd3-medium",
        title="Stable Diffusion 3 medium",
        defaults=Workload(
            height=1024,
            width=1024,
            num_inference_steps=28,
            guidance_scale=7.0,
            prompt_length=256,
            dtype="float16",
        ),
        build=_builder(_MEDIUM),
        limits=Limits(prompt=512),
        sources=(
            _PAPER,
            "stabilityai/stable-diffusion-3-medium-diffusers (huggingface.co): config.json of each part; "
            "4.17 GB of transformer weights in float16, of which 0.11 GB are the position table",
            "diffusers 0.42, StableDiffusion3Pipeline: 28 steps, guidance 7.0, 256 tokens of T5",
        ),
        parameters={**_ENCODERS_AND_DECODER, "transformer": 2.028e9},
        attention_kinds={r"^transformer\.": "joint"},
        size_multiple=16,
        aliases=("sd3", "stable-diffusion-3-medium", "stable-diffusion-3"),
    ),
    Pipeline(
        name="sd3.5-medium",
        title="Stable Diffusion 3.5 medium",
        defaults=Workload(
            height=1024,
            width=1024,
            num_inference_steps=40,
            guidance_scale=4.5,
            prompt_length=256,
            dtype="bfloat16",
        ),
        build=_builder(_MEDIUM_3_5),
        limits=Limits(prompt=512),
        sources=(
            _PAPER,
            "stabilityai/stable-diffusion-3.5-medium (huggingface.co): model card (40 steps, guidance 4.5, 2.5 billion "
            "parameters), config.json of each part",
            "diffusers 0.42, StableDiffusion3Pipeline: 256 tokens of T5; scripts/convert_sd3_to_diffusers.py: a "
            "position table of 384 and a second attention in layers 0 to 12",
        ),
        # The position table of 384 x 384 places is no parameter of the module.
        parameters={**_ENCODERS_AND_DECODER, "transformer": 2.5e9 - 384**2 * 1536},
        rounded=frozenset({"transformer"}),
        attention_kinds={r"\.attn2$": "spatial", r"^transformer\.": "joint"},
        size_multiple=16,
        aliases=("stable-diffusion-3.5-medium",),
    ),
    Pipeline(
        name="sd3.5-large",
        title="Stable Diffusion 3.5 large",
        defaults=Workload(
            height=1024,
            width=1024,
            num_inference_steps=28,
            guidance_scale=3.5,
            prompt_length=256,
            dtype="bfloat16",
        ),
        build=_builder(_LARGE),
        limits=Limits(prompt=512),
        sources=(
            _PAPER,
            "stabilityai/stable-diffusion-3.5-large (huggingface.co): model card, config.json of each part; "
            "total_size of the turbo variant's safetensors index (16292561536 B with the position table)",
            "diffusers 0.42, StableDiffusion3Pipeline: 256 tokens of T5",
        ),
        parameters={**_ENCODERS_AND_DECODER, "transformer": 8_056_627_520},
        attention_kinds={r"^transformer\.": "joint"},
        size_multiple=16,
        aliases=("stable-diffusion-3.5-large",),
    ),
)
