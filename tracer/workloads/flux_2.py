"""FLUX.2 dev and klein: a language model as text encoder, a joint transformer with shared modulation, VAE decoder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from tracer.graph import Workload

from .inputs import meta_tensor, required
from .limits import Limits
from .pipeline import Pipeline, StageSpec

if TYPE_CHECKING:
    from torch import nn

__all__ = ["PIPELINES"]

_LATENT_CHANNELS = 32
_DOWNSAMPLING = 8
_PATCH = 2  # latent pixels on a side that make one token
_AXES = 4  # of a token's position: time, height, width, place in the prompt

# black-forest-labs/FLUX.2-dev, transformer/config.json; diffusers scripts/convert_flux2_to_diffusers.py.
_DEV = {
    "patch_size": 1,
    "in_channels": _LATENT_CHANNELS * _PATCH**2,
    "num_layers": 8,
    "num_single_layers": 48,
    "attention_head_dim": 128,
    "num_attention_heads": 48,
    "joint_attention_dim": 3 * 5120,
    "timestep_guidance_channels": 256,
    "mlp_ratio": 3.0,
    "axes_dims_rope": (32,) * _AXES,
    "rope_theta": 2000,
    "guidance_embeds": True,
}
# black-forest-labs/FLUX.2-klein-4B and 9B, the same script.
_KLEIN_4B = {
    **_DEV,
    "num_layers": 5,
    "num_single_layers": 20,
    "num_attention_heads": 24,
    "joint_attention_dim": 3 * 2560,
    "guidance_embeds": False,
}
_KLEIN_9B = {
    **_DEV,
    "num_single_layers": 24,
    "num_attention_heads": 32,
    "joint_attention_dim": 3 * 4096,
    "guidance_embeds": False,
}
# black-forest-labs/FLUX.2-dev, vae/config.json: the defaults of AutoencoderKLFlux2.
_AUTOENCODER = {
    "block_out_channels": (128, 256, 512, 512),
    "latent_channels": _LATENT_CHANNELS,
    "layers_per_block": 2,
    "patch_size": (_PATCH, _PATCH),
}


def build(config: Mapping[str, Any], encoder: Callable[[str], nn.Module], workload: Workload) -> Sequence[StageSpec]:
    """Encoder on the prompt, three of whose layers are stacked; transformer on tokens of both; decoder."""
    from diffusers import AutoencoderKLFlux2, Flux2Transformer2DModel

    from .autoencoders import decoder_stage
    from .construction import diffusers_module
    from .text_encoders import text_stage

    height, width, length = required(workload, "height", "width", "prompt_length")
    batch, dtype = workload.batch, workload.dtype
    latents = (batch, _LATENT_CHANNELS, height // _DOWNSAMPLING, width // _DOWNSAMPLING)
    return (
        text_stage(encoder(dtype), batch=batch, length=length, masked=True, hidden_states=True),
        _transformer_stage(diffusers_module(Flux2Transformer2DModel, config, dtype), config, latents, workload),
        decoder_stage(diffusers_module(AutoencoderKLFlux2, _AUTOENCODER, dtype), latents, dtype=dtype),
    )


def _transformer_stage(
    transformer: nn.Module, config: Mapping[str, Any], latents: tuple[int, ...], workload: Workload
) -> StageSpec:
    steps, length = required(workload, "num_inference_steps", "prompt_length")
    batch, dtype = workload.batch, workload.dtype
    tokens = latents[2] // _PATCH * (latents[3] // _PATCH)

    def run(module: Any, repeat: int) -> object:
        return module(
            hidden_states=meta_tensor((batch, tokens, config["in_channels"]), dtype),
            timestep=meta_tensor((batch,), dtype),
            guidance=meta_tensor((batch,), "float32") if config["guidance_embeds"] else None,
            encoder_hidden_states=meta_tensor((batch, length, config["joint_attention_dim"]), dtype),
            txt_ids=meta_tensor((batch, length, _AXES), "int64"),
            img_ids=meta_tensor((batch, tokens, _AXES), "int64"),
            return_dict=False,
        )

    return StageSpec(name="transformer", component="transformer", module=transformer, run=run, repeats=steps)


def _mistral(dtype: str) -> nn.Module:
    from .language_encoders import mistral_small_24b

    return mistral_small_24b(dtype)


def _qwen3_4b(dtype: str) -> nn.Module:
    from .language_encoders import qwen3_4b

    return qwen3_4b(dtype, head=True)


def _qwen3_8b(dtype: str) -> nn.Module:
    from .language_encoders import qwen3_8b

    return qwen3_8b(dtype, head=True)


_SCRIPT = "diffusers scripts/convert_flux2_to_diffusers.py (configuration of the transformer)"
_VAE_PARAMETERS = 84.05e6
_pipeline = partial(
    Pipeline,
    limits=Limits(prompt=512),
    rounded=frozenset({"text_encoder", "transformer", "vae"}),
    attention_kinds={r"^transformer\.": "joint"},
    size_multiple=_DOWNSAMPLING * _PATCH,
)
_SETTINGS = partial(Workload, height=1024, width=1024, prompt_length=512, dtype="bfloat16")
_WHOLE_ENCODER = "The pipeline runs the language model with its output head and keeps three of its layers' outputs."

PIPELINES = (
    _pipeline(
        name="flux2-dev",
        title="FLUX.2 dev",
        defaults=_SETTINGS(num_inference_steps=50, guidance_scale=4.0),
        build=partial(build, _DEV, _mistral),
        sources=(
            "black-forest-labs/FLUX.2-dev (huggingface.co): model card (32 billion parameters, 50 steps, guidance 4)",
            _SCRIPT,
            "diffusers 0.42, Flux2Pipeline: 512 tokens, padded; guidance is an input",
        ),
        parameters={"text_encoder": 24e9, "transformer": 32e9, "vae": _VAE_PARAMETERS},
        choices=("Guidance is an input of the transformer, so it does not double the batch.", _WHOLE_ENCODER),
        aliases=("flux.2-dev", "flux2", "flux.2"),
    ),
    _pipeline(
        name="flux2-klein-4b",
        title="FLUX.2 klein 4B",
        defaults=_SETTINGS(num_inference_steps=4),
        build=partial(build, _KLEIN_4B, _qwen3_4b),
        sources=(
            "black-forest-labs/FLUX.2-klein-4B (huggingface.co): model card (4 billion parameters, 4 steps)",
            _SCRIPT,
            "diffusers 0.42, Flux2KleinPipeline: 512 tokens, padded; no guidance in the distilled model",
        ),
        parameters={"text_encoder": 4.02e9, "transformer": 4e9, "vae": _VAE_PARAMETERS},
        choices=(_WHOLE_ENCODER,),
        aliases=("flux.2-klein-4b", "flux2-klein", "flux.2-klein"),
    ),
    _pipeline(
        name="flux2-klein-9b",
        title="FLUX.2 klein 9B",
        defaults=_SETTINGS(num_inference_steps=4),
        build=partial(build, _KLEIN_9B, _qwen3_8b),
        sources=(
            "black-forest-labs/FLUX.2-klein-9B (huggingface.co): model card (9 billion parameters, 4 steps)",
            _SCRIPT,
            "diffusers 0.42, Flux2KleinPipeline: 512 tokens, padded; no guidance in the distilled model",
        ),
        parameters={"text_encoder": 8.19e9, "transformer": 9e9, "vae": _VAE_PARAMETERS},
        choices=(_WHOLE_ENCODER,),
        aliases=("flux.2-klein-9b",),
    ),
)
