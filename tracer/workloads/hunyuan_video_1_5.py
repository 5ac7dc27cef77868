"""HunyuanVideo 1.5: Qwen2.5-VL and ByT5 conditioning, a joint transformer of 54 layers, a causal VAE with attention."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from tracer.graph import Workload

from .inputs import meta_tensor
from .latent_video import VideoRun, video_run
from .limits import Limits
from .pipeline import FrameRate, Pipeline, StageSpec

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = ["PIPELINES"]

_LATENT_CHANNELS = 32
_DOWNSAMPLING = 16
_TEMPORAL_COMPRESSION = 4
_TEMPLATE_TOKENS = 108  # of the prompt's template, cut off after encoding (prompt_template_encode_start_idx)
_GLYPH_TOKENS, _GLYPH_WIDTH = 256, 1472  # of ByT5, zero where the prompt has no text in quotation marks
_IMAGE_TOKENS, _IMAGE_WIDTH = 729, 1152  # of SigLIP, zero in text to video
_TEXT_WIDTH = 3584

# hunyuanvideo-community/HunyuanVideo-1.5-Diffusers-480p_t2v, transformer/config.json; diffusers
# scripts/convert_hunyuan_video1_5_to_diffusers.py.
_TRANSFORMER = {
    # Noise, the latents of a first frame, and a mask that says which frames those are.
    "in_channels": 2 * _LATENT_CHANNELS + 1,
    "out_channels": _LATENT_CHANNELS,
    "num_attention_heads": 16,
    "attention_head_dim": 128,
    "num_layers": 54,
    "num_refiner_layers": 2,
    "mlp_ratio": 4.0,
    "patch_size": 1,
    "patch_size_t": 1,
    "qk_norm": "rms_norm",
    "text_embed_dim": _TEXT_WIDTH,
    "text_embed_2_dim": _GLYPH_WIDTH,
    "image_embed_dim": _IMAGE_WIDTH,
    "rope_theta": 256.0,
    "rope_axes_dim": (16, 56, 56),
    "use_meanflow": False,
    "task_type": "t2v",
}
# The same repository, vae/config.json: the defaults of AutoencoderKLHunyuanVideo15.
_VAE = {
    "latent_channels": _LATENT_CHANNELS,
    "block_out_channels": (128, 256, 512, 1024, 1024),
    "layers_per_block": 2,
    "spatial_compression_ratio": _DOWNSAMPLING,
    "temporal_compression_ratio": _TEMPORAL_COMPRESSION,
}


def build(target: int, workload: Workload) -> list[StageSpec]:
    """Qwen and the transformer on prompt and negative prompt in passes of their own, the video decoded."""
    from diffusers import AutoencoderKLHunyuanVideo15, HunyuanVideo15Transformer3DModel

    from .autoencoders import decoder_stage
    from .construction import diffusers_module
    from .language_encoders import qwen2_5_vl_7b_language
    from .text_encoders import text_stage

    run = video_run(workload)
    extents = run.latent_extents(frames=_TEMPORAL_COMPRESSION, side=_DOWNSAMPLING)
    config = {**_TRANSFORMER, "target_size": target}
    return [
        text_stage(
            qwen2_5_vl_7b_language(run.dtype),
            batch=run.batch,
            length=_TEMPLATE_TOKENS + run.prompt_length,
            masked=True,
            hidden_states=True,
            repeats=run.prompts,
        ),
        _transformer_stage(diffusers_module(HunyuanVideo15Transformer3DModel, config, run.dtype), run, extents),
        decoder_stage(
            _with_given_masks(diffusers_module(AutoencoderKLHunyuanVideo15, _VAE, run.dtype)),
            (run.batch, _LATENT_CHANNELS, *extents),
            dtype=run.dtype,
        ),
    ]


def _with_given_masks(vae: Any) -> nn.Module:
    """Autoencoder whose attention is given its causal mask.

    diffusers fills the mask's rows one by one, in as many launches as the latents have positions: a second or so of a
    run of minutes, which is left out.
    """

    def mask(frames: int, positions: int, dtype: torch.dtype, device: object, *, batch_size: int) -> torch.Tensor:
        length = frames * positions
        return meta_tensor((batch_size, length, length), str(dtype).removeprefix("torch."))

    for module in vae.modules():
        if hasattr(module, "prepare_causal_attention_mask"):
            module.prepare_causal_attention_mask = mask
    module_with_masks: nn.Module = vae
    return module_with_masks


def _transformer_stage(module: nn.Module, run: VideoRun, extents: tuple[int, int, int]) -> StageSpec:
    def forward(transformer: Any, repeat: int) -> object:
        latents = meta_tensor((run.batch, 2 * _LATENT_CHANNELS + 1, *extents), run.dtype)
        return _forward(transformer, latents, meta_tensor((run.batch,), run.dtype), _tokens(transformer, run))

    steps = run.steps * run.prompts
    return StageSpec(name="transformer", component="transformer", module=module, run=forward, repeats=steps)


def _forward(transformer: Any, latents: torch.Tensor, time: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    """Forward pass of the transformer from its conditioning on, in the order of its own."""
    batch, _, frames, height, width = latents.shape
    rotary = transformer.rope(latents)
    modulation = transformer.time_embed(time, timestep_r=None)
    video = transformer.x_embedder(latents)
    mask = meta_tensor(tuple(tokens.shape[:2]), "bool")
    for block in transformer.transformer_blocks:
        video, tokens = block(video, tokens, modulation, mask, rotary)
    video = transformer.proj_out(transformer.norm_out(video, modulation))
    out: torch.Tensor = video.reshape(batch, frames, height, width, -1).permute(0, 4, 1, 2, 3)
    return out


def _tokens(transformer: Any, run: VideoRun) -> torch.Tensor:
    """Tokens of image, glyphs and prompt, those that are masked last.

    The forward pass of diffusers picks them by masks, whose values meta tensors lack; that picking, two gathers for
    each of the three, is left out.
    """
    import torch

    lengths = (_IMAGE_TOKENS, _GLYPH_TOKENS, run.prompt_length)
    widths = (_IMAGE_WIDTH, _GLYPH_WIDTH, _TEXT_WIDTH)
    image, glyphs, text = (
        meta_tensor((run.batch, length, width), run.dtype) for length, width in zip(lengths, widths, strict=True)
    )
    mask = meta_tensor((run.batch, run.prompt_length), run.dtype)
    time = meta_tensor((run.batch,), run.dtype)
    embedded = [
        transformer.image_embedder(image) * 0.0,
        transformer.context_embedder_2(glyphs),
        transformer.context_embedder(text, time, mask),
    ]
    kinds = [transformer.cond_type_embed(meta_tensor(tuple(e.shape[:2]), "int64")) for e in embedded]
    return torch.cat([tokens + kind for tokens, kind in zip(embedded, kinds, strict=True)], dim=1)


_pipeline = partial(
    Pipeline,
    sources=(
        "Tencent Hunyuan 2025, HunyuanVideo 1.5 Technical Report, arXiv:2511.18870: 8.3 billion parameters",
        "diffusers scripts/convert_hunyuan_video1_5_to_diffusers.py (configurations, guidance 6.0)",
        "diffusers 0.42, HunyuanVideo15Pipeline: 121 frames, 50 steps, 1000 tokens after the template",
    ),
    parameters={"transformer": 8.3e9},
    rounded=frozenset({"transformer"}),
    limits=Limits(prompt=1000),
    frame_rate=FrameRate(24.0, "diffusers 0.42, HunyuanVideo15ImageToVideoPipeline, example: export_to_video, fps 24"),
    size_multiple=_DOWNSAMPLING,
    frame_rule=(_TEMPORAL_COMPRESSION, 1),
    attention_kinds={r"^transformer\.context_embedder\.": "self", r"^transformer\.": "joint", r"^vae\.": "self"},
    choices=(
        "The prompt has no text in quotation marks: ByT5 does not run, and its weights (0.2 G) are left out.",
        "Attention of the transformer takes a mask of all pairs of tokens, as diffusers makes it, and is not flash "
        "attention therefore.",
        "The VAE decodes the whole video: tiling is off unless the pipeline is told otherwise.",
    ),
    family="video",
)
_SETTINGS = partial(
    Workload, num_frames=121, num_inference_steps=50, guidance_scale=6.0, prompt_length=1000, dtype="bfloat16"
)

PIPELINES = (
    _pipeline(
        name="hunyuanvideo-1.5",
        title="HunyuanVideo 1.5 480p",
        defaults=_SETTINGS(height=480, width=848),
        build=partial(build, 640),
        aliases=("hunyuanvideo1.5", "hunyuan-video-1.5", "hunyuanvideo-1.5-480p"),
    ),
    _pipeline(
        name="hunyuanvideo-1.5-720p",
        title="HunyuanVideo 1.5 720p",
        defaults=_SETTINGS(height=720, width=1280),
        build=partial(build, 960),
        aliases=("hunyuanvideo1.5-720p",),
    ),
)
