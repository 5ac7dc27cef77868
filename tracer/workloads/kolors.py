"""Kolors: ChatGLM3 as text encoder, the U-Net of Stable Diffusion XL behind a projection of its states, VAE decoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracer.graph import Workload

from .inputs import guided_batch, latent_shape, meta_tensor, required
from .limits import Limits
from .pipeline import Pipeline, StageSpec
from .sdxl import UNET

if TYPE_CHECKING:
    from torch import nn

__all__ = ["PIPELINES"]

_TEXT_WIDTH = 4096
_SIZE_CONDITIONS = 6  # original size, crop corner and target size, two numbers each

# Kwai-Kolors/Kolors-diffusers, unet/config.json: that of Stable Diffusion XL, with another text encoder.
_UNET = {
    **UNET,
    "encoder_hid_dim": _TEXT_WIDTH,
    "encoder_hid_dim_type": "text_proj",
    "projection_class_embeddings_input_dim": _TEXT_WIDTH + _SIZE_CONDITIONS * 256,
}
# THUDM/chatglm3-6b, config.json; what it does not say are the defaults of ChatGLMConfig in diffusers.
_ENCODER = {
    "num_layers": 28,
    "padded_vocab_size": 65024,
    "hidden_size": _TEXT_WIDTH,
    "ffn_hidden_size": 13696,
    "kv_channels": 128,
    "num_attention_heads": 32,
    "seq_length": 8192,
    "add_qkv_bias": True,
    "multi_query_attention": True,
    "multi_query_group_num": 2,
    "original_rope": True,
}


def build(workload: Workload) -> tuple[StageSpec, ...]:
    """Encoder for prompt and negative prompt in turn, U-Net with both in one batch, decoder."""
    from diffusers import UNet2DConditionModel

    from .autoencoders import decoder_stage, vae_4_channels
    from .construction import diffusers_module

    latents = latent_shape(workload, channels=4, downsampling=8)
    dtype = workload.dtype
    decoder_dtype = "float32" if dtype == "float16" else dtype
    return (
        _text_stage(workload),
        _unet_stage(diffusers_module(UNet2DConditionModel, _UNET, dtype), latents, workload),
        decoder_stage(vae_4_channels(decoder_dtype), latents, dtype=decoder_dtype),
    )


def _text_stage(workload: Workload) -> StageSpec:
    from .text_encoders import token_ids

    (length,) = required(workload, "prompt_length")
    batch = workload.batch

    def run(encoder: Any, repeat: int) -> object:
        positions = meta_tensor((batch, length), "int64")
        return encoder(
            token_ids(batch, length),
            position_ids=positions,
            full_attention_mask=meta_tensor((batch, 1, length, length), "bool"),
            output_hidden_states=True,
            return_dict=False,
        )

    prompts = 2 if workload.guided else 1
    module = _chat_glm(workload.dtype)
    return StageSpec(name="text_encoder", component="text_encoder", module=module, run=run, repeats=prompts)


def _chat_glm(dtype: str) -> nn.Module:
    from diffusers.pipelines.kolors import ChatGLMModel
    from diffusers.pipelines.kolors.text_encoder import ChatGLMConfig

    from .construction import meta_construction, torch_dtype

    with meta_construction(dtype):
        module: nn.Module = ChatGLMModel(ChatGLMConfig(**_ENCODER, torch_dtype=torch_dtype(dtype)), empty_init=False)
    return module.eval().requires_grad_(False)


def _unet_stage(unet: nn.Module, latents: tuple[int, ...], workload: Workload) -> StageSpec:
    steps, length = required(workload, "num_inference_steps", "prompt_length")
    batch, dtype = guided_batch(workload), workload.dtype

    def run(module: Any, repeat: int) -> object:
        conditions = {
            "text_embeds": meta_tensor((batch, _TEXT_WIDTH), dtype),
            "time_ids": meta_tensor((batch, _SIZE_CONDITIONS), dtype),
        }
        return module(
            meta_tensor((batch, *latents[1:]), dtype),
            meta_tensor((), "float32"),
            meta_tensor((batch, length, _TEXT_WIDTH), dtype),
            added_cond_kwargs=conditions,
            return_dict=False,
        )

    return StageSpec(name="unet", component="unet", module=unet, run=run, repeats=steps)


PIPELINES = (
    Pipeline(
        name="kolors",
        title="Kolors",
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
            "Kolors Team, Kolors: Effective Training of Diffusion Model for Photorealistic Text-to-Image Synthesis, "
            "2024 (github.com/Kwai-Kolors/Kolors)",
            "Kwai-Kolors/Kolors-diffusers (huggingface.co): unet/config.json; THUDM/chatglm3-6b: config.json "
            "(6.24 billion parameters with the output head, which the pipeline's model keeps)",
            "diffusers 0.42, KolorsPipeline: 50 steps, guidance 5.0, 256 tokens, padded",
        ),
        parameters={"text_encoder": 6_243_584_000, "unet": 2.58e9, "vae": 83_653_863},
        choices=(
            "The decoder runs in float32 where the rest is float16, as Stable Diffusion XL's, whose autoencoder it is.",
        ),
        attention_kinds={r"\.attn2$": "cross", r"\.attn1$": "spatial"},
    ),
)
