"""PixArt-alpha and PixArt-Sigma: T5 encoder, a transformer with cross-attention to the text, VAE decoder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from tracer.graph import Workload

from .inputs import guided_batch, latent_shape, meta_tensor, required
from .pipeline import Pipeline, StageSpec

if TYPE_CHECKING:
    from torch import nn

__all__ = ["PIPELINES"]

# PixArt-alpha/PixArt-XL-2-1024-MS and PixArt-Sigma-XL-2-1024-MS, transformer/config.json.
_TRANSFORMER = {
    "sample_size": 128,
    "patch_size": 2,
    "in_channels": 4,
    "out_channels": 8,
    "num_layers": 28,
    "num_attention_heads": 16,
    "attention_head_dim": 72,
    "cross_attention_dim": 1152,
    "caption_channels": 4096,
    "norm_type": "ada_norm_single",
    "interpolation_scale": 2,
}


def _builder(*, size_conditions: bool) -> Callable[[Workload], Sequence[StageSpec]]:
    def build(workload: Workload) -> tuple[StageSpec, ...]:
        """T5 for prompt and empty prompt in turn, transformer with both in one batch, decoder."""
        from diffusers import PixArtTransformer2DModel

        from .autoencoders import decoder_stage, vae_4_channels
        from .construction import diffusers_module
        from .text_encoders import t5_xxl, text_stage

        (length,) = required(workload, "prompt_length")
        dtype, encodings = workload.dtype, 2 if workload.guided else 1
        config = {**_TRANSFORMER, "use_additional_conditions": size_conditions}
        transformer = diffusers_module(PixArtTransformer2DModel, config, dtype)
        latents = latent_shape(workload, channels=4, downsampling=8)
        return (
            text_stage(t5_xxl(dtype), batch=workload.batch, length=length, masked=True, repeats=encodings),
            _transformer_stage(transformer, latents, workload, size_conditions=size_conditions),
            decoder_stage(vae_4_channels(dtype), latents, dtype=dtype),
        )

    return build


def _transformer_stage(
    transformer: nn.Module, latents: tuple[int, ...], workload: Workload, *, size_conditions: bool
) -> StageSpec:
    steps, length = required(workload, "num_inference_steps", "prompt_length")
    batch, dtype = guided_batch(workload), workload.dtype

    def run(module: Any, repeat: int) -> object:
        conditions = {
            "resolution": meta_tensor((batch, 2), dtype) if size_conditions else None,
            "aspect_ratio": meta_tensor((batch, 1), dtype) if size_conditions else None,
        }
        return module(
            meta_tensor((batch, *latents[1:]), dtype),
            encoder_hidden_states=meta_tensor((batch, length, 4096), dtype),
            encoder_attention_mask=meta_tensor((batch, length), "int64"),
            timestep=meta_tensor((batch,), "int64"),
            added_cond_kwargs=conditions,
            return_dict=False,
        )

    return StageSpec(name="transformer", component="transformer", module=transformer, run=run, repeats=steps)


_ATTENTION_KINDS = {r"\.attn2$": "cross", r"\.attn1$": "spatial"}

PIPELINES = (
    Pipeline(
        name="pixart-alpha",
        title="PixArt-alpha XL/2 1024-MS",
        defaults=Workload(
            height=1024,
            width=1024,
            num_inference_steps=20,
            guidance_scale=4.5,
            prompt_length=120,
            dtype="float16",
        ),
        build=_builder(size_conditions=True),
        sources=(
            "Chen et al., PixArt-alpha: Fast Training of Diffusion Transformer for Photorealistic "
            "Text-to-Image Synthesis, arXiv:2310.00426 (0.6 G parameters)",
            "PixArt-alpha/PixArt-XL-2-1024-MS (huggingface.co): config.json of each part",
            "diffusers 0.42, PixArtAlphaPipeline: 20 steps, guidance 4.5, 120 tokens",
        ),
        parameters={"text_encoder": 4_762_310_656, "transformer": 0.6e9, "vae": 83_653_863},
        rounded=frozenset({"transformer"}),
        attention_kinds=_ATTENTION_KINDS,
        size_multiple=16,
        aliases=("pixart",),
    ),
    Pipeline(
        name="pixart-sigma",
        title="PixArt-Sigma XL/2 1024-MS",
        defaults=Workload(
            height=1024,
            width=1024,
            num_inference_steps=20,
            guidance_scale=4.5,
            prompt_length=300,
            dtype="float16",
        ),
        build=_builder(size_conditions=False),
        sources=(
            "Chen et al., PixArt-Sigma: Weak-to-Strong Training of Diffusion Transformer for 4K "
            "Text-to-Image Generation, arXiv:2403.04692",
            "PixArt-alpha/PixArt-Sigma-XL-2-1024-MS (huggingface.co): config.json of each part; 2443492488 B "
            "of transformer weights in float32",
            "diffusers 0.42, PixArtSigmaPipeline: 20 steps, guidance 4.5, 300 tokens",
        ),
        parameters={"text_encoder": 4_762_310_656, "transformer": 610_856_096, "vae": 83_653_863},
        attention_kinds=_ATTENTION_KINDS,
        size_multiple=16,
    ),
)
