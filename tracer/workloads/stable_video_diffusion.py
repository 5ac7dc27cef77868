"""Stable Video Diffusion XT: an image to 25 frames, with a spatio-temporal U-Net and VAE decoder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tracer.graph import Workload

from .inputs import meta_tensor
from .latent_video import VideoRun, denoiser_stage, frame_decoder_stages, video_run
from .pipeline import FrameRate, Pipeline, StageSpec

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = ["PIPELINES"]

_LATENT_CHANNELS = 4
_DOWNSAMPLING = 8
_CLIP_SIZE = 224  # [pixel]

# stabilityai/stable-video-diffusion-img2vid-xt, unet/config.json.
_UNET = {
    "sample_size": 96,
    "in_channels": 2 * _LATENT_CHANNELS,
    "out_channels": _LATENT_CHANNELS,
    "block_out_channels": (320, 640, 1280, 1280),
    "down_block_types": ("CrossAttnDownBlockSpatioTemporal",) * 3 + ("DownBlockSpatioTemporal",),
    "up_block_types": ("UpBlockSpatioTemporal",) + ("CrossAttnUpBlockSpatioTemporal",) * 3,
    "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 768,
    "cross_attention_dim": 1024,
    "layers_per_block": 2,
    "transformer_layers_per_block": 1,
    "num_attention_heads": (5, 10, 20, 20),
    "num_frames": 25,
}

# stabilityai/stable-video-diffusion-img2vid-xt, vae/config.json.
_VAE = {
    "in_channels": 3,
    "out_channels": 3,
    "latent_channels": _LATENT_CHANNELS,
    "block_out_channels": (128, 256, 512, 512),
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "layers_per_block": 2,
    "sample_size": 768,
    "force_upcast": True,
}


def build(workload: Workload) -> list[StageSpec]:
    """CLIP and the VAE on the image, the U-Net on both halves of guidance at once, all frames decoded."""
    from diffusers import AutoencoderKLTemporalDecoder, UNetSpatioTemporalConditionModel

    from .video_conditioning import clip_vision_h

    run = video_run(workload, prompted=False)
    extents = (run.height // _DOWNSAMPLING, run.width // _DOWNSAMPLING)
    # The pipeline casts a float16 autoencoder up for the encoder and back for the decoder (force_upcast).
    encoder_dtype = "float32" if run.dtype == "float16" else run.dtype
    return [
        _image_encoder_stage(clip_vision_h(run.dtype), run),
        _vae_encoder_stage(_module(AutoencoderKLTemporalDecoder, _VAE, encoder_dtype), run, encoder_dtype),
        denoiser_stage(
            _module(UNetSpatioTemporalConditionModel, _UNET, run.dtype),
            _unet_inputs(run, extents),
            repeats=run.steps,
            name="unet",
        ),
        *frame_decoder_stages(
            _module(AutoencoderKLTemporalDecoder, _VAE, run.dtype),
            (run.batch * run.num_frames, _LATENT_CHANNELS, *extents),
            chunk=run.num_frames,
            dtype=run.dtype,
            decode=_decode,
        ),
    ]


def _module(model_class: Any, config: Mapping[str, object], dtype: str) -> nn.Module:
    """Module wholly on meta: ``torch.Tensor``, with which AlphaBlender makes its factor, stays on the CPU."""
    from .construction import diffusers_module

    return diffusers_module(model_class, config, dtype).to("meta")


def _unet_inputs(run: VideoRun, extents: tuple[int, int]) -> dict[str, tuple[tuple[int, ...], str]]:
    """Noise beside the image's latents in the channels, and the image's embedding as the only token."""
    return {
        "sample": ((run.denoised, run.num_frames, 2 * _LATENT_CHANNELS, *extents), run.dtype),
        "timestep": ((), "float32"),
        "encoder_hidden_states": ((run.denoised, 1, 1024), run.dtype),
        "added_time_ids": ((run.denoised, 3), run.dtype),
    }


def _image_encoder_stage(module: nn.Module, run: VideoRun) -> StageSpec:
    """The unconditional embedding is zeros, so that guidance adds no run."""

    def encode(encoder: Any, repeat: int) -> object:
        return encoder(meta_tensor((run.batch, 3, _CLIP_SIZE, _CLIP_SIZE), run.dtype)).image_embeds

    return StageSpec(name="image_encoder", component="image_encoder", module=module, run=encode)


def _vae_encoder_stage(module: nn.Module, run: VideoRun, dtype: str) -> StageSpec:
    def encode(autoencoder: Any, repeat: int) -> object:
        image = meta_tensor((run.batch, 3, run.height, run.width), dtype)
        return autoencoder.encode(image).latent_dist.mode()

    return StageSpec(name="vae_encoder", component="vae", module=module, run=encode)


def _decode(autoencoder: Any, latents: torch.Tensor) -> object:
    return autoencoder.decode(latents, num_frames=latents.shape[0])


PIPELINES = (
    Pipeline(
        name="svd-xt",
        title="Stable Video Diffusion XT",
        aliases=("svd", "stable-video-diffusion", "stable-video-diffusion-xt"),
        defaults=Workload(
            height=576,
            width=1024,
            num_frames=25,
            num_inference_steps=25,
            guidance_scale=3.0,
            dtype="float16",
        ),
        build=build,
        frame_rate=FrameRate(7.0, "diffusers 0.42.1, StableVideoDiffusionPipeline.__call__: fps 7"),
        sources=(
            "Blattmann et al. 2023, Stable Video Diffusion, arXiv:2311.15127 (U-Net of 1521 M parameters)",
            "huggingface.co/stabilityai/stable-video-diffusion-img2vid-xt (config.json of each component)",
            "diffusers 0.42.1, pipelines/stable_video_diffusion/pipeline_stable_video_diffusion.py",
        ),
        parameters={"image_encoder": 632_076_800, "unet": 1521e6, "vae": 97.7e6},
        attention_kinds={
            r"temporal_transformer_blocks\..*\.attn1$": "temporal",
            r"^unet\..*\.attn2$": "cross",
            r"^unet\..*\.attn1$": "spatial",
        },
        choices=(
            "All frames are decoded in one pass, as decode_chunk_size does where it is not given; the model "
            "card's example sets it to 8.",
            "guidance_scale is the last frame's (max_guidance_scale); it grows from 1 along the frames.",
        ),
        family="video",
    ),
)
