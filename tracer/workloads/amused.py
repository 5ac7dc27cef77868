"""aMUSEd 512: CLIP encoder, masked-token transformer between convolutions, VQ decoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracer.graph import Workload

from .inputs import guided_batch, meta_tensor, required
from .pipeline import Limits, Pipeline, StageSpec

if TYPE_CHECKING:
    from torch import nn

__all__ = ["PIPELINES"]

_DOWNSAMPLING = 16
_MICRO_CONDITIONS = 5  # width, height, crop corner (2), aesthetic score

# amused/amused-512, transformer/config.json.
_TRANSFORMER = {
    "sample_size": 32,
    "hidden_size": 1024,
    "num_hidden_layers": 22,
    "num_attention_heads": 16,
    "intermediate_size": 2816,
    "vocab_size": 8256,
    "codebook_size": 8192,
    "in_channels": 768,
    "block_out_channels": 768,
    "block_num_heads": 12,
    "num_res_blocks": 3,
    "downsample": True,
    "upsample": True,
    "cond_embed_dim": 768,
    "encoder_hidden_size": 768,
    "micro_cond_encode_dim": 256,
    "micro_cond_embed_dim": 1280,
}
# amused/amused-512, vqvae/config.json.
_AUTOENCODER = {
    "block_out_channels": (128, 256, 256, 512, 768),
    "down_block_types": ("DownEncoderBlock2D",) * 5,
    "up_block_types": ("UpDecoderBlock2D",) * 5,
    "latent_channels": 64,
    "layers_per_block": 2,
    "num_vq_embeddings": 8192,
    "lookup_from_codebook": True,
    "mid_block_add_attention": False,
    "norm_num_groups": 32,
    "force_upcast": True,
}


def build(workload: Workload) -> tuple[StageSpec, ...]:
    """CLIP for prompt and empty prompt in turn, transformer with both in one batch, decoder."""
    from diffusers import UVit2DModel, VQModel

    from .construction import diffusers_module
    from .text_encoders import clip_l, text_stage

    (length,) = required(workload, "prompt_length")
    dtype, encodings = workload.dtype, 2 if workload.guided else 1
    text = text_stage(
        clip_l(dtype, projection=True),
        batch=workload.batch,
        length=length,
        hidden_states=True,
        repeats=encodings,
    )
    decoder_dtype = "float32" if dtype == "float16" else dtype
    return (
        text,
        _transformer_stage(diffusers_module(UVit2DModel, _TRANSFORMER, dtype), workload),
        _decoder_stage(diffusers_module(VQModel, _AUTOENCODER, decoder_dtype), workload),
    )


def _transformer_stage(transformer: nn.Module, workload: Workload) -> StageSpec:
    steps, length = required(workload, "num_inference_steps", "prompt_length")
    height, width = required(workload, "height", "width")
    batch, dtype = guided_batch(workload), workload.dtype
    tokens = (batch, height // _DOWNSAMPLING, width // _DOWNSAMPLING)

    def run(module: Any, repeat: int) -> object:
        return module(
            meta_tensor(tokens, "int64"),
            encoder_hidden_states=meta_tensor((batch, length, 768), dtype),
            pooled_text_emb=meta_tensor((batch, 768), dtype),
            micro_conds=meta_tensor((batch, _MICRO_CONDITIONS), dtype),
        )

    return StageSpec(name="transformer", component="transformer", module=transformer, run=run, repeats=steps)


def _decoder_stage(autoencoder: nn.Module, workload: Workload) -> StageSpec:
    height, width = required(workload, "height", "width")
    grid = (workload.batch, height // _DOWNSAMPLING, width // _DOWNSAMPLING)

    def run(module: Any, repeat: int) -> object:
        shape = (*grid, _AUTOENCODER["latent_channels"])
        return module.decode(meta_tensor(grid, "int64"), force_not_quantize=True, shape=shape)

    return StageSpec(name="vq_decoder", component="vqvae", module=autoencoder, run=run)


PIPELINES = (
    Pipeline(
        name="amused",
        title="aMUSEd 512",
        defaults=Workload(
            height=512,
            width=512,
            num_inference_steps=12,
            guidance_scale=10.0,
            prompt_length=77,
            dtype="float16",
        ),
        build=build,
        limits=Limits(prompt=77),
        sources=(
            "Patil et al., aMUSEd: An Open MUSE Reproduction, arXiv:2401.01808 (146 M of VQ-GAN)",
            "amused/amused-512 (huggingface.co): model card (608 M of transformer), config.json of parts",
            "diffusers 0.42, AmusedPipeline: 12 steps, guidance 10, decoder in float32",
        ),
        parameters={"text_encoder": 123_650_304, "transformer": 608e6, "vqvae": 146e6},
        choices=("The choice of tokens after each pass (softmax, sampling, masking) is left out.",),
        attention_kinds={r"\.attn2$": "cross", r"\.attention_blocks\.\d+\.attn1$": "cross"},
        size_multiple=32,
        architecture="transformer",
        aliases=("amused-512",),
    ),
)
