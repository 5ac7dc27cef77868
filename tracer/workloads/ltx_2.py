"""LTX-2: video and sound denoised together, Gemma 3 as text encoder, two autoencoders and a vocoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracer.graph import Workload

from .inputs import meta_tensor
from .latent_video import VideoRun, denoiser_stage, video_run
from .limits import Limits
from .pipeline import FrameRate, Pipeline, StageSpec

if TYPE_CHECKING:
    from torch import nn

__all__ = ["PIPELINES"]

_LATENT_CHANNELS = 128
_DOWNSAMPLING = 32
_TEMPORAL_COMPRESSION = 8
_FRAME_RATE = 24.0  # [1/s]
_AUDIO_LATENTS = 16_000 / 160 / 4  # samples a second, samples in a hop, hops in a latent position [1/s]
_AUDIO_CHANNELS, _MEL_BINS = 8, 16  # of the latents of sound
_ENCODER_WIDTH, _ENCODER_STATES = 3840, 49

# Lightricks/LTX-2, transformer/config.json; diffusers scripts/convert_ltx2_to_diffusers.py, version 2.0.
_TRANSFORMER = {
    "in_channels": _LATENT_CHANNELS,
    "out_channels": _LATENT_CHANNELS,
    "num_attention_heads": 32,
    "attention_head_dim": 128,
    "cross_attention_dim": 4096,
    "vae_scale_factors": (_TEMPORAL_COMPRESSION, _DOWNSAMPLING, _DOWNSAMPLING),
    "pos_embed_max_pos": 20,
    "base_height": 2048,
    "base_width": 2048,
    "audio_in_channels": _AUDIO_CHANNELS * _MEL_BINS,
    "audio_out_channels": _AUDIO_CHANNELS * _MEL_BINS,
    "audio_num_attention_heads": 32,
    "audio_attention_head_dim": 64,
    "audio_cross_attention_dim": 2048,
    "num_layers": 48,
    "activation_fn": "gelu-approximate",
    "qk_norm": "rms_norm_across_heads",
    "norm_elementwise_affine": False,
    "caption_channels": _ENCODER_WIDTH,
    "attention_bias": True,
    "attention_out_bias": True,
}
# The same script: the defaults of LTX2TextConnectors, AutoencoderKLLTX2Video, AutoencoderKLLTX2Audio and LTX2Vocoder.
_VAE = {"decoder_causal": False, "spatial_compression_ratio": _DOWNSAMPLING, "temporal_compression_ratio": 8}
_VOCODER = {
    "in_channels": 128,
    "hidden_channels": 1024,
    "out_channels": 2,
    "upsample_kernel_sizes": (16, 15, 8, 4, 4),
    "upsample_factors": (6, 5, 2, 2, 2),
    "resnet_kernel_sizes": (3, 7, 11),
    "resnet_dilations": ((1, 3, 5), (1, 3, 5), (1, 3, 5)),
}


def build(workload: Workload) -> list[StageSpec]:
    """Gemma on both prompts in turn, connectors and transformer on both in one batch, video and sound decoded."""
    from diffusers import AutoencoderKLLTX2Video

    from .autoencoders import decoder_stage
    from .construction import diffusers_module
    from .language_encoders import gemma3_12b
    from .text_encoders import text_stage

    run = video_run(workload)
    extents = run.latent_extents(frames=_TEMPORAL_COMPRESSION, side=_DOWNSAMPLING)
    return [
        text_stage(
            gemma3_12b(run.dtype),
            batch=run.batch,
            length=run.prompt_length,
            masked=True,
            hidden_states=True,
            repeats=run.prompts,
        ),
        _connector_stage(run),
        _transformer_stage(run, extents),
        decoder_stage(
            diffusers_module(AutoencoderKLLTX2Video, _VAE, run.dtype),
            (run.batch, _LATENT_CHANNELS, *extents),
            dtype=run.dtype,
        ),
        *_sound_stages(run),
    ]


def _sound_positions(run: VideoRun) -> int:
    """Positions of the latents of sound."""
    return round(run.num_frames / _FRAME_RATE * _AUDIO_LATENTS)


def _connector_stage(run: VideoRun) -> StageSpec:
    from diffusers.pipelines.ltx2 import LTX2TextConnectors

    from .construction import diffusers_module

    def connect(connectors: Any, repeat: int) -> object:
        states = (run.denoised, run.prompt_length, _ENCODER_WIDTH * _ENCODER_STATES)
        mask = meta_tensor((run.denoised, run.prompt_length), "int64")
        return connectors(meta_tensor(states, run.dtype), mask)

    module = diffusers_module(LTX2TextConnectors, {}, run.dtype)
    return StageSpec(name="connectors", component="connectors", module=module, run=connect)


def _transformer_stage(run: VideoRun, extents: tuple[int, int, int]) -> StageSpec:
    from diffusers import LTX2VideoTransformer3DModel

    from .construction import diffusers_module

    frames, height, width = extents
    batch, tokens, sound = run.denoised, frames * height * width, _sound_positions(run)
    prompt = (batch, run.prompt_length, _ENCODER_WIDTH)
    return denoiser_stage(
        diffusers_module(LTX2VideoTransformer3DModel, _TRANSFORMER, run.dtype),
        {
            "hidden_states": ((batch, tokens, _LATENT_CHANNELS), run.dtype),
            "audio_hidden_states": ((batch, sound, _AUDIO_CHANNELS * _MEL_BINS), run.dtype),
            "encoder_hidden_states": (prompt, run.dtype),
            "audio_encoder_hidden_states": (prompt, run.dtype),
            "timestep": ((batch,), "float32"),
            "encoder_attention_mask": (prompt[:2], "int64"),
            "audio_encoder_attention_mask": (prompt[:2], "int64"),
            "video_coords": ((batch, 3, tokens, 2), "float32"),
            "audio_coords": ((batch, 1, sound, 2), "float32"),
        },
        repeats=run.steps,
        num_frames=frames,
        height=height,
        width=width,
        fps=_FRAME_RATE,
        audio_num_frames=sound,
    )


def _sound_stages(run: VideoRun) -> tuple[StageSpec, StageSpec]:
    from diffusers import AutoencoderKLLTX2Audio
    from diffusers.pipelines.ltx2 import LTX2Vocoder

    from .autoencoders import decoder_stage
    from .construction import diffusers_module

    autoencoder = diffusers_module(AutoencoderKLLTX2Audio, {}, run.dtype)
    latents = (run.batch, _AUDIO_CHANNELS, _sound_positions(run), _MEL_BINS)
    decoder = decoder_stage(autoencoder, latents, dtype=run.dtype, name="audio_decoder", component="audio_vae")
    return decoder, _vocoder_stage(diffusers_module(LTX2Vocoder, _VOCODER, run.dtype), run)


def _vocoder_stage(module: nn.Module, run: VideoRun) -> StageSpec:
    hops = 4 * _sound_positions(run) - 3  # the first position is one hop alone

    def speak(vocoder: Any, repeat: int) -> object:
        return vocoder(meta_tensor((run.batch, 2, hops, 4 * _MEL_BINS), run.dtype))

    return StageSpec(name="vocoder", component="vocoder", module=module, run=speak)


PIPELINES = (
    Pipeline(
        name="ltx-2",
        title="LTX-2 19B",
        aliases=("ltx2", "ltx-2-19b"),
        defaults=Workload(
            height=512,
            width=768,
            num_frames=121,
            num_inference_steps=40,
            guidance_scale=4.0,
            prompt_length=1024,
            dtype="bfloat16",
        ),
        build=build,
        sources=(
            "HaCohen et al. 2026, LTX-2: Efficient Joint Audio-Visual Foundation Model, arXiv:2601.03233: 19 billion "
            "parameters, 14 of them for video and 5 for sound",
            "diffusers scripts/convert_ltx2_to_diffusers.py, version 2.0 (configuration of every component)",
            "diffusers 0.42, LTX2Pipeline: 512 x 768, 121 frames at 24 a second, 1024 tokens",
            "diffusers docs/source/en/api/pipelines/ltx2.md at 0191986, first of two stages: 40 steps, guidance 4.0",
        ),
        parameters={"text_encoder": 12_187_325_040, "transformer": 19e9},
        rounded=frozenset({"transformer"}),
        size_multiple=_DOWNSAMPLING,
        frame_rule=(_TEMPORAL_COMPRESSION, 1),
        limits=Limits(prompt=1024),
        frame_rate=FrameRate(_FRAME_RATE, "diffusers 0.42, LTX2Pipeline: frame_rate"),
        attention_kinds={
            r"^transformer\..*\.(audio_)?attn1$": "self",
            r"^transformer\..*attn": "cross",
            r"^connectors\.": "self",
        },
        choices=(
            "Guidance is that of LTX-2.0: prompt and negative prompt in one batch, without the passes for perturbed "
            "blocks and isolated modalities that later versions add.",
            "40 steps and a guidance of 4, as diffusers documents 2.0; its own defaults are those of 2.3.",
            "The VAE decodes the whole video: tiling is off unless the pipeline is told otherwise.",
        ),
        family="video",
    ),
)
