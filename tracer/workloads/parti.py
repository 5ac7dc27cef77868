"""Parti: text to image by autoregressive decoding of 1024 image tokens.

Yu et al., "Scaling Autoregressive Models for Content-Rich Text-to-Image Generation", arXiv:2206.10789. From the paper
(sections 2.1 to 3, table 1): 16 encoder and 64 decoder layers, width 4096, hidden 16384, 64 heads, 20 billion
parameters, and 12 and 36 layers, width 2048, hidden 8192, 32 heads, 3 billion; at most 128 text tokens of a vocabulary
of 16,000; 32 x 32 image tokens from a codebook of 8192; guidance; 16 samples a prompt; a ViT-VQGAN decoder of 600
million parameters at 256 pixels; super-resolution of 12 residual blocks and 128 channels to 512 (15 million) and 1024
pixels (30 million).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from tracer.graph import GraphError, Workload

from .inputs import guided_batch, meta_tensor, required
from .pipeline import Pipeline, StageSpec

__all__ = ["PIPELINES"]

_CACHES = ("static", "dynamic")
_PATCH = 8
_SUPER_RESOLUTION = 4
_VOCABULARIES = {"text_vocabulary": 16000, "image_vocabulary": 8192}
_20B: dict[str, Any] = {
    "encoder_layers": 16,
    "decoder_layers": 64,
    "width": 4096,
    "hidden": 16384,
    "num_heads": 64,
    **_VOCABULARIES,
}
_3B: dict[str, Any] = {
    "encoder_layers": 12,
    "decoder_layers": 36,
    "width": 2048,
    "hidden": 8192,
    "num_heads": 32,
    **_VOCABULARIES,
}
_DETOKENIZER: dict[str, Any] = {
    "codebook": 8192,
    "code_width": 32,
    "width": 1280,
    "hidden": 5120,
    "num_layers": 32,
    "num_heads": 16,
    "patch": _PATCH,
}
_WIDE: dict[str, Any] = {"channels": 128, "num_blocks": 12}
_EXPANSIONS = {"super_resolution_512": 4, "super_resolution_1024": 8}

_CHOICES = (
    "Height and width are those of the last super-resolution (1024); the tokens stand for a quarter of it (256), "
    "8 x 8 pixels each, which sets how many are decoded: 1024.",
    "The cache of keys and values has room for all tokens from the start, as on TPU, and is written in place; "
    "attention reads the tokens so far. Step r (from 0) attends to r + 1 tokens: the begin of the image and r "
    "more. Concatenation at every step (--kv-cache dynamic) copies the whole cache besides.",
    "The convolution-shaped mask of the decoder's attention is left out: a mask over dense scores costs the same.",
    "Keys and values of the text in all decoder layers are computed once, in a stage of their own.",
    "Guidance: two rows everywhere, the empty text being encoded too; the guided logits' largest is taken. The "
    "scale only matters in being above 1.",
    "Positions are learned: from recollection.",
    "ViT-VQGAN decoder: the large one of the public implementation, 32 layers of width 1280, hidden 5120.",
    "Super-resolution: blocks of WDSR, 128 channels widened four times in the first network and eight times in "
    "the second, which gives 14 and 28 million parameters.",
    "The batch is the paper's 16 samples of one prompt, and the text is encoded for each of them. Their ranking by "
    "CoCa is left out.",
    "Dtype: bfloat16, in which TPUs run it.",
)


def build(workload: Workload, *, sizes: dict[str, Any]) -> Sequence[StageSpec]:
    """Encoder, the text's keys and values, decoding, ViT-VQGAN decoder, two steps of super-resolution."""
    if workload.kv_cache not in (None, *_CACHES):
        raise GraphError(f"Parti has no {workload.kv_cache} kv_cache; valid: {', '.join(_CACHES)}")
    transformer = _transformer_stages(workload, sizes)
    return [*transformer, _detokenizer_stage(workload), *_super_resolution_stages(workload)]


def _transformer_stages(workload: Workload, sizes: dict[str, Any]) -> list[StageSpec]:
    from tracer.workloads.modules.cached_decoder import EncoderDecoder, EncoderDecoderConfig
    from tracer.workloads.modules.meta_module import meta_module

    (prompt,) = required(workload, "prompt_length")
    rows, columns = _grid(workload)
    config = EncoderDecoderConfig(text_length=prompt, image_length=rows * columns, **sizes)
    transformer = meta_module(lambda: EncoderDecoder(config), dtype=workload.dtype)
    batch, dtype, heads = guided_batch(workload), workload.dtype, config.num_heads
    head_width = config.width // heads

    def encode(module: Any, repeat: int) -> object:
        return module.encoder(meta_tensor((batch, prompt), "int64"))

    def project(module: Any, repeat: int) -> object:
        return module.decoder.project_text(meta_tensor((batch, prompt, config.width), dtype))

    def decode(module: Any, repeat: int) -> object:
        caches, texts = (
            [_keys_and_values((batch, heads, length, head_width), dtype) for _ in range(config.decoder_layers)]
            for length in (repeat if workload.kv_cache == "dynamic" else config.image_length, prompt)
        )
        logits = module.decoder(meta_tensor((batch, 1), "int64"), caches, texts, repeat)
        return _next_token(logits, workload)

    stage, length = "transformer", config.image_length
    return [
        StageSpec(name="text_encoder", component=stage, module=transformer, run=encode),
        StageSpec(name="prefill", component=stage, module=transformer, run=project),
        StageSpec(name="decode", component=stage, module=transformer, run=decode, repeats=length, grows=True),
    ]


