"""Imagen: text to image by a cascade of pixel-space diffusion models at 64, 256 and 1024 pixels.

Saharia et al., "Photorealistic Text-to-Image Diffusion Models with Deep Language Understanding",
arXiv:2205.11487. From the paper: the T5-XXL encoder; the base U-Net (F.1: 512 channels times 1, 2, 3, 4; three
residual blocks; attention at 32, 16, 8 pixels with 64 channels per head; text appended to its keys and values,
D.3.1; text pooled by attention); the Efficient U-Nets (F.2, F.3: 128, 256, 512, 1024 channels; 2, 4, 8, 8
residual blocks; strides of 2; attention at the lowest level with 8 heads and twice the channels inside; text
appended to keys and values at 256 pixels, cross-attention alone at 1024; order of layers as in figures A.27 to A.29).
Sampling steps are not in the text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from tracer.graph import Workload

from .inputs import guided_batch, meta_tensor, required
from .pipeline import Pipeline, StageSpec

if TYPE_CHECKING:
    from torch import nn

__all__ = ["PIPELINES"]

_TEXT_WIDTH = 4096
_CONTEXT_WIDTH = 512
_BASE_SCALE = 16
_FIRST_UPSAMPLER_SCALE = 4
# Of the two upsamplers: assumed with the base network's 256, and NVIDIA's.
_ASSUMED_STEPS = (128, 32)
_NEMO_STEPS = (20, 20)
_BASE: dict[str, Any] = {
    "in_channels": 3,
    "model_channels": 512,
    "channel_mult": (1, 2, 3, 4),
    "num_res_blocks": 3,
    "attention_levels": (1, 2, 3),
    "head_channels": 64,
    "context_width": _CONTEXT_WIDTH,
}
_UPSAMPLER: dict[str, Any] = {
    "channels": (128, 256, 512, 1024),
    "num_res_blocks": (2, 4, 8, 8),
    "text_width": _TEXT_WIDTH,
    "context_width": _CONTEXT_WIDTH,
}

_CHOICES = (
    "Steps: not in the paper's text; assumed, 256 for the base network, 128 and 32 for the upsamplers. They are "
    "fitted to the times on a TPU v4 in table 3 of the Muse paper (9.1 s to 256 pixels, 13.3 s to 1024), which "
    "therefore count in no error table. NVIDIA's implementation takes 30, 20 and 20 (variant nemo).",
    "Guidance: NVIDIA's scales (7.5 to 8) stand for the paper's 1.35 to 8; it doubles the batch of all three networks.",
    "The text is padded to 128 tokens, as in NVIDIA's implementation. Guidance zeroes the text embedding, so "
    "the text encoder runs once.",
    "Width of the context: not published; 512, the paper's embed_dim. NVIDIA's 2048 would make the base "
    "network 2.26 G parameters, 13 % more than the 2 G of the paper.",
    "Resampling in the upsamplers: convolutions of kernel 3 and stride 2 to the channels of their own block on "
    "the way down (figure A.28), transposed ones on the way up; skips from one to the other are scaled by "
    "1/sqrt(2), as the paper says, and added, as in NVIDIA's implementation.",
    "Each upsampler takes the noisy image and the enlarged low-resolution image, 6 channels, and the noise "
    "level of the latter, as is usual in cascades; the paper says the same of noise levels.",
    "Dtype: bfloat16, since T5 overflows in float16.",
)
_NEMO_CHOICES = (
    "The networks are the paper's, run as NVIDIA's implementation runs its own: 30, 20 and 20 steps, float32, "
    "channels last. Its own upsamplers have one level more (1, 2, 4, 8, 8).",
    *_CHOICES[1:-1],
)
_SIZES = (
    "the paper gives both upsamplers the same blocks and yet 600 and 400 million parameters; its figures A.27 to "
    "A.29 make them nearly alike"
)


def build(workload: Workload, *, upsampler_steps: tuple[int, int] = _ASSUMED_STEPS) -> Sequence[StageSpec]:
    """T5-XXL, base network, super-resolution to a quarter of the output's size and to all of it."""
    from tracer.workloads.modules.efficient_unet import PixelsToText, PixelsToTextAndPixels

    from .text_encoders import t5_xxl, text_stage

    (length,) = required(workload, "prompt_length")
    upsamplers = (
        ("super_resolution_256", PixelsToTextAndPixels, (_BASE_SCALE, _FIRST_UPSAMPLER_SCALE)),
        ("super_resolution_1024", PixelsToText, (_FIRST_UPSAMPLER_SCALE, 1)),
    )
    return [
        text_stage(t5_xxl(workload.dtype), batch=workload.batch, length=length, masked=True),
        _base_stage(workload),
        *(
            _upsampler_stage(workload, attention, name=name, scales=scales, steps=steps)
            for (name, attention, scales), steps in zip(upsamplers, upsampler_steps, strict=True)
        ),
    ]


