"""CogVideoX 2B and 5B, and 1.5 5B: joint attention over text and space-time tokens, and a causal video VAE."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from tracer.graph import Workload

from .inputs import meta_tensor
from .latent_video import VideoRun, denoiser_stage, video_run
from .pipeline import FrameRate, Limits, Pipeline, StageSpec

if TYPE_CHECKING:
    import torch

__all__ = ["PIPELINES"]

_LATENT_CHANNELS = 16
_DOWNSAMPLING = 8
_TEMPORAL_COMPRESSION = 4
_PATCH = 2
_DECODE_BATCH = 2  # num_latent_frames_batch_size of AutoencoderKLCogVideoX [latent frames]

# THUDM/CogVideoX-2b, transformer/config.json.
_TRANSFORMER_2B = {
    "activation_fn": "gelu-approximate",
    "attention_bias": True,
    "attention_head_dim": 64,
    "in_channels": _LATENT_CHANNELS,
    "max_text_seq_length": 226,
    "norm_elementwise_affine": True,
    "norm_eps": 1e-5,
    "num_attention_heads": 30,
    "num_layers": 30,
    "out_channels": _LATENT_CHANNELS,
    "patch_size": _PATCH,
    "sample_frames": 49,
    "sample_height": 60,
    "sample_width": 90,
    "temporal_compression_ratio": _TEMPORAL_COMPRESSION,
    "text_embed_dim": 4096,
    "time_embed_dim": 512,
    "use_rotary_positional_embeddings": False,
}
# THUDM/CogVideoX-5b, transformer/config.json.
_TRANSFORMER_5B = {
    **_TRANSFORMER_2B,
    "num_attention_heads": 48,
    "num_layers": 42,
    "use_rotary_positional_embeddings": True,
}
# THUDM/CogVideoX1.5-5B, transformer/config.json: patches have a side in time, and no bias.
_TRANSFORMER_1_5 = {
    **_TRANSFORMER_5B,
    "patch_bias": False,
    "patch_size_t": 2,
    "sample_frames": 81,
    "sample_height": 96,
    "sample_width": 170,
}

# THUDM/CogVideoX-2b and 5b, CogVideoX1.5-5B, vae/config.json; they differ in the latents' scale alone.
_VAE = {
    "block_out_channels": (128, 256, 256, 512),
    "down_block_types": ("CogVideoXDownBlock3D",) * 4,
    "up_block_types": ("CogVideoXUpBlock3D",) * 4,
    "latent_channels": _LATENT_CHANNELS,
    "layers_per_block": 3,
    "temporal_compression_ratio": _TEMPORAL_COMPRESSION,
}


def build(config: Mapping[str, Any], workload: Workload) -> list[StageSpec]:
    """T5 on prompt and empty prompt in turn, the transformer on both in one batch, latents decoded by two."""
    from diffusers import AutoencoderKLCogVideoX

    from .construction import diffusers_module
    from .text_encoders import t5_xxl, text_stage

    run = video_run(workload)
    extents = (run.height // _DOWNSAMPLING, run.width // _DOWNSAMPLING)
    return [
        text_stage(t5_xxl(run.dtype), batch=run.batch, length=run.prompt_length, repeats=run.prompts),
        _transformer_stage(config, run, extents),
        *_decoder_stages(diffusers_module(AutoencoderKLCogVideoX, _VAE, run.dtype), run, extents),
    ]


def _transformer_stage(config: Mapping[str, Any], run: VideoRun, extents: tuple[int, int]) -> StageSpec:
    from diffusers import CogVideoXTransformer3DModel

    from .construction import diffusers_module

    depth = config.get("patch_size_t", 1)
    # The pipeline adds latent frames that fill the last patch, and drops them before decoding.
    frames = -(-run.latent_frames(_TEMPORAL_COMPRESSION) // depth) * depth
    tokens = (frames // depth) * (extents[0] // _PATCH) * (extents[1] // _PATCH)
    rotary = None
    if config["use_rotary_positional_embeddings"]:
        # Sines and cosines are made once, before the first step.
        rotary = tuple(meta_tensor((tokens, config["attention_head_dim"]), "float32") for _ in range(2))
    settings = {**config, "max_text_seq_length": run.prompt_length}
    return denoiser_stage(
        diffusers_module(CogVideoXTransformer3DModel, settings, run.dtype),
        {
            "hidden_states": ((run.denoised, frames, _LATENT_CHANNELS, *extents), run.dtype),
            "encoder_hidden_states": ((run.denoised, run.prompt_length, 4096), run.dtype),
            "timestep": ((run.denoised,), "int64"),
        },
        repeats=run.steps,
        image_rotary_emb=rotary,
    )


def _decoder_stages(vae: Any, run: VideoRun, extents: tuple[int, int]) -> list[StageSpec]:
    """Batches of two latent frames that hand on the last inputs of every causal convolution.

    The first batch takes the odd frame too and finds no cache (``AutoencoderKLCogVideoX._decode``); caches
    that the others find are made here, outside the traced stages.
    """
    import torch

    frames = run.latent_frames(_TEMPORAL_COMPRESSION)
    batches = max(frames // _DECODE_BATCH, 1)
    first = min(_DECODE_BATCH + frames % _DECODE_BATCH, frames)
    latents = partial(_latents, run, extents)
    with torch.no_grad():
        decoded, cache = vae.decoder(latents(first))

    def decode_first(autoencoder: Any, repeat: int) -> object:
        return autoencoder.decoder(latents(first))

    def decode(autoencoder: Any, repeat: int) -> object:
        return autoencoder.decoder(latents(_DECODE_BATCH), conv_cache=cache)

    def join(autoencoder: Any, repeat: int) -> object:
        rest = (*decoded.shape[:2], _DECODE_BATCH * _TEMPORAL_COMPRESSION, *decoded.shape[3:])
        return torch.cat([decoded, *[meta_tensor(rest, run.dtype) for _ in range(batches - 1)]], dim=2)

    def whole(autoencoder: Any) -> object:
        return autoencoder.decode(latents(frames))

    stage = partial(StageSpec, component="vae", module=vae, whole=whole)
    stages = [stage(name="vae_decoder_first", run=decode_first)]
    if batches > 1:
        stages.append(stage(name="vae_decoder", run=decode, repeats=batches - 1))
    return [*stages, stage(name="vae_join", run=join)]


def _latents(run: VideoRun, extents: tuple[int, int], frames: int) -> torch.Tensor:
    return meta_tensor((run.batch, _LATENT_CHANNELS, frames, *extents), run.dtype)


_FRAME_RATE = FrameRate(
    8.0, "diffusers 0.42.1, pipelines/cogvideo/pipeline_cogvideox.py, example: export_to_video, fps 8"
)


def _pipeline(
    name: str,
    title: str,
    config: Mapping[str, Any],
    *,
    parameters: float,
    dtype: str,
    aliases: tuple[str, ...] = (),
    frame_rate: FrameRate = _FRAME_RATE,
    **settings: int,
) -> Pipeline:
    defaults = Workload(
        height=480,
        width=720,
        num_frames=49,
        num_inference_steps=50,
        guidance_scale=6.0,
        prompt_length=226,
        dtype=dtype,
    )
    return Pipeline(
        name=name.lower(),
        title=title,
        aliases=aliases,
        defaults=replace(defaults, **settings),  # type: ignore[arg-type]
        build=partial(build, config),
        limits=Limits(prompt=226),
        frame_rate=frame_rate,
        sources=(
            "Yang et al. 2024, CogVideoX, arXiv:2408.06072",
            f"huggingface.co/THUDM/{name} (config.json of each component, README.md)",
            "diffusers 0.42.1, pipelines/cogvideo/pipeline_cogvideox.py",
        ),
        # The VAE's file holds 431 MB of half precision.
        parameters={"text_encoder": 4.762e9, "transformer": parameters, "vae": 431e6 / 2},
        size_multiple=_DOWNSAMPLING * _PATCH,
        # 8 n + 1 frames (README.md): an even number of latent frames would decode to too many.
        frame_rule=(_DECODE_BATCH * _TEMPORAL_COMPRESSION, 1),
        attention_kinds={r"^transformer\.": "joint"},
        choices=("The VAE decodes whole frames: tiling is off unless the pipeline is told otherwise.",),
        family="video",
    )


PIPELINES = (
    # The files of the transformers hold 3.39 GB and 11.14 GB of half precision; the layers of 1.5 are those of 5B.
    _pipeline(
        "CogVideoX-2b",
        "CogVideoX 2B",
        _TRANSFORMER_2B,
        parameters=3.39e9 / 2,
        dtype="float16",
        aliases=("cogvideox",),
    ),
    _pipeline("CogVideoX-5b", "CogVideoX 5B", _TRANSFORMER_5B, parameters=11.14e9 / 2, dtype="bfloat16"),
    _pipeline(
        "CogVideoX1.5-5B",
        "CogVideoX 1.5 5B",
        _TRANSFORMER_1_5,
        parameters=11.14e9 / 2,
        dtype="bfloat16",
        aliases=("cogvideox-1.5-5b", "cogvideox1.5"),
        frame_rate=FrameRate(16.0, "huggingface.co/THUDM/CogVideoX1.5-5B, README.md: 16 frames a second"),
        height=768,
        width=1360,
        num_frames=81,
    ),
)