def _keys_and_values(shape: tuple[int, ...], dtype: str) -> tuple[Any, Any]:
    return meta_tensor(shape, dtype), meta_tensor(shape, dtype)


def _next_token(logits: Any, workload: Workload) -> Any:
    """Most likely token of each image, after guidance where there is any."""
    if workload.guided:
        conditional, unconditional = logits.chunk(2)
        logits = unconditional + workload.guidance_scale * (conditional - unconditional)
    return logits.argmax(dim=-1)


def _detokenizer_stage(workload: Workload) -> StageSpec:
    from tracer.workloads.modules.image_patch_decoder import ImagePatchDecoder
    from tracer.workloads.modules.meta_module import meta_module

    rows, columns = _grid(workload)
    decoder = meta_module(lambda: ImagePatchDecoder(grid=(rows, columns), **_DETOKENIZER), dtype=workload.dtype)

    def run(module: Any, repeat: int) -> object:
        return module(meta_tensor((workload.batch, rows * columns), "int64"))

    return StageSpec(name="vit_vqgan_decoder", component="vit_vqgan_decoder", module=decoder, run=run)


def _super_resolution_stages(workload: Workload) -> list[StageSpec]:
    return [
        _super_resolution_stage(workload, name=name, scale=scale)
        for name, scale in zip(_EXPANSIONS, (_SUPER_RESOLUTION, _SUPER_RESOLUTION // 2), strict=True)
    ]


def _super_resolution_stage(workload: Workload, *, name: str, scale: int) -> StageSpec:
    """Doubles an image of 1 / scale of the output's height and width."""
    from tracer.workloads.modules.meta_module import meta_module
    from tracer.workloads.modules.wide_activation_sr import WideActivationUpsampler

    height, width = required(workload, "height", "width")
    network = meta_module(lambda: WideActivationUpsampler(expansion=_EXPANSIONS[name], **_WIDE), dtype=workload.dtype)

    def run(module: Any, repeat: int) -> object:
        return module(meta_tensor((workload.batch, 3, height // scale, width // scale), workload.dtype))

    return StageSpec(name=name, component=name, module=network, run=run)


def _grid(workload: Workload) -> tuple[int, int]:
    """Tokens in height and width."""
    height, width = required(workload, "height", "width")
    return height // (_SUPER_RESOLUTION * _PATCH), width // (_SUPER_RESOLUTION * _PATCH)


_PUBLISHED = Pipeline(
    name="parti",
    title="Parti 20B",
    defaults=Workload(batch=16, height=1024, width=1024, guidance_scale=1.2, prompt_length=128, dtype="bfloat16"),
    build=partial(build, sizes=_20B),
    sources=(
        "Yu et al., Parti, arXiv:2206.10789, sections 2.1 to 3, tables 1 and 2",
        "github.com/thuanz123/enhancing-transformers, configs/imagenet_vitvq_large.yaml (ViT-VQGAN decoder)",
        "Yu et al., WDSR, arXiv:1808.08718 (form of the super-resolution)",
    ),
    parameters={
        "transformer": 20e9,
        "vit_vqgan_decoder": 600e6,
        "super_resolution_512": 15e6,
        "super_resolution_1024": 30e6,
    },
    rounded=frozenset({"transformer", "vit_vqgan_decoder", "super_resolution_512", "super_resolution_1024"}),
    size_multiple=32,
    attention_kinds={
        r"\.cross$": "cross",
        r"^transformer\.": "self",
        r"^vit_vqgan_decoder\.": "spatial",
    },
    choices=_CHOICES,
    architecture="transformer",
    optional=frozenset({"kv_cache"}),
    aliases=("parti-20b",),
)

PIPELINES = (
    _PUBLISHED,
    replace(
        _PUBLISHED,
        name="parti-3b",
        title="Parti 3B",
        build=partial(build, sizes=_3B),
        parameters={**_PUBLISHED.parameters, "transformer": 3e9},
        aliases=(),
    ),
)
