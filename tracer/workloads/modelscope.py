"""ModelScope text-to-video: a U-Net of spatial and temporal convolutions and attention on latents."""

from __future__ import annotations

from tracer.graph import Workload

from .latent_video import denoiser_stage, frame_decoder_stages, video_run
from .pipeline import FrameRate, Limits, Pipeline, StageSpec

__all__ = ["PIPELINES"]

_LATENT_CHANNELS = 4
_DOWNSAMPLING = 8

# damo-vilab/text-to-video-ms-1.7b, unet/config.json.
_UNET = {
    "sample_size": 32,
    "in_channels": _LATENT_CHANNELS,
    "out_channels": _LATENT_CHANNELS,
    "block_out_channels": (320, 640, 1280, 1280),
    "down_block_types": ("CrossAttnDownBlock3D",) * 3 + ("DownBlock3D",),
    "up_block_types": ("UpBlock3D",) + ("CrossAttnUpBlock3D",) * 3,
    "cross_attention_dim": 1024,
    "attention_head_dim": 64,
    "layers_per_block": 2,
    "norm_num_groups": 32,
}


def build(workload: Workload) -> list[StageSpec]:
    """OpenCLIP on prompt and empty prompt in turn, the U-Net on both in one batch, all frames decoded."""
    from diffusers import UNet3DConditionModel

    from .autoencoders import vae_4_channels
    from .construction import diffusers_module
    from .text_encoders import openclip_h, text_stage

    run = video_run(workload)
    extents = (run.height // _DOWNSAMPLING, run.width // _DOWNSAMPLING)
    unet_inputs = {
        "sample": ((run.denoised, _LATENT_CHANNELS, run.num_frames, *extents), run.dtype),
        "timestep": ((), "int64"),
        "encoder_hidden_states": ((run.denoised, run.prompt_length, 1024), run.dtype),
    }
    frames = run.batch * run.num_frames
    return [
        text_stage(openclip_h(run.dtype), batch=run.batch, length=run.prompt_length, repeats=run.prompts),
        denoiser_stage(
            diffusers_module(UNet3DConditionModel, _UNET, run.dtype),
            unet_inputs,
            repeats=run.steps,
            name="unet",
        ),
        *frame_decoder_stages(
            vae_4_channels(run.dtype), (frames, _LATENT_CHANNELS, *extents), chunk=frames, dtype=run.dtype
        ),
    ]


PIPELINES = (
    Pipeline(
        name="modelscope",
        title="ModelScope text-to-video 1.7B",
        aliases=("text-to-video-ms", "modelscope-t2v"),
        defaults=Workload(
            height=256,
            width=256,
            num_frames=16,
            num_inference_steps=25,
            guidance_scale=9.0,
            prompt_length=77,
            dtype="float16",
        ),
        build=build,
        limits=Limits(prompt=77),
        frame_rate=FrameRate(
            8.0, "huggingface.co/ali-vilab/text-to-video-ms-1.7b, README.md: 16 frames are two seconds"
        ),
        sources=(
            "Wang et al. 2023, ModelScope Text-to-Video Technical Report, arXiv:2308.06571",
            "huggingface.co/damo-vilab/text-to-video-ms-1.7b (unet/config.json, README.md: 25 steps)",
            "diffusers 0.42.1, pipelines/deprecated/text_to_video_synthesis/pipeline_text_to_video_synth.py",
        ),
        # The U-Net's file holds 5.65 GB of float32.
        parameters={"text_encoder": 340_387_840, "unet": 5.65e9 / 4, "vae": 83_653_863},
        attention_kinds={
            # A temporal transformer attends twice over the frames: its second attention has no prompt.
            r"(temp_attentions|transformer_in)\.": "temporal",
            r"^unet\..*\.attn2$": "cross",
            r"^unet\..*\.attn1$": "spatial",
        },
        choices=("Steps are the model card's 25; the default of the pipeline's call is 50.",),
        family="video",
    ),
)
