"""Qwen-Image: Qwen2.5-VL as text encoder, a joint transformer of 60 layers, video autoencoder on one frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracer.graph import Workload

from .inputs import latent_shape, meta_tensor, required
from .pipeline import Limits, Pipeline, StageSpec

if TYPE_CHECKING:
    from torch import nn

__all__ = ["PIPELINES"]

_PATCH = 2  # latent pixels on a side that make one token
# Tokens of the chat template before the prompt, which the pipeline drops from the encoder's output.
_TEMPLATE_LENGTH = 34
# Tokens of the negative prompt of the model card, a space, with the end of the template.
_NEGATIVE_LENGTH = 6

# Qwen/Qwen-Image, transformer/config.json.
_TRANSFORMER = {
    "patch_size": _PATCH,
    "in_channels": 64,
    "out_channels": 16,
    "num_layers": 60,
    "attention_head_dim": 128,
    "num_attention_heads": 24,
    "joint_attention_dim": 3584,
    "axes_dims_rope": (16, 56, 56),
    "guidance_embeds": False,
}
# Qwen/Qwen-Image, vae/config.json.
_AUTOENCODER = {
    "base_dim": 96,
    "z_dim": 16,
    "dim_mult": (1, 2, 4, 4),
    "num_res_blocks": 2,
    "attn_scales": (),
    "temperal_downsample": (False, True, True),
}


def build(workload: Workload) -> tuple[StageSpec, ...]:
    """Encoder and transformer for the prompt and, with guidance, in passes of their own for the negative one."""
    from diffusers import AutoencoderKLQwenImage, QwenImageTransformer2DModel

    from .autoencoders import decoder_stage
    from .construction import diffusers_module
    from .text_encoders import qwen2_5_vl_7b

    (length,) = required(workload, "prompt_length")
    dtype = workload.dtype
    batch, channels, height, width = latent_shape(workload, channels=16, downsampling=8)
    encoder = qwen2_5_vl_7b(dtype)
    transformer = diffusers_module(QwenImageTransformer2DModel, _TRANSFORMER, dtype)
    autoencoder = diffusers_module(AutoencoderKLQwenImage, _AUTOENCODER, dtype)
    lengths = {"": length, "_negative": _NEGATIVE_LENGTH} if workload.guided else {"": length}
    return (
        *(_text_stage(encoder, workload, tokens, suffix) for suffix, tokens in lengths.items()),
        *(_transformer_stage(transformer, workload, tokens, suffix) for suffix, tokens in lengths.items()),
        decoder_stage(autoencoder, (batch, channels, 1, height, width), dtype=dtype),
    )


def _text_stage(encoder: nn.Module, workload: Workload, length: int, suffix: str) -> StageSpec:
    from .text_encoders import text_stage

    return text_stage(
        encoder,
        batch=workload.batch,
        length=_TEMPLATE_LENGTH + length,
        name=f"text_encoder{suffix}",
        component="text_encoder",
        hidden_states=True,
    )


def _transformer_stage(transformer: Any, workload: Workload, length: int, suffix: str) -> StageSpec:
    import torch

    (steps,) = required(workload, "num_inference_steps")
    batch, channels, height, width = latent_shape(workload, channels=16, downsampling=8)
    grid, dtype = (1, height // _PATCH, width // _PATCH), workload.dtype
    image_shapes = [[grid]] * batch
    # Rotary frequencies are made in the first step and kept for the others; made here, they count in none.
    transformer.pos_embed(image_shapes, max_txt_seq_len=length, device=torch.device("meta"))

    def run(module: Any, repeat: int) -> object:
        return module(
            hidden_states=meta_tensor((batch, grid[1] * grid[2], channels * _PATCH**2), dtype),
            timestep=meta_tensor((batch,), dtype),
            encoder_hidden_states=meta_tensor((batch, length, 3584), dtype),
            img_shapes=image_shapes,
            return_dict=False,
        )

    return StageSpec(name=f"transformer{suffix}", component="transformer", module=transformer, run=run, repeats=steps)


PIPELINES = (
    Pipeline(
        name="qwen-image",
        title="Qwen-Image",
        defaults=Workload(
            height=1024,
            width=1024,
            num_inference_steps=50,
            guidance_scale=4.0,
            prompt_length=128,
            dtype="bfloat16",
        ),
        build=build,
        limits=Limits(prompt=1024),
        sources=(
            "Wu et al., Qwen-Image Technical Report, arXiv:2508.02324, table 1",
            "Qwen/Qwen-Image (huggingface.co): model card (50 steps, true_cfg_scale 4), config.json of each "
            "part, 40.9 GB of transformer weights",
            "diffusers 0.42, QwenImagePipeline: 1024 x 1024, two transformer passes per step",
        ),
        parameters={"text_encoder": 8_292_166_656, "transformer": 20.43e9, "vae": 127e6},
        choices=(
            "The pipeline does not pad: the prompt is taken as 128 tokens with the end of the chat template, the "
            "negative prompt as the model card's single space.",
            "guidance_scale is the pipeline's true_cfg_scale.",
        ),
        attention_kinds={r"^transformer\.": "joint"},
        size_multiple=16,
    ),
)
