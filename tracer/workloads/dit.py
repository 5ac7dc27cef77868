"""DiT-XL/2: a class label instead of a prompt, a transformer on latent patches, VAE decoder."""

from __future__ import annotations

from functools import partial
from typing import Any

from tracer.graph import Workload

from .inputs import guided_batch, latent_shape, meta_tensor, required
from .pipeline import Pipeline, StageSpec

__all__ = ["PIPELINES"]

_DOWNSAMPLING = 8
_WIDTH = 16 * 72
_EMBEDDINGS = 1001 * _WIDTH + (256 + 1 + _WIDTH + 1) * _WIDTH  # parameters

# facebook/DiT-XL-2-256 and facebook/DiT-XL-2-512, transformer/config.json; they differ in the sample size alone.
_TRANSFORMER = {
    "num_attention_heads": 16,
    "attention_head_dim": 72,
    "in_channels": 4,
    "out_channels": 8,
    "num_layers": 28,
    "attention_bias": True,
    "patch_size": 2,
    "activation_fn": "gelu-approximate",
    "num_embeds_ada_norm": 1000,
    "norm_type": "ada_norm_zero",
    "norm_elementwise_affine": False,
}


def build(workload: Workload) -> tuple[StageSpec, ...]:
    """Transformer with the class and no class in one batch, decoder."""
    from diffusers import DiTTransformer2DModel

    from .autoencoders import decoder_stage, vae_4_channels
    from .construction import diffusers_module

    (steps,) = required(workload, "num_inference_steps")
    latents = latent_shape(workload, channels=4, downsampling=_DOWNSAMPLING)
    config = {**_TRANSFORMER, "sample_size": latents[3]}
    batch, dtype = guided_batch(workload), workload.dtype

    def run(module: Any, repeat: int) -> object:
        return module(
            meta_tensor((batch, *latents[1:]), dtype),
            timestep=meta_tensor((batch,), "int64"),
            class_labels=meta_tensor((batch,), "int64"),
            return_dict=False,
        )

    transformer = diffusers_module(DiTTransformer2DModel, config, dtype)
    return (
        StageSpec(name="transformer", component="transformer", module=transformer, run=run, repeats=steps),
        decoder_stage(vae_4_channels(dtype), latents, dtype=dtype),
    )


_pipeline = partial(
    Pipeline,
    build=build,
    sources=(
        "Peebles and Xie, Scalable Diffusion Models with Transformers, arXiv:2212.09748, table 4: 675 M parameters",
        "facebook/DiT-XL-2-256 and facebook/DiT-XL-2-512 (huggingface.co): transformer/config.json",
        "diffusers 0.42, DiTPipeline: 50 steps, guidance 4.0",
    ),
    # diffusers gives every layer embeddings of its own of the time and of 1001 classes.
    parameters={"transformer": 675e6 + 27 * _EMBEDDINGS, "vae": 83_653_863},
    attention_kinds={r"\.attn1$": "spatial"},
    size_multiple=_DOWNSAMPLING * 2,
    choices=("Pictures are square, and the model is the one of their size: its position table is as large.",),
)
_SETTINGS = partial(Workload, num_inference_steps=50, guidance_scale=4.0, dtype="float16")

PIPELINES = (
    _pipeline(
        name="dit-xl-2",
        title="DiT-XL/2 256 x 256",
        defaults=_SETTINGS(height=256, width=256),
        aliases=("dit", "dit-xl-2-256"),
    ),
    _pipeline(name="dit-xl-2-512", title="DiT-XL/2 512 x 512", defaults=_SETTINGS(height=512, width=512)),
)
