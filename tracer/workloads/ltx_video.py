"""LTX-Video: a transformer on latents that are 32 times smaller in space and 8 times in time."""

from __future__ import annotations

from tracer.graph import Workload

from .latent_video import VideoRun, denoiser_stage, video_run
from .pipeline import FrameRate, Pipeline, StageSpec

__all__ = ["PIPELINES"]

_LATENT_CHANNELS = 128
_DOWNSAMPLING = 32
_TEMPORAL_COMPRESSION = 8
_FRAME_RATE = 25  # LTXPipeline.__call__ [1/s]

# Lightricks/LTX-Video, transformer/config.json.
_TRANSFORMER = {
    "activation_fn": "gelu-approximate",
    "attention_bias": True,
    "attention_head_dim": 64,
    "attention_out_bias": True,
    "caption_channels": 4096,
    "cross_attention_dim": 2048,
    "in_channels": _LATENT_CHANNELS,
    "norm_elementwise_affine": False,
    "norm_eps": 1e-6,
    "num_attention_heads": 32,
    "num_layers": 28,
    "out_channels": _LATENT_CHANNELS,
    "patch_size": 1,
    "patch_size_t": 1,
    "qk_norm": "rms_norm_across_heads",
}

# Lightricks/LTX-Video, vae/config.json (version 0.9.0).
_VAE = {
    "block_out_channels": (128, 256, 512, 512),
    "decoder_block_out_channels": (128, 256, 512, 512),
    "layers_per_block": (4, 3, 3, 3, 4),
    "decoder_layers_per_block": (4, 3, 3, 3, 4),
    "spatio_temporal_scaling": (True, True, True, False),
    "decoder_spatio_temporal_scaling": (True, True, True, False),
    "decoder_inject_noise": (False,) * 5,
    "upsample_residual": (False,) * 4,
    "upsample_factor": (1,) * 4,
    "latent_channels": _LATENT_CHANNELS,
    "patch_size": 4,
    "patch_size_t": 1,
    "encoder_causal": True,
    "decoder_causal": False,
    "timestep_conditioning": False,
}


def build(workload: Workload) -> list[StageSpec]:
    """T5 on prompt and empty prompt in turn, the transformer on both in one batch, the video decoded."""
    from diffusers import AutoencoderKLLTXVideo

    from .autoencoders import decoder_stage
    from .construction import diffusers_module
    from .text_encoders import t5_xxl, text_stage

    run = video_run(workload)
    extents = run.latent_extents(frames=_TEMPORAL_COMPRESSION, side=_DOWNSAMPLING)
    return [
        text_stage(t5_xxl(run.dtype), batch=run.batch, length=run.prompt_length, repeats=run.prompts),
        _transformer_stage(run, extents),
        decoder_stage(
            diffusers_module(AutoencoderKLLTXVideo, _VAE, run.dtype),
            (run.batch, _LATENT_CHANNELS, *extents),
            dtype=run.dtype,
        ),
    ]


def _transformer_stage(run: VideoRun, extents: tuple[int, int, int]) -> StageSpec:
    from diffusers import LTXVideoTransformer3DModel

    from .construction import diffusers_module

    frames, height, width = extents
    return denoiser_stage(
        diffusers_module(LTXVideoTransformer3DModel, _TRANSFORMER, run.dtype),
        {
            "hidden_states": ((run.denoised, frames * height * width, _LATENT_CHANNELS), run.dtype),
            "encoder_hidden_states": ((run.denoised, run.prompt_length, 4096), run.dtype),
            "timestep": ((run.denoised,), "float32"),
            "encoder_attention_mask": ((run.denoised, run.prompt_length), "bool"),
        },
        repeats=run.steps,
        num_frames=frames,
        height=height,
        width=width,
        rope_interpolation_scale=(_TEMPORAL_COMPRESSION / _FRAME_RATE, _DOWNSAMPLING, _DOWNSAMPLING),
    )


PIPELINES = (
    Pipeline(
        name="ltx-video",
        title="LTX-Video 2B (0.9)",
        aliases=("ltx", "ltx-video-2b"),
        defaults=Workload(
            height=512,
            width=704,
            num_frames=161,
            num_inference_steps=50,
            guidance_scale=3.0,
            prompt_length=128,
            dtype="bfloat16",
        ),
        build=build,
        frame_rate=FrameRate(25.0, "diffusers 0.42.1, LTXPipeline.__call__: frame_rate 25"),
        sources=(
            "HaCohen et al. 2024, LTX-Video: Realtime Video Latent Diffusion, arXiv:2501.00103",
            "huggingface.co/Lightricks/LTX-Video (transformer/config.json)",
            "diffusers scripts/convert_ltx_to_diffusers.py (VAE of version 0.9.0)",
            "diffusers 0.42.1, pipelines/ltx/pipeline_ltx.py",
        ),
        # The files hold 7.69 GB and 1.68 GB of float32.
        parameters={"text_encoder": 4.762e9, "transformer": 7.69e9 / 4, "vae": 1.68e9 / 4},
        size_multiple=_DOWNSAMPLING,
        frame_rule=(_TEMPORAL_COMPRESSION, 1),
        attention_kinds={
            r"^transformer\..*\.attn1$": "self",
            r"^transformer\..*\.attn2$": "cross",
        },
        choices=(
            "The first published weights (0.9.0): the later decoders take a timestep and inject noise.",
            "The VAE decodes the whole video: tiling is off unless the pipeline is told otherwise.",
        ),
        family="video",
    ),
)
