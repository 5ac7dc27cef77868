"""Hunyuan-DiT 1.2: bilingual BERT and mT5 encoders, a transformer with long skip connections, VAE decoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracer.graph import Workload

from .inputs import guided_batch, latent_shape, meta_tensor, required
from .pipeline import Limits, Pipeline, StageSpec

if TYPE_CHECKING:
    from torch import nn

__all__ = ["PIPELINES"]

_BERT_LENGTH = 77
_HEAD_DIM = 88

# Tencent-Hunyuan/HunyuanDiT-v1.2-Diffusers, transformer/config.json.
_TRANSFORMER = {
    "sample_size": 128,
    "patch_size": 2,
    "in_channels": 4,
    "hidden_size": 1408,
    "num_layers": 40,
    "num_attention_heads": 16,
    "attention_head_dim": _HEAD_DIM,
    "mlp_ratio": 4.3637,
    "cross_attention_dim": 1024,
    "cross_attention_dim_t5": 2048,
    "pooled_projection_dim": 1024,
    "text_len": _BERT_LENGTH,
    "text_len_t5": 256,
    "learn_sigma": True,
    "use_style_cond_and_image_meta_size": False,
}


def build(workload: Workload) -> tuple[StageSpec, ...]:
    """Both encoders for prompt and empty prompt in turn, transformer with both in one batch, decoder."""
    from diffusers import HunyuanDiT2DModel

    from .autoencoders import decoder_stage, vae_4_channels
    from .construction import diffusers_module
    from .text_encoders import bert_chinese_large, mt5_xl, text_stage

    (length,) = required(workload, "prompt_length")
    dtype, batch, encodings = workload.dtype, workload.batch, 2 if workload.guided else 1
    bert = text_stage(bert_chinese_large(dtype), batch=batch, length=_BERT_LENGTH, masked=True, repeats=encodings)
    mt5 = text_stage(mt5_xl(dtype), batch=batch, length=length, name="text_encoder_2", masked=True, repeats=encodings)
    latents = latent_shape(workload, channels=4, downsampling=8)
    transformer = diffusers_module(HunyuanDiT2DModel, {**_TRANSFORMER, "text_len_t5": length}, dtype)
    return (
        bert,
        mt5,
        _transformer_stage(transformer, latents, workload),
        decoder_stage(vae_4_channels(dtype), latents, dtype=dtype),
    )


def _transformer_stage(transformer: nn.Module, latents: tuple[int, ...], workload: Workload) -> StageSpec:
    steps, length = required(workload, "num_inference_steps", "prompt_length")
    batch, dtype = guided_batch(workload), workload.dtype
    tokens = latents[2] // 2 * (latents[3] // 2)

    def run(module: Any, repeat: int) -> object:
        return module(
            meta_tensor((batch, *latents[1:]), dtype),
            meta_tensor((batch,), dtype),
            encoder_hidden_states=meta_tensor((batch, _BERT_LENGTH, 1024), dtype),
            text_embedding_mask=meta_tensor((batch, _BERT_LENGTH), "int64"),
            encoder_hidden_states_t5=meta_tensor((batch, length, 2048), dtype),
            text_embedding_mask_t5=meta_tensor((batch, length), "int64"),
            image_meta_size=meta_tensor((batch, 6), dtype),
            style=meta_tensor((batch,), "int64"),
            # Cosines and sines of the positions, which the pipeline makes once before the first step.
            image_rotary_emb=tuple(meta_tensor((tokens, _HEAD_DIM), "float32") for _ in range(2)),
            return_dict=False,
        )

    return StageSpec(name="transformer", component="transformer", module=transformer, run=run, repeats=steps)


PIPELINES = (
    Pipeline(
        name="hunyuan-dit",
        title="Hunyuan-DiT 1.2",
        defaults=Workload(
            height=1024,
            width=1024,
            num_inference_steps=50,
            guidance_scale=5.0,
            prompt_length=256,
            dtype="float16",
        ),
        build=build,
        limits=Limits(prompt=256),
        sources=(
            "Li et al., Hunyuan-DiT: A Powerful Multi-Resolution Diffusion Transformer with Fine-Grained "
            "Chinese Understanding, arXiv:2405.08748",
            "github.com/Tencent/HunyuanDiT, README: 350 M of CLIP, 1.6 G of mT5, 1.5 G of transformer",
            "Tencent-Hunyuan/HunyuanDiT-v1.2-Diffusers (huggingface.co): config.json of each part",
            "diffusers 0.42, HunyuanDiTPipeline: 50 steps, guidance 5.0, 77 tokens of BERT and 256 of mT5",
        ),
        parameters={
            "text_encoder": 0.35e9,
            "text_encoder_2": 1.6e9,
            "transformer": 1.5e9,
            "vae": 83_653_863,
        },
        rounded=frozenset({"text_encoder", "text_encoder_2", "transformer"}),
        attention_kinds={r"\.attn2$": "cross", r"\.attn1$": "spatial"},
        size_multiple=16,
        aliases=("hunyuandit", "hunyuan-dit-1.2"),
    ),
)
