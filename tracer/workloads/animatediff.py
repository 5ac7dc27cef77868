"""AnimateDiff: Stable Diffusion 1.5 with a motion module after every spatial layer of its U-Net."""

from __future__ import annotations

from tracer.graph import GraphError, Workload

from .latent_video import denoiser_stage, frame_decoder_stages, video_run
from .pipeline import FrameRate, Limits, Pipeline, StageSpec

__all__ = ["PIPELINES"]

_LATENT_CHANNELS = 4
_DOWNSAMPLING = 8
_MOST_FRAMES = 32  # the motion modules' positional embedding ends there
_DECODE_CHUNK = 16  # decode_chunk_size of AnimateDiffPipeline.__call__ [frames]

# runwayml/stable-diffusion-v1-5, unet/config.json, with the motion adapter's settings, as
# UNetMotionModel.from_unet2d combines them; attention_head_dim there counts heads.
_UNET = {
    "sample_size": 64,
    "in_channels": _LATENT_CHANNELS,
    "out_channels": _LATENT_CHANNELS,
    "block_out_channels": (320, 640, 1280, 1280),
    "down_block_types": ("CrossAttnDownBlockMotion",) * 3 + ("DownBlockMotion",),
    "up_block_types": ("UpBlockMotion",) + ("CrossAttnUpBlockMotion",) * 3,
    "cross_attention_dim": 768,
    "num_attention_heads": 8,
    "layers_per_block": 2,
    "norm_num_groups": 32,
    "motion_max_seq_length": _MOST_FRAMES,
    "motion_num_attention_heads": 8,
    "use_motion_mid_block": True,
}


def build(workload: Workload) -> list[StageSpec]:
    """CLIP on prompt and empty prompt in turn, the motion U-Net on both in one batch, frames decoded by 16.

    Raises
    ------
    GraphError
        More frames than the motion modules know positions.
    """
    from diffusers import UNetMotionModel

    from .autoencoders import vae_4_channels
    from .construction import diffusers_module
    from .text_encoders import clip_l, text_stage

    run = video_run(workload)
    if run.num_frames > _MOST_FRAMES:
        raise GraphError(f"num_frames is {run.num_frames}; AnimateDiff makes at most {_MOST_FRAMES}")
    extents = (run.height // _DOWNSAMPLING, run.width // _DOWNSAMPLING)
    unet_inputs = {
        "sample": ((run.denoised, _LATENT_CHANNELS, run.num_frames, *extents), run.dtype),
        "timestep": ((), "int64"),
        # The pipeline repeats the prompt for every frame.
        "encoder_hidden_states": ((run.denoised * run.num_frames, run.prompt_length, 768), run.dtype),
    }
    latents = (run.batch * run.num_frames, _LATENT_CHANNELS, *extents)
    return [
        text_stage(clip_l(run.dtype), batch=run.batch, length=run.prompt_length, repeats=run.prompts),
        denoiser_stage(
            diffusers_module(UNetMotionModel, _UNET, run.dtype), unet_inputs, repeats=run.steps, name="unet"
        ),
        *frame_decoder_stages(vae_4_channels(run.dtype), latents, chunk=_DECODE_CHUNK, dtype=run.dtype),
    ]


PIPELINES = (
    Pipeline(
        name="animatediff",
        title="AnimateDiff (Stable Diffusion 1.5)",
        defaults=Workload(
            height=512,
            width=512,
            num_frames=16,
            num_inference_steps=25,
            guidance_scale=7.5,
            prompt_length=77,
            dtype="float16",
        ),
        build=build,
        limits=Limits(prompt=77, frames=32),
        frame_rate=FrameRate(8.0, "github.com/guoyww/AnimateDiff, animatediff/utils/util.py: save_videos_grid, fps 8"),
        sources=(
            "Guo et al. 2023, AnimateDiff, arXiv:2307.04725",
            "huggingface.co/guoyww/animatediff-motion-adapter-v1-5-2 (config.json, README.md: 25 steps)",
            "huggingface.co/runwayml/stable-diffusion-v1-5 (unet/config.json)",
            "diffusers 0.42.1, pipelines/animatediff/pipeline_animatediff.py",
        ),
        # U-Net: 859.5 M of Stable Diffusion 1.5 and the adapter's 1.82 GB of float32.
        parameters={"text_encoder": 123_060_480, "unet": 859_520_964 + 453e6, "vae": 83_653_863},
        attention_kinds={
            r"motion_modules": "temporal",
            r"^unet\..*\.attn2$": "cross",
            r"^unet\..*\.attn1$": "spatial",
        },
        choices=("Steps are the model card's 25; the default of the pipeline's call is 50.",),
        family="video",
    ),
)
