"""Z-Image: Qwen3 4B as text encoder, a single-stream transformer over picture and prompt, VAE decoder."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from tracer.graph import Workload

from .inputs import guided_batch, latent_shape, meta_tensor, required
from .limits import Limits
from .pipeline import Pipeline, StageSpec

if TYPE_CHECKING:
    from torch import nn

__all__ = ["PIPELINES"]

_ENCODER_LENGTH = 512  # tokens that the encoder is padded to; the transformer is given those of the prompt
_TEXT_WIDTH = 2560

# Tongyi-MAI/Z-Image-Turbo and Tongyi-MAI/Z-Image, transformer/config.json: the defaults of ZImageTransformer2DModel.
_TRANSFORMER = {
    "all_patch_size": (2,),
    "all_f_patch_size": (1,),
    "in_channels": 16,
    "dim": 3840,
    "n_layers": 30,
    "n_refiner_layers": 2,
    "n_heads": 30,
    "n_kv_heads": 30,
    "norm_eps": 1e-5,
    "qk_norm": True,
    "cap_feat_dim": _TEXT_WIDTH,
    "rope_theta": 256.0,
    "t_scale": 1000.0,
    "axes_dims": (32, 48, 48),
    "axes_lens": (1536, 512, 512),
}


def build(workload: Workload) -> tuple[StageSpec, ...]:
    """Encoder for prompt and negative prompt in turn, transformer with both in one batch, decoder."""
    from diffusers import ZImageTransformer2DModel

    from .autoencoders import decoder_stage, vae_16_channels
    from .construction import diffusers_module
    from .language_encoders import qwen3_4b
    from .text_encoders import text_stage

    dtype, prompts = workload.dtype, 2 if workload.guided else 1
    latents = latent_shape(workload, channels=16, downsampling=8)
    return (
        text_stage(
            qwen3_4b(dtype),
            batch=workload.batch,
            length=_ENCODER_LENGTH,
            masked=True,
            hidden_states=True,
            repeats=prompts,
        ),
        _transformer_stage(diffusers_module(ZImageTransformer2DModel, _TRANSFORMER, dtype), latents, workload),
        decoder_stage(vae_16_channels(dtype), latents, dtype=dtype),
    )


def _transformer_stage(transformer: Any, latents: tuple[int, ...], workload: Workload) -> StageSpec:
    steps, length = required(workload, "num_inference_steps", "prompt_length")
    batch, dtype = guided_batch(workload), workload.dtype
    _place_frequencies(transformer)

    def run(module: nn.Module, repeat: int) -> object:
        pictures = [meta_tensor((latents[1], 1, *latents[2:]), dtype) for _ in range(batch)]
        prompts = [meta_tensor((length, _TEXT_WIDTH), dtype) for _ in range(batch)]
        return module(pictures, meta_tensor((batch,), "float32"), prompts, return_dict=False)

    return StageSpec(name="transformer", component="transformer", module=transformer, run=run, repeats=steps)


def _place_frequencies(transformer: Any) -> None:
    """Rotary frequencies are made on the host in the first step and kept; made here, they count in none."""
    rotary = transformer.rope_embedder
    made = rotary.precompute_freqs_cis(rotary.axes_dims, rotary.axes_lens, theta=rotary.theta)
    rotary.freqs_cis = [frequencies.to("meta") for frequencies in made]


_pipeline = partial(
    Pipeline,
    build=build,
    parameters={"text_encoder": 4_022_468_096, "transformer": 6.15e9, "vae": 83_819_683},
    limits=Limits(prompt=512),
    rounded=frozenset({"transformer"}),
    attention_kinds={r"\.context_refiner\.": "self", r"\.noise_refiner\.": "spatial", r"\.layers\.": "joint"},
    size_multiple=16,
)
_SOURCES = (
    "Z-Image Team, Z-Image: An Efficient Image Generation Foundation Model with Single-Stream Diffusion Transformer, "
    "arXiv:2511.22699: 6.15 billion parameters",
    "diffusers 0.42, ZImagePipeline and ZImageTransformer2DModel",
)
_PROMPT = "The transformer is given the tokens of the prompt without padding, taken as 128 with those of the template."
_SETTINGS = partial(Workload, height=1024, width=1024, prompt_length=128, dtype="bfloat16")

PIPELINES = (
    _pipeline(
        name="z-image-turbo",
        title="Z-Image Turbo",
        defaults=_SETTINGS(num_inference_steps=8),
        sources=(*_SOURCES, "example of ZImagePipeline: 8 steps, no guidance"),
        choices=(_PROMPT,),
        aliases=("z-image-turbo-6b",),
    ),
    _pipeline(
        name="z-image",
        title="Z-Image",
        defaults=_SETTINGS(num_inference_steps=50, guidance_scale=5.0),
        sources=(*_SOURCES, "defaults of ZImagePipeline: 50 steps, guidance 5.0"),
        choices=(_PROMPT, "The negative prompt is taken to be as long as the prompt."),
        aliases=("z-image-6b",),
    ),
)
