"""Make-A-Video: text to video by a cascade of pixel-space diffusion models.

Singer et al., "Make-A-Video: Text-to-Video Generation without Text-Video Data", arXiv:2209.14792. From the
paper: the cascade (prior, spatiotemporal decoder, frame interpolation, spatiotemporal and spatial
super-resolution), its frame counts and resolutions, pseudo-3D convolution and attention, conditioning on the
frame rate, four extra input channels of the interpolation network, which is the decoder of 16 frames fine-tuned.
From unCLIP (Ramesh et al., arXiv:2204.06125, appendix C, table 3), on whose cascade it builds: widths and depths of
decoder and upsamplers, and sampling steps. Parameter counts are from recollection of the paper's appendix.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from tracer.graph import Workload

from .inputs import guided_batch, meta_tensor, required
from .pipeline import Pipeline, StageSpec

if TYPE_CHECKING:
    from torch import nn

__all__ = ["PIPELINES"]

_FRAME_SKIP = 5
# Side of the final video (768 pixels) over that of the decoder (64) and of the first upsampler (256).
_DECODER_SCALE = 12
_FIRST_UPSAMPLER_SCALE = 3
_CLIP_WIDTH = 768
_PRIOR = {"vocabulary": 49408, "clip_width": _CLIP_WIDTH, "num_layers": 24, "num_heads": 32}
_DECODER: dict[str, Any] = {
    "model_channels": 512,
    "channel_mult": (1, 2, 3, 4),
    "num_res_blocks": 3,
    "attention_levels": (1, 2, 3),
    "context_width": 2048,
}
_FIRST_UPSAMPLER: dict[str, Any] = {
    "in_channels": 6,
    "model_channels": 320,
    "channel_mult": (1, 2, 3, 4),
    "num_res_blocks": 3,
}
_SECOND_UPSAMPLER: dict[str, Any] = {
    "in_channels": 6,
    "model_channels": 192,
    "channel_mult": (1, 1, 2, 2, 4, 4),
    "num_res_blocks": 2,
}

_CHOICES = (
    "num_frames counts the frames of the spatiotemporal decoder (16); the video has (num_frames - 1) x 5 + 1 (76).",
    "Height and width are those of the video (768); the stages before it work at a twelfth (64) and a third (256).",
    "Text encoder: not named in the paper; CLIP ViT-L/14, as in Karlo, the public unCLIP.",
    "Prior: width, depth not published; 24 layers of width 2048 (unCLIP's 1B prior, from recollection) "
    "and an embedding of the byte-pair tokens, which the paper names as an input, give 1.3B.",
    "Decoder and interpolation: the unCLIP decoder (512 channels x 1, 2, 3, 4; 3 residual blocks; attention at 32, "
    "16, 8 pixels; 64 channels per head) with pseudo-3D layers.",
    "Interpolation: windows of num_frames frames, as long as the decoder's, that share the frame between them and run "
    "one after another: five of 16 frames make 76.",
    "The image embedding is added to the time embedding and becomes 4 context tokens, as in unCLIP; the "
    "decoder takes no text, since the paper conditions it on the image embedding.",
    "Spatiotemporal super-resolution: unCLIP's first upsampler (320 channels, no attention); all frames in one "
    "forward, because its temporal convolutions need them.",
    "Spatial super-resolution: unCLIP's second upsampler (192 channels x 1, 1, 2, 2, 4, 4; 2 residual blocks; no "
    "attention); one frame per forward, since a 768-pixel frame already fills an accelerator and frames are "
    "independent there.",
    "Without attention in the upsamplers, temporal attention runs in the decoder and the interpolation network alone.",
    "Temporal attention has no position embedding: the temporal convolutions around it give the order of frames.",
    "Steps: not in the paper; unCLIP's, 64 for the prior, 250 for the decoder, 27 and 15 for the upsamplers. "
    "Interpolation takes the decoder's steps, being fine-tuned from it. Karlo, a public unCLIP, takes 25, 50, 7 and "
    "7 (variant karlo).",
    "Guidance: not published; Karlo's, in the prior, decoder and interpolation, none in the upsamplers.",
)


_SIZES = (
    "widths and depths are unCLIP's; the paper's own appendix gives more parameters (from recollection), and does "
    "not say where they are"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Steps:
    """Sampling steps of the stages that ``num_inference_steps`` does not count."""

    prior: int
    first_upsampler: int
    second_upsampler: int


_UNCLIP = _Steps(prior=64, first_upsampler=27, second_upsampler=15)
_KARLO = _Steps(prior=25, first_upsampler=7, second_upsampler=7)


def build(workload: Workload, *, others: _Steps = _UNCLIP) -> Sequence[StageSpec]:
    """Text encoder, prior, decoder, interpolation, super-resolution to 256 and to 768 pixels."""
    from .text_encoders import clip_l, text_stage

    frames, length = required(workload, "num_frames", "prompt_length")
    frames_out = (frames - 1) * _FRAME_SKIP + 1
    text_encoder = clip_l(workload.dtype, projection=True)
    return [
        text_stage(text_encoder, batch=guided_batch(workload), length=length),
        _prior_stage(workload, steps=others.prior),
        _decoder_stage(workload, name="decoder", channels=3, windows=1),
        _decoder_stage(workload, name="interpolation", channels=3 + 4, windows=_FRAME_SKIP if frames > 1 else 1),
        _first_upsampler_stage(workload, frames=frames_out, steps=others.first_upsampler),
        _second_upsampler_stage(workload, frames=frames_out, steps=others.second_upsampler),
    ]


def _prior_stage(workload: Workload, *, steps: int) -> StageSpec:
    from tracer.workloads.modules.meta_module import meta_module
    from tracer.workloads.modules.video_cascade import ImageEmbeddingPrior

    (length,) = required(workload, "prompt_length")
    batch, dtype = guided_batch(workload), workload.dtype
    prior = meta_module(lambda: ImageEmbeddingPrior(prompt_length=length, **_PRIOR), dtype=dtype)

    def run(module: Any, repeat: int) -> object:
        noisy, text = (meta_tensor((batch, _CLIP_WIDTH), dtype) for _ in range(2))
        tokens, mask = meta_tensor((batch, length), "int64"), meta_tensor((batch, length), "bool")
        return module(noisy, meta_tensor((), "int64"), text, tokens, mask)

    return StageSpec(name="prior", component="prior", module=prior, run=run, repeats=steps)


def _decoder_stage(workload: Workload, *, name: str, channels: int, windows: int) -> StageSpec:
    """Video U-Net at the lowest resolution: the decoder, or the interpolation between its frames."""
    from tracer.workloads.modules.meta_module import meta_module
    from tracer.workloads.modules.pixel_unet import PixelUNetConfig
    from tracer.workloads.modules.video_cascade import VideoDecoder

    steps, frames = required(workload, "num_inference_steps", "num_frames")
    batch, dtype = guided_batch(workload), workload.dtype
    config = PixelUNetConfig(in_channels=channels, **_DECODER)
    decoder = meta_module(lambda: VideoDecoder(config, num_frames=frames, clip_width=_CLIP_WIDTH), dtype=dtype)
    size = _size(workload, scale=_DECODER_SCALE)

    def run(module: Any, repeat: int) -> object:
        video = meta_tensor((batch, channels, frames, *size), dtype)
        timestep, frame_rate = (meta_tensor((batch,), "int64") for _ in range(2))
        return module(video, timestep, frame_rate, meta_tensor((batch, _CLIP_WIDTH), dtype))

    return StageSpec(name=name, component=name, module=decoder, run=run, repeats=windows * steps)


def _first_upsampler_stage(workload: Workload, *, frames: int, steps: int) -> StageSpec:
    """Space and time: all frames of a video in one forward pass."""
    from tracer.workloads.modules.meta_module import meta_module
    from tracer.workloads.modules.pixel_unet import PixelUNetConfig
    from tracer.workloads.modules.video_cascade import VideoUpsampler

    config = PixelUNetConfig(**_FIRST_UPSAMPLER)
    module = meta_module(lambda: VideoUpsampler(config, num_frames=frames), dtype=workload.dtype)
    high = (3, frames, *_size(workload, scale=_FIRST_UPSAMPLER_SCALE))
    low = (3, frames, *_size(workload, scale=_DECODER_SCALE))
    return _upsampler_stage(workload, module, (high, low), name="super_resolution_256", repeats=steps)


def _second_upsampler_stage(workload: Workload, *, frames: int, steps: int) -> StageSpec:
    """Space alone: one frame after another."""
    from tracer.workloads.modules.meta_module import meta_module
    from tracer.workloads.modules.pixel_unet import ImageLayers, PixelUNetConfig
    from tracer.workloads.modules.video_cascade import Upsampler

    config = PixelUNetConfig(**_SECOND_UPSAMPLER)
    module = meta_module(lambda: Upsampler(config, layers=ImageLayers()), dtype=workload.dtype)
    shapes = ((3, *_size(workload, scale=1)), (3, *_size(workload, scale=_FIRST_UPSAMPLER_SCALE)))
    return _upsampler_stage(workload, module, shapes, name="super_resolution_768", repeats=steps * frames)


def _upsampler_stage(
    workload: Workload,
    upsampler: nn.Module,
    shapes: tuple[tuple[int, ...], tuple[int, ...]],
    *,
    name: str,
    repeats: int,
) -> StageSpec:
    """Stage of an unguided upsampler; `shapes` are those of a noisy and of a low-resolution sample."""
    batch, dtype = workload.batch, workload.dtype

    def run(module: Any, repeat: int) -> object:
        noisy, low_resolution = (meta_tensor((batch, *shape), dtype) for shape in shapes)
        return module(noisy, low_resolution, meta_tensor((batch,), "int64"))

    return StageSpec(name=name, component=name, module=upsampler, run=run, repeats=repeats)


def _size(workload: Workload, *, scale: int) -> tuple[int, int]:
    height, width = required(workload, "height", "width")
    return height // scale, width // scale


_PUBLISHED = Pipeline(
    name="make-a-video",
    title="Make-A-Video",
    defaults=Workload(
        height=768, width=768, num_frames=16, num_inference_steps=250, guidance_scale=8.0, prompt_length=77
    ),
    build=build,
    sources=(
        "Singer et al., Make-A-Video, arXiv:2209.14792 (cascade and layers; parameter counts from recollection)",
        "Ramesh et al., unCLIP, arXiv:2204.06125, appendix C, table 3 (decoder, upsamplers, steps)",
        "github.com/lucidrains/make-a-video-pytorch, make_a_video.py (layouts of the pseudo-3D layers)",
        "github.com/kakaobrain/karlo, README and karlo/models/sr_64_256.py (CLIP model, guidance, steps of the "
        "variant)",
        "github.com/huggingface/diffusers, pipelines/unclip/pipeline_unclip.py (guidance, loops)",
    ),
    parameters={
        "text_encoder": 123_650_304,
        "prior": 1.3e9,
        "decoder": 3.1e9,
        "interpolation": 3.1e9,
        "super_resolution_256": 1.4e9,
        "super_resolution_768": 0.7e9,
    },
    rounded=frozenset({"prior", "decoder", "interpolation", "super_resolution_256", "super_resolution_768"}),
    differing={"super_resolution_256": _SIZES, "super_resolution_768": _SIZES},
    size_multiple=96,
    attention_kinds={r"\.temporal\.": "temporal", r"\.spatial$": "spatial"},
    choices=_CHOICES,
    family="video",
    architecture="diffusion",
)

PIPELINES = (
    _PUBLISHED,
    replace(
        _PUBLISHED,
        name="make-a-video-karlo",
        title="Make-A-Video with Karlo's steps",
        variant_of="make-a-video",
        defaults=replace(_PUBLISHED.defaults, num_inference_steps=50),
        build=partial(build, others=_KARLO),
    ),
)