def _base_stage(workload: Workload) -> StageSpec:
    from tracer.workloads.modules.meta_module import meta_module
    from tracer.workloads.modules.pixel_unet import PixelUNetConfig
    from tracer.workloads.modules.text_to_pixels import TextToPixels

    steps, length = required(workload, "num_inference_steps", "prompt_length")
    batch, dtype, size = guided_batch(workload), workload.dtype, _size(workload, scale=_BASE_SCALE)
    config = PixelUNetConfig(**_BASE)
    network = meta_module(lambda: TextToPixels(config, text_width=_TEXT_WIDTH), dtype=dtype)

    def run(module: Any, repeat: int) -> object:
        noisy, text = ((batch, 3, *size), (batch, length, _TEXT_WIDTH))
        return module(meta_tensor(noisy, dtype), meta_tensor((batch,), "int64"), meta_tensor(text, dtype))

    return StageSpec(name="base", component="base", module=network, run=run, repeats=steps)


def _upsampler_stage(
    workload: Workload, attention: Callable[..., nn.Module], *, name: str, scales: tuple[int, int], steps: int
) -> StageSpec:
    """Upsampler between two sizes, given as fractions (1 / scale) of the output's."""
    from tracer.workloads.modules.efficient_unet import EfficientUNet, EfficientUNetConfig
    from tracer.workloads.modules.meta_module import meta_module

    (length,) = required(workload, "prompt_length")
    batch, dtype = guided_batch(workload), workload.dtype
    low, high = (_size(workload, scale=scale) for scale in scales)
    config = EfficientUNetConfig(attention=attention, **_UPSAMPLER)
    network = meta_module(lambda: EfficientUNet(config), dtype=dtype)

    def run(module: Any, repeat: int) -> object:
        noisy, low_resolution = (meta_tensor((batch, 3, *size), dtype) for size in (high, low))
        timestep, noise_level = (meta_tensor((batch,), "int64") for _ in range(2))
        text = meta_tensor((batch, length, _TEXT_WIDTH), dtype)
        return module(noisy, low_resolution, timestep, noise_level, text)

    return StageSpec(name=name, component=name, module=network, run=run, repeats=steps)


def _size(workload: Workload, *, scale: int) -> tuple[int, int]:
    height, width = required(workload, "height", "width")
    return height // scale, width // scale


_PUBLISHED = Pipeline(
    name="imagen",
    title="Imagen",
    defaults=Workload(
        height=1024,
        width=1024,
        num_inference_steps=256,
        guidance_scale=7.5,
        prompt_length=128,
        dtype="bfloat16",
    ),
    build=build,
    sources=(
        "Saharia et al., Imagen, arXiv:2205.11487, sections 2.4, 4.1, D.3.1, F.1 to F.3, figures A.27 to A.30",
        "Chang et al., Muse, arXiv:2301.00704, table 3 (times that the steps are fitted to)",
        "github.com/NVIDIA/NeMo, examples/multimodal/text_to_image/imagen/conf: base64-2b.yaml, "
        "sr256-600m.yaml, sr1024-600m.yaml, inference_pipeline.yaml (prompt length, context, guidance)",
        "google/t5-v1_1-xxl, config.json (huggingface.co)",
    ),
    parameters={
        "text_encoder": 4_762_310_656,
        "base": 2e9,
        "super_resolution_256": 600e6,
        "super_resolution_1024": 400e6,
    },
    rounded=frozenset({"base", "super_resolution_256", "super_resolution_1024"}),
    differing={"super_resolution_256": _SIZES, "super_resolution_1024": _SIZES},
    size_multiple=128,
    attention_kinds={
        r"^(base|super_resolution_256)\.": "spatial",
        r"^super_resolution_1024\.": "cross",
    },
    choices=_CHOICES,
)

PIPELINES = (
    _PUBLISHED,
    replace(
        _PUBLISHED,
        name="imagen-nemo",
        title="Imagen as NeMo runs it",
        variant_of="imagen",
        defaults=replace(_PUBLISHED.defaults, num_inference_steps=30, dtype="float32"),
        build=partial(build, upsampler_steps=_NEMO_STEPS),
        channels_last=True,
        choices=_NEMO_CHOICES,
    ),
)
