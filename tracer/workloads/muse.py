"""Muse: text to image by parallel decoding of image tokens, at 256 and then at 512 pixels.

Chang et al., "Muse: Text-To-Image Generation via Masked Generative Transformers", arXiv:2301.00704. From the
paper: T5-XXL text encoder; base transformer of 48 layers, width 2048, hidden 8192, on 16 x 16 tokens;
super-resolution transformer of 16 layers of self-attention on those, run once, and 32 layers of multi-axis attention on
64 x 64 tokens, width 1024, hidden 4096, whose cross-attention sees low-resolution tokens and text; a VQGAN decoder
with 4 residual blocks of 256 channels at the first level and no attention; codebooks of 8192; 24 and 8 steps;
guidance in every step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tracer.graph import Workload

from .inputs import guided_batch, meta_tensor, required
from .pipeline import Pipeline, StageSpec

__all__ = ["PIPELINES"]

_TEXT_WIDTH = 4096
_CODEBOOK = 8192
_LOW_PIXELS = 32  # of the output, per low-resolution token and side: 16 at half the output's size
_HIGH_PIXELS = 8
_UPSAMPLER_STEPS = 8
_BASE: dict[str, Any] = {
    "codebook": _CODEBOOK,
    "width": 2048,
    "hidden": 8192,
    "num_layers": 48,
    "num_heads": 32,
    "text_width": _TEXT_WIDTH,
}
_UPSAMPLER: dict[str, Any] = {
    "block": 8,
    "low_codebook": _CODEBOOK,
    "high_codebook": _CODEBOOK,
    "low_layers": 16,
    "high_layers": 32,
    "width": 1024,
    "hidden": 4096,
    "num_heads": 16,
    "text_width": _TEXT_WIDTH,
}
_DECODER: dict[str, Any] = {
    "codebook": _CODEBOOK,
    "code_width": 256,
    "level_channels": (256, 256, 512, 1024),
    "num_res_blocks": 4,
}

_CHOICES = (
    "Heads: not published; 64 channels each, as in T5: 32 in the base transformer, 16 in the other.",
    "Multi-axis attention: block sizes not published; 8 x 8 blocks of 8 x 8 tokens, so that both axes are 64 "
    "long; half of the heads on each axis, as in HiT.",
    "Position embeddings are learned, one per token; the text is padded to 128 tokens. Neither is published.",
    "VQGAN decoder: channels of the levels not published; 256 times 1, 1, 2, 4, and codes of 256 channels, "
    "after MaskGIT's VQGAN with one level fewer. The fine-tuned decoder is taken, which makes the final "
    "images. It and the super-resolution transformer have no published parameter count.",
    "Guidance: two rows in one pass, in both transformers; the scale only matters in being above 1. The row "
    "without text skips nothing.",
    "What follows the logits (guidance, sampling, choice of the tokens to keep) is left out, as samplers are.",
    "Dtype: bfloat16, since T5 overflows in float16.",
)


def build(workload: Workload) -> Sequence[StageSpec]:
    """T5-XXL, base transformer, super-resolution transformer, VQGAN decoder."""
    from .text_encoders import t5_xxl, text_stage

    (length,) = required(workload, "prompt_length")
    return [
        text_stage(t5_xxl(workload.dtype), batch=workload.batch, length=length, masked=True),
        _base_stage(workload),
        *_upsampler_stages(workload),
        _decoder_stage(workload),
    ]


def _base_stage(workload: Workload) -> StageSpec:
    from tracer.workloads.modules.meta_module import meta_module
    from tracer.workloads.modules.token_transformer import MaskedTokenTransformer

    steps, prompt = required(workload, "num_inference_steps", "prompt_length")
    batch, dtype = guided_batch(workload), workload.dtype
    rows, columns = _grid(workload, pixels=_LOW_PIXELS)
    length = rows * columns
    transformer = meta_module(lambda: MaskedTokenTransformer(length=length, **_BASE), dtype=dtype)

    def run(module: Any, repeat: int) -> object:
        text = meta_tensor((batch, prompt, _TEXT_WIDTH), dtype)
        return module(meta_tensor((batch, length), "int64"), text)

    return StageSpec(name="base", component="base", module=transformer, run=run, repeats=steps)


def _upsampler_stages(workload: Workload) -> list[StageSpec]:
    """What the low-resolution tokens become once (section 2.5), and the steps of the high-resolution ones."""
    from tracer.workloads.modules.meta_module import meta_module
    from tracer.workloads.modules.token_upsampler import TokenUpsampler, TokenUpsamplerConfig

    (prompt,) = required(workload, "prompt_length")
    batch, dtype = guided_batch(workload), workload.dtype
    low, high = (_grid(workload, pixels=pixels) for pixels in (_LOW_PIXELS, _HIGH_PIXELS))
    config = TokenUpsamplerConfig(low_grid=low, high_grid=high, **_UPSAMPLER)
    transformer = meta_module(lambda: TokenUpsampler(config), dtype=dtype)

    def encode(module: Any, repeat: int) -> object:
        return module.context(
            meta_tensor((batch, low[0] * low[1]), "int64"), meta_tensor((batch, prompt, _TEXT_WIDTH), dtype)
        )

    def run(module: Any, repeat: int) -> object:
        context = meta_tensor((batch, low[0] * low[1] + prompt, _UPSAMPLER["width"]), dtype)
        return module(meta_tensor((batch, high[0] * high[1]), "int64"), context)

    name = "super_resolution"
    return [
        StageSpec(name="low_resolution_encoder", component=name, module=transformer, run=encode),
        StageSpec(name=name, component=name, module=transformer, run=run, repeats=_UPSAMPLER_STEPS),
    ]


def _decoder_stage(workload: Workload) -> StageSpec:
    from tracer.workloads.modules.meta_module import meta_module
    from tracer.workloads.modules.token_image_decoder import TokenImageDecoder

    tokens = (workload.batch, *_grid(workload, pixels=_HIGH_PIXELS))
    decoder = meta_module(lambda: TokenImageDecoder(**_DECODER), dtype=workload.dtype)

    def run(module: Any, repeat: int) -> object:
        return module(meta_tensor(tokens, "int64"))

    return StageSpec(name="vqgan_decoder", component="vqgan_decoder", module=decoder, run=run)


def _grid(workload: Workload, *, pixels: int) -> tuple[int, int]:
    """Tokens per side of the output where one stands for `pixels` of it."""
    height, width = required(workload, "height", "width")
    return height // pixels, width // pixels


PIPELINES = (
    Pipeline(
        name="muse",
        title="Muse 3B",
        defaults=Workload(
            height=512,
            width=512,
            num_inference_steps=24,
            guidance_scale=3.0,
            prompt_length=128,
            dtype="bfloat16",
        ),
        build=build,
        sources=(
            "Chang et al., Muse, arXiv:2301.00704, sections 2.1 to 2.8, table 3, appendix A.1",
            "Chang et al., MaskGIT, arXiv:2202.04200 (form of the VQGAN, from recollection)",
            "Zhao et al., HiT, arXiv:2106.07631 (multi-axis attention)",
            "google/t5-v1_1-xxl, config.json (huggingface.co)",
        ),
        parameters={"text_encoder": 4_762_310_656, "base": 3e9},
        rounded=frozenset({"base"}),
        size_multiple=64,
        attention_kinds={r"\.cross$": "cross"},
        choices=_CHOICES,
        architecture="transformer",
        aliases=("muse-3b",),
    ),
)
