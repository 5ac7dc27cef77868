"""HunyuanVideo: Llama and CLIP conditioning, a two-stream then one-stream transformer, a tiled causal VAE."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tracer.graph import Workload

from .inputs import meta_tensor
from .latent_video import VideoRun, denoiser_stage, video_run
from .pipeline import FrameRate, Pipeline, StageSpec

if TYPE_CHECKING:
    from torch import nn

__all__ = ["PIPELINES"]

_LATENT_CHANNELS = 16
_DOWNSAMPLING = 8
_TEMPORAL_COMPRESSION = 4
_PATCH = 2
_TEMPLATE_TOKENS = 95  # of the prompt's template, cut off after encoding (DEFAULT_PROMPT_TEMPLATE)
_CLIP_TOKENS = 77
# tile_sample_min_num_frames and tile_sample_stride_num_frames of AutoencoderKLHunyuanVideo [frames].
_TILE_FRAMES, _STRIDE_FRAMES = 16, 12

# hunyuanvideo-community/HunyuanVideo, transformer/config.json.
_TRANSFORMER = {
    "attention_head_dim": 128,
    "guidance_embeds": True,
    "in_channels": _LATENT_CHANNELS,
    "mlp_ratio": 4.0,
    "num_attention_heads": 24,
    "num_layers": 20,
    "num_refiner_layers": 2,
    "num_single_layers": 40,
    "out_channels": _LATENT_CHANNELS,
    "patch_size": _PATCH,
    "patch_size_t": 1,
    "pooled_projection_dim": 768,
    "qk_norm": "rms_norm",
    "rope_axes_dim": (16, 56, 56),
    "rope_theta": 256.0,
    "text_embed_dim": 4096,
}

# hunyuanvideo-community/HunyuanVideo, vae/config.json.
_VAE = {
    "block_out_channels": (128, 256, 512, 512),
    "down_block_types": ("HunyuanVideoDownBlock3D",) * 4,
    "up_block_types": ("HunyuanVideoUpBlock3D",) * 4,
    "latent_channels": _LATENT_CHANNELS,
    "layers_per_block": 2,
    "mid_block_add_attention": True,
    "norm_num_groups": 32,
    "spatial_compression_ratio": _DOWNSAMPLING,
    "temporal_compression_ratio": _TEMPORAL_COMPRESSION,
}


def build(workload: Workload) -> list[StageSpec]:
    """Llama and CLIP on the prompt, the transformer with guidance as an embedding, tiles decoded in turn."""
    from diffusers import AutoencoderKLHunyuanVideo, HunyuanVideoTransformer3DModel

    from .construction import diffusers_module
    from .text_encoders import clip_l, text_stage
    from .video_conditioning import llava_llama3_8b

    run = video_run(workload)
    extents = run.latent_extents(frames=_TEMPORAL_COMPRESSION, side=_DOWNSAMPLING)
    return [
        text_stage(
            llava_llama3_8b(run.dtype),
            batch=run.batch,
            length=_TEMPLATE_TOKENS + run.prompt_length,
            masked=True,
            hidden_states=True,
        ),
        text_stage(clip_l(run.dtype), batch=run.batch, length=_CLIP_TOKENS, name="text_encoder_2"),
        _transformer_stage(diffusers_module(HunyuanVideoTransformer3DModel, _TRANSFORMER, run.dtype), run, extents),
        *_decoder_stages(diffusers_module(AutoencoderKLHunyuanVideo, _VAE, run.dtype), run, extents),
    ]


def _transformer_stage(module: nn.Module, run: VideoRun, extents: tuple[int, int, int]) -> StageSpec:
    return denoiser_stage(
        module,
        {
            "hidden_states": ((run.batch, _LATENT_CHANNELS, *extents), run.dtype),
            "timestep": ((run.batch,), "float32"),
            "encoder_hidden_states": ((run.batch, run.prompt_length, 4096), run.dtype),
            "encoder_attention_mask": ((run.batch, run.prompt_length), run.dtype),
            "pooled_projections": ((run.batch, 768), run.dtype),
            "guidance": ((run.batch,), run.dtype),
        },
        repeats=run.steps,
    )


def _decoder_stages(vae: nn.Module, run: VideoRun, extents: tuple[int, int, int]) -> list[StageSpec]:
    """Overlapping tiles of frames, then their blending, as ``_temporal_tiled_decode`` runs them."""
    frames, *size = extents
    tiles = _tile_lengths(frames)

    def whole(autoencoder: Any) -> object:
        return autoencoder.decode(meta_tensor((run.batch, _LATENT_CHANNELS, *extents), run.dtype))

    def stage(length: int, repeats: int) -> StageSpec:
        def decode(autoencoder: Any, repeat: int) -> object:
            latents = meta_tensor((run.batch, _LATENT_CHANNELS, length, *size), run.dtype)
            return autoencoder.decoder(autoencoder.post_quant_conv(latents))

        name = "vae_decoder" if length == max(tiles) else f"vae_decoder_{length}"
        return StageSpec(name=name, component="vae", module=vae, run=decode, repeats=repeats, whole=whole)

    stages = [stage(length, count) for length, count in Counter(tiles).items()]
    if len(tiles) == 1:
        return stages

    def blend(autoencoder: Any, repeat: int) -> object:
        return _blended(autoencoder, [_decoded(run, length, first=i == 0) for i, length in enumerate(tiles)])

    return [*stages, StageSpec(name="vae_blend", component="vae", module=vae, run=blend, whole=whole)]


def _tile_lengths(frames: int) -> list[int]:
    """Latent frames of each tile: one more than the tile's length, because the first gives a single frame."""
    tile, stride = _TILE_FRAMES // _TEMPORAL_COMPRESSION, _STRIDE_FRAMES // _TEMPORAL_COMPRESSION
    if frames <= tile:
        return [frames]
    return [min(tile + 1, frames - start) for start in range(0, frames, stride)]


