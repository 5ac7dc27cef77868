"""Phenaki: text to video by parallel decoding of video tokens.

Villegas et al., "Phenaki: Variable Length Video Generation From Open Domain Textual Descriptions",
arXiv:2210.02399. From the paper (tables 6 and 7, appendix B): a masked transformer of 1.8 billion parameters, 24
layers of width 2048, 32 heads and hidden width 8192; 48 steps at guidance 12 for all its videos; C-ViViT of width 512,
4 and 4 layers, 8 heads, 8192 codes of dimension 32; T5 text embeddings, causal attention over time in the tokeniser,
11 frames of 128 x 128 as 6 x 16 x 16 tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tracer.graph import Workload

from .inputs import guided_batch, meta_tensor, required
from .pipeline import FrameRate, Pipeline, StageSpec

__all__ = ["PIPELINES"]

_TEXT_WIDTH = 4096
_CODEBOOK = 8192
_PATCH = 8
_PATCH_FRAMES = 2
_MASKED: dict[str, Any] = {
    "codebook": _CODEBOOK,
    "width": 2048,
    "hidden": 8192,
    "num_layers": 24,
    "num_heads": 32,
    "text_width": _TEXT_WIDTH,
}
_DECODER: dict[str, Any] = {
    "codebook": _CODEBOOK,
    "width": 512,
    "hidden": 2048,
    "num_heads": 8,
    "temporal_layers": 4,
    "spatial_layers": 4,
    "patch": _PATCH,
    "patch_frames": _PATCH_FRAMES,
}

_CHOICES = (
    "Attention of the masked transformer is over all tokens of the video at once, with learned positions.",
    "Tokeniser: 8 x 8 patches of 2 frames, the first frame apart; hidden width four times the width, as usual.",
    "The text is padded to 128 tokens. One clip is made: no extension in time, no second prompt.",
    "What follows the logits (guidance, sampling, choice of the tokens to keep) is left out, as samplers are.",
    "Dtype: bfloat16, since T5 overflows in float16.",
)


def build(workload: Workload) -> Sequence[StageSpec]:
    """T5-XXL, masked transformer, C-ViViT decoder."""
    from .text_encoders import t5_xxl, text_stage

    (length,) = required(workload, "prompt_length")
    return [
        text_stage(t5_xxl(workload.dtype), batch=workload.batch, length=length, masked=True),
        _masked_stage(workload),
        _decoder_stage(workload),
    ]


def _masked_stage(workload: Workload) -> StageSpec:
    from tracer.workloads.modules.meta_module import meta_module
    from tracer.workloads.modules.token_transformer import MaskedTokenTransformer

    steps, prompt = required(workload, "num_inference_steps", "prompt_length")
    batch, dtype = guided_batch(workload), workload.dtype
    frames, rows, columns = _grid(workload)
    length = frames * rows * columns
    transformer = meta_module(lambda: MaskedTokenTransformer(length=length, **_MASKED), dtype=dtype)

    def run(module: Any, repeat: int) -> object:
        text = meta_tensor((batch, prompt, _TEXT_WIDTH), dtype)
        return module(meta_tensor((batch, length), "int64"), text)

    name = "masked_transformer"
    return StageSpec(name=name, component=name, module=transformer, run=run, repeats=steps)


def _decoder_stage(workload: Workload) -> StageSpec:
    from tracer.workloads.modules.meta_module import meta_module
    from tracer.workloads.modules.video_token_decoder import VideoTokenDecoder, VideoTokenDecoderConfig

    grid = _grid(workload)
    config = VideoTokenDecoderConfig(grid=grid, **_DECODER)
    decoder = meta_module(lambda: VideoTokenDecoder(config), dtype=workload.dtype)

    def run(module: Any, repeat: int) -> object:
        return module(meta_tensor((workload.batch, *grid), "int64"))

    return StageSpec(name="video_decoder", component="video_decoder", module=decoder, run=run)


def _grid(workload: Workload) -> tuple[int, int, int]:
    """Tokens in time, height and width."""
    frames, height, width = required(workload, "num_frames", "height", "width")
    return 1 + (frames - 1) // _PATCH_FRAMES, height // _PATCH, width // _PATCH


PIPELINES = (
    Pipeline(
        name="phenaki",
        title="Phenaki",
        defaults=Workload(
            height=128,
            width=128,
            num_frames=11,
            num_inference_steps=48,
            guidance_scale=12.0,
            prompt_length=128,
            dtype="bfloat16",
        ),
        build=build,
        frame_rate=FrameRate(8.0, "Villegas et al. 2022, arXiv:2210.02399: 11 frames at 8 frames per second"),
        sources=(
            "Villegas et al., Phenaki, arXiv:2210.02399, tables 6 and 7, appendix B; "
            "openreview.net/forum?id=vOEXS39nOF",
            "github.com/LAION-AI/phenaki, README (11 x 128 x 128 pixels as 6 x 16 x 16 tokens)",
            "github.com/lucidrains/phenaki-pytorch, README (depths, width and heads of the tokeniser)",
            "google/t5-v1_1-xxl, config.json (huggingface.co)",
        ),
        parameters={"text_encoder": 4_762_310_656, "masked_transformer": 1.8e9},
        rounded=frozenset({"masked_transformer"}),
        size_multiple=8,
        frame_rule=(2, 1),
        attention_kinds={
            r"\.cross$": "cross",
            r"^video_decoder\.temporal\.": "temporal",
            r"^video_decoder\.spatial\.": "spatial",
            r"^masked_transformer\.": "self",
        },
        choices=_CHOICES,
        family="video",
        architecture="transformer",
    ),
)
