"""Latte: a transformer on latent video whose blocks attend within frames and across frames in turn."""

from __future__ import annotations

from tracer.graph import Workload

from .latent_video import VideoRun, denoiser_stage, frame_decoder_stages, video_run
from .pipeline import FrameRate, Pipeline, StageSpec

__all__ = ["PIPELINES"]

_LATENT_CHANNELS = 4
_DOWNSAMPLING = 8
_DECODE_CHUNK = 14  # decode_chunk_size of LattePipeline.__call__ [frames]

# maxin-cn/Latte-1, transformer/config.json.
_TRANSFORMER = {
    "activation_fn": "gelu-approximate",
    "attention_bias": True,
    "attention_head_dim": 72,
    "caption_channels": 4096,
    "cross_attention_dim": 1152,
    "in_channels": _LATENT_CHANNELS,
    "norm_elementwise_affine": False,
    "norm_eps": 1e-6,
    "norm_type": "ada_norm_single",
    "num_attention_heads": 16,
    "num_embeds_ada_norm": 1000,
    "num_layers": 28,
    "out_channels": 2 * _LATENT_CHANNELS,
    "patch_size": 2,
    "sample_size": 64,
}


def build(workload: Workload) -> list[StageSpec]:
    """T5 on prompt and empty prompt in turn, the transformer on both in one batch, frames decoded by 14."""
    from diffusers import LatteTransformer3DModel

    from .autoencoders import vae_4_channels
    from .construction import diffusers_module
    from .text_encoders import t5_xxl, text_stage

    run = video_run(workload)
    extents = (run.height // _DOWNSAMPLING, run.width // _DOWNSAMPLING)
    # The temporal positions are sines of any length; the published file has the default, 16.
    config = {**_TRANSFORMER, "video_length": run.num_frames}
    return [
        text_stage(t5_xxl(run.dtype), batch=run.batch, length=run.prompt_length, masked=True, repeats=run.prompts),
        denoiser_stage(
            diffusers_module(LatteTransformer3DModel, config, run.dtype),
            _transformer_inputs(run, extents),
            repeats=run.steps,
        ),
        *frame_decoder_stages(
            vae_4_channels(run.dtype),
            (run.batch * run.num_frames, _LATENT_CHANNELS, *extents),
            chunk=_DECODE_CHUNK,
            dtype=run.dtype,
        ),
    ]


def _transformer_inputs(run: VideoRun, extents: tuple[int, int]) -> dict[str, tuple[tuple[int, ...], str]]:
    return {
        "hidden_states": ((run.denoised, _LATENT_CHANNELS, run.num_frames, *extents), run.dtype),
        "timestep": ((run.denoised,), "int64"),
        "encoder_hidden_states": ((run.denoised, run.prompt_length, 4096), run.dtype),
    }


PIPELINES = (
    Pipeline(
        name="latte",
        title="Latte-1",
        aliases=("latte-1",),
        defaults=Workload(
            height=512,
            width=512,
            num_frames=16,
            num_inference_steps=50,
            guidance_scale=7.5,
            prompt_length=120,
            dtype="float16",
        ),
        build=build,
        frame_rate=FrameRate(8.0, "github.com/Vchitect/Latte, sample/sample_t2x.py: fps 8"),
        sources=(
            "Ma et al. 2024, Latte: Latent Diffusion Transformer for Video Generation, arXiv:2401.03048",
            "huggingface.co/maxin-cn/Latte-1 (transformer/config.json, model_index.json)",
            "diffusers 0.42.1, pipelines/latte/pipeline_latte.py",
        ),
        # The transformer's file holds 4.23 GB of float32.
        parameters={"text_encoder": 4.762e9, "transformer": 4.23e9 / 4, "vae": 83_653_863},
        size_multiple=16,
        attention_kinds={
            r"temporal_transformer_blocks\.": "temporal",
            r"^transformer\..*\.attn2$": "cross",
            r"^transformer\..*\.attn1$": "spatial",
        },
        choices=(
            "The pipeline cuts the prompt's embedding to its true tokens (mask_feature); the padded 120 are "
            "traced, which is the longest case.",
        ),
        family="video",
    ),
)
