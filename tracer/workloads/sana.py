"""SANA 1.6B and SANA 1.5: Gemma 2 as text encoder, a transformer of linear attention, deep-compression autoencoder."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from tracer.graph import Workload

from .inputs import guided_batch, latent_shape, meta_tensor, required
from .pipeline import Pipeline, StageSpec

if TYPE_CHECKING:
    from torch import nn

__all__ = ["PIPELINES"]

# Tokens of the instruction that the pipeline puts before the prompt, counted as its words and punctuation
# marks and one token that begins the sequence.
_INSTRUCTION_LENGTH = 206

# Efficient-Large-Model/Sana_1600M_1024px_BF16_diffusers, transformer/config.json.
_TRANSFORMER = {
    "sample_size": 32,
    "patch_size": 1,
    "in_channels": 32,
    "out_channels": 32,
    "num_layers": 20,
    "num_attention_heads": 70,
    "attention_head_dim": 32,
    "num_cross_attention_heads": 20,
    "cross_attention_head_dim": 112,
    "cross_attention_dim": 2240,
    "caption_channels": 2304,
    "mlp_ratio": 2.5,
}
# Efficient-Large-Model/SANA1.5_1.6B_1024px_diffusers and SANA1.5_4.8B_1024px_diffusers, transformer/config.json;
# diffusers scripts/convert_sana_to_diffusers.py, SanaMS1.5_1600M_P1_D20 and SanaMS1.5_4800M_P1_D60.
_TRANSFORMER_1_5 = {**_TRANSFORMER, "qk_norm": "rms_norm_across_heads"}
_TRANSFORMER_1_5_LARGE = {**_TRANSFORMER_1_5, "num_layers": 60}
_BLOCK_TYPES = ("ResBlock",) * 3 + ("EfficientViTBlock",) * 3
_WIDTHS = (128, 256, 512, 512, 1024, 1024)
_SCALES = ((), (), (), (5,), (5,), (5,))
# mit-han-lab/dc-ae-f32c32-sana-1.0-diffusers and 1.1, config.json; they differ in the latents' scale alone.
_AUTOENCODER = {
    "in_channels": 3,
    "latent_channels": 32,
    "attention_head_dim": 32,
    "encoder_block_types": _BLOCK_TYPES,
    "decoder_block_types": _BLOCK_TYPES,
    "encoder_block_out_channels": _WIDTHS,
    "decoder_block_out_channels": _WIDTHS,
    "encoder_layers_per_block": (2, 2, 2, 3, 3, 3),
    "decoder_layers_per_block": (3,) * 6,
    "encoder_qkv_multiscales": _SCALES,
    "decoder_qkv_multiscales": _SCALES,
    "decoder_norm_types": "rms_norm",
    "decoder_act_fns": "silu",
    "upsample_block_type": "interpolate",
    "downsample_block_type": "Conv",
}


def build(config: Mapping[str, object], workload: Workload) -> tuple[StageSpec, ...]:
    """Gemma for the instructed prompt, then for the empty one; transformer with both in a batch; decoder."""
    from diffusers import AutoencoderDC, SanaTransformer2DModel

    from .autoencoders import decoder_stage
    from .construction import diffusers_module

    dtype = workload.dtype
    latents = latent_shape(workload, channels=32, downsampling=32)
    transformer = diffusers_module(SanaTransformer2DModel, config, dtype)
    autoencoder = diffusers_module(AutoencoderDC, _AUTOENCODER, dtype)
    return (
        *_text_stages(workload),
        _transformer_stage(transformer, latents, workload),
        decoder_stage(autoencoder, latents, dtype=dtype),
    )


def _text_stages(workload: Workload) -> list[StageSpec]:
    from .text_encoders import gemma2_2b, text_stage

    (length,) = required(workload, "prompt_length")
    encoder, batch = gemma2_2b(workload.dtype), workload.batch
    instructed = _INSTRUCTION_LENGTH + length - 2
    stages = [text_stage(encoder, batch=batch, length=instructed, masked=True)]
    if workload.guided:
        negative = text_stage(
            encoder,
            batch=batch,
            length=length,
            name="text_encoder_negative",
            component="text_encoder",
            masked=True,
        )
        stages.append(negative)
    return stages


def _transformer_stage(transformer: nn.Module, latents: tuple[int, ...], workload: Workload) -> StageSpec:
    steps, length = required(workload, "num_inference_steps", "prompt_length")
    batch, dtype = guided_batch(workload), workload.dtype

    def run(module: Any, repeat: int) -> object:
        return module(
            meta_tensor((batch, *latents[1:]), dtype),
            encoder_hidden_states=meta_tensor((batch, length, 2304), dtype),
            encoder_attention_mask=meta_tensor((batch, length), "int64"),
            timestep=meta_tensor((batch,), "float32"),
            return_dict=False,
        )

    return StageSpec(name="transformer", component="transformer", module=transformer, run=run, repeats=steps)


_INSTRUCTION = (
    f"The instruction before the prompt is taken as {_INSTRUCTION_LENGTH} tokens: its words, "
    "punctuation marks and line breaks, and the token that begins the sequence."
)
_LINEAR = (
    "Self-attention is linear, as two matrix products in float32 without a score for each pair of "
    "tokens, and is not one of the attention calls of the graph."
)
_PIPELINE = "diffusers 0.42, SanaPipeline: 20 steps, guidance 4.5, 300 tokens after an instruction"
_SETTINGS = Workload(
    height=1024,
    width=1024,
    num_inference_steps=20,
    guidance_scale=4.5,
    prompt_length=300,
    dtype="bfloat16",
)


def _pipeline(
    name: str,
    title: str,
    config: Mapping[str, object],
    transformer: float,
    *,
    sources: tuple[str, ...],
    rounded: bool = False,
    aliases: tuple[str, ...] = (),
) -> Pipeline:
    return Pipeline(
        name=name,
        title=title,
        defaults=_SETTINGS,
        build=partial(build, config),
        sources=(*sources, _PIPELINE),
        parameters={"text_encoder": 2_614_341_888, "transformer": transformer, "vae": 312_250_275},
        rounded=frozenset({"transformer"} if rounded else ()),
        choices=(_INSTRUCTION, _LINEAR),
        attention_kinds={r"\.attn2$": "cross", r"\.attn1$": "spatial"},
        size_multiple=32,
        aliases=aliases,
    )


_SANA_1_5 = (
    "Xie et al., SANA 1.5: Efficient Scaling of Training-Time and Inference-Time Compute in Linear Diffusion "
    "Transformer, arXiv:2501.18427"
)

PIPELINES = (
    _pipeline(
        "sana",
        "SANA 1.6B",
        _TRANSFORMER,
        1_604_462_752,
        sources=(
            "Xie et al., SANA: Efficient High-Resolution Image Synthesis with Linear Diffusion Transformers, "
            "arXiv:2410.10629",
            "Efficient-Large-Model/Sana_1600M_1024px_BF16_diffusers (huggingface.co): config.json of parts",
            "terminusresearch/sana-1.6b-1024px (huggingface.co): total_size of the transformer's safetensors "
            "index (6417851008 B in float32)",
        ),
        aliases=("sana-1.6b", "sana-1600m"),
    ),
    _pipeline(
        "sana1.5-1.6b",
        "SANA 1.5 1.6B",
        _TRANSFORMER_1_5,
        1.6e9,
        sources=(
            _SANA_1_5,
            "Efficient-Large-Model/SANA1.5_1.6B_1024px_diffusers (huggingface.co): config.json of parts",
        ),
        rounded=True,
        aliases=("sana-1.5-1.6b",),
    ),
    _pipeline(
        "sana1.5-4.8b",
        "SANA 1.5 4.8B",
        _TRANSFORMER_1_5_LARGE,
        4.8e9,
        sources=(
            _SANA_1_5,
            "Efficient-Large-Model/SANA1.5_4.8B_1024px_diffusers (huggingface.co): config.json of parts",
        ),
        rounded=True,
        aliases=("sana-1.5", "sana1.5", "sana-1.5-4.8b"),
    ),
)
