"""Mochi 1: an asymmetric transformer with joint attention over text and video, and a causal video VAE."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tracer.graph import Workload

from .inputs import meta_tensor
from .latent_video import TensorShapes, VideoRun, video_run
from .pipeline import FrameRate, Pipeline, StageSpec

if TYPE_CHECKING:
    import torch

__all__ = ["PIPELINES", "mochi_forward"]

_LATENT_CHANNELS = 12
_DOWNSAMPLING = 8
_TEMPORAL_COMPRESSION = 6
_PATCH = 2

# genmo/mochi-1-preview, transformer/config.json.
_TRANSFORMER = {
    "activation_fn": "swiglu",
    "attention_head_dim": 128,
    "in_channels": _LATENT_CHANNELS,
    "max_sequence_length": 256,
    "num_attention_heads": 24,
    "num_layers": 48,
    "out_channels": None,
    "patch_size": _PATCH,
    "pooled_projection_dim": 1536,
    "qk_norm": "rms_norm",
    "text_embed_dim": 4096,
    "time_embed_dim": 256,
}

# genmo/mochi-1-preview, vae/config.json.
_VAE = {
    "in_channels": 15,
    "out_channels": 3,
    "encoder_block_out_channels": (64, 128, 256, 384),
    "decoder_block_out_channels": (128, 256, 512, 768),
    "latent_channels": _LATENT_CHANNELS,
    "layers_per_block": (3, 3, 4, 6, 3),
    "temporal_expansions": (1, 2, 3),
    "spatial_expansions": (2, 2, 2),
    "add_attention_block": (False, True, True, True, True),
}


def build(workload: Workload) -> list[StageSpec]:
    """T5 on prompt and empty prompt in turn, the transformer on both in one batch, the video decoded."""
    from diffusers import AutoencoderKLMochi, MochiTransformer3DModel

    from .autoencoders import decoder_stage
    from .construction import diffusers_module
    from .text_encoders import t5_xxl, text_stage

    run = video_run(workload)
    frames = run.latent_frames(_TEMPORAL_COMPRESSION)
    extents = (frames, run.height // _DOWNSAMPLING, run.width // _DOWNSAMPLING)
    return [
        text_stage(t5_xxl(run.dtype), batch=run.batch, length=run.prompt_length, masked=True, repeats=run.prompts),
        _transformer_stage(diffusers_module(MochiTransformer3DModel, _TRANSFORMER, run.dtype), run, extents),
        decoder_stage(
            diffusers_module(AutoencoderKLMochi, _VAE, run.dtype),
            (run.batch, _LATENT_CHANNELS, *extents),
            dtype=run.dtype,
        ),
    ]


def _transformer_stage(module: Any, run: VideoRun, extents: tuple[int, int, int]) -> StageSpec:
    tensors: TensorShapes = {
        "hidden_states": ((run.denoised, _LATENT_CHANNELS, *extents), run.dtype),
        "encoder_hidden_states": ((run.denoised, run.prompt_length, 4096), run.dtype),
        "timestep": ((run.denoised,), run.dtype),
        "encoder_attention_mask": ((run.denoised, run.prompt_length), "bool"),
    }

    def denoise(transformer: Any, repeat: int) -> object:
        made = {name: meta_tensor(shape, dtype) for name, (shape, dtype) in tensors.items()}
        return mochi_forward(transformer, **made)

    return StageSpec(name="transformer", component="transformer", module=module, run=denoise, repeats=run.steps)


def mochi_forward(transformer: Any, **inputs: Any) -> Any:
    """Forward pass of a ``MochiTransformer3DModel`` on meta tensors, every prompt token taken as valid."""
    transformer.rope._create_rope = _rotary_angles
    with _all_tokens_valid():
        return transformer(**inputs, return_dict=False)


def _rotary_angles(frequencies: torch.Tensor, positions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Cosines and sines as ``MochiRoPE`` makes them, less its autocast context, which meta has not.

    On a GPU that context changes nothing: its dtype is float32, that of the tensors within.
    """
    import torch

    angles = torch.einsum("nd,dhf->nhf", positions.to(torch.float32), frequencies.to(torch.float32))
    return torch.cos(angles), torch.sin(angles)


@contextmanager
def _all_tokens_valid() -> Iterator[None]:
    """Let ``nonzero`` on meta tensors answer that every element is set.

    The attention picks the prompt's valid tokens out of the padded ones sample by sample, which meta tensors
    cannot tell; every operator then runs as on a GPU, at the full padded length.
    """
    from torch.fx.experimental import _config

    settings: Any = _config
    with settings.patch(meta_nonzero_assume_all_nonzero=True):
        yield


PIPELINES = (
    Pipeline(
        name="mochi",
        title="Mochi 1 preview",
        aliases=("mochi-1", "mochi-1-preview"),
        defaults=Workload(
            height=480,
            width=848,
            num_frames=85,
            num_inference_steps=64,
            guidance_scale=4.5,
            prompt_length=256,
            dtype="bfloat16",
        ),
        build=build,
        frame_rate=FrameRate(30.0, "huggingface.co/genmo/mochi-1-preview, README.md: export_to_video, fps 30"),
        sources=(
            "Genmo 2024, Mochi 1, github.com/genmoai/mochi",
            "huggingface.co/genmo/mochi-1-preview (transformer/config.json, vae/config.json)",
            "diffusers docs/source/en/api/pipelines/mochi.md (85 frames, bfloat16)",
            "diffusers 0.42.1, pipelines/mochi/pipeline_mochi.py",
        ),
        # The files of the transformer and the VAE hold 20.05 GB and 920 MB of half precision.
        parameters={"text_encoder": 4.762e9, "transformer": 20.05e9 / 2, "vae": 920e6 / 2},
        size_multiple=_DOWNSAMPLING * _PATCH,
        frame_rule=(_TEMPORAL_COMPRESSION, 1),
        attention_kinds={r"\.pooler$": "cross", r"^transformer\.": "joint"},
        choices=(
            "Frames are those of the documentation's example; the default of the pipeline's call is 19.",
            "The attention drops padded prompt tokens; all are taken as valid, which is the longest case.",
            "The VAE decodes whole frames: tiling is off unless the pipeline is told otherwise.",
        ),
        family="video",
    ),
)