def _decoded(run: VideoRun, length: int, *, first: bool) -> Any:
    """Pixels of a tile; all but the first drop their first frame."""
    frames = (length - 1) * _TEMPORAL_COMPRESSION + (1 if first else 0)
    return meta_tensor((run.batch, 3, frames, run.height, run.width), run.dtype)


def _blended(autoencoder: Any, tiles: list[Any]) -> Any:
    """Cross-fade each tile's first frames with the last of the tile before it and join what remains."""
    import torch

    row = [tiles[0][:, :, : _STRIDE_FRAMES + 1]]
    for before, tile in pairwise(tiles):
        row.append(autoencoder.blend_t(before, tile, _TILE_FRAMES - _STRIDE_FRAMES)[:, :, :_STRIDE_FRAMES])
    return torch.cat(row, dim=2)


PIPELINES = (
    Pipeline(
        name="hunyuanvideo",
        title="HunyuanVideo 13B",
        aliases=("hunyuan-video",),
        defaults=Workload(
            height=720,
            width=1280,
            num_frames=129,
            num_inference_steps=50,
            guidance_scale=6.0,
            prompt_length=256,
            dtype="bfloat16",
        ),
        build=build,
        frame_rate=FrameRate(24.0, "github.com/Tencent/HunyuanVideo, sample_video.py: save_videos_grid, fps 24"),
        sources=(
            "Kong et al. 2024, HunyuanVideo, arXiv:2412.03603",
            "huggingface.co/hunyuanvideo-community/HunyuanVideo (config.json of each component)",
            "diffusers 0.42.1, pipelines/hunyuan_video/pipeline_hunyuan_video.py",
        ),
        # The files: 15.02 GB and 25.64 GB of half precision, 986 MB of float32.
        parameters={
            "text_encoder": 15.02e9 / 2,
            "text_encoder_2": 123_060_480,
            "transformer": 25.64e9 / 2,
            "vae": 986e6 / 4,
        },
        size_multiple=_DOWNSAMPLING * _PATCH,
        frame_rule=(_TEMPORAL_COMPRESSION, 1),
        attention_kinds={
            r"^transformer\.context_embedder\.": "self",
            r"^transformer\.": "joint",
            r"^vae\.": "self",
        },
        choices=(
            "Guidance is distilled into the transformer: guidance_scale is an input and doubles nothing.",
            "All components run in the workload's dtype; the model card has all but the transformer in float16.",
            "The VAE decodes tiles of 16 frames, its default, each over the whole picture: spatial tiling is "
            "off unless the pipeline is told otherwise.",
        ),
        family="video",
    ),
)
