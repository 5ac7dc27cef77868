"""DeepFloyd IF: T5 encoder, pixel U-Net at 64 pixels, pixel U-Net at 256, latent upscaler to 1024."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tracer.graph import Workload

from .inputs import guided_batch, meta_tensor, required
from .pipeline import Pipeline, StageSpec

if TYPE_CHECKING:
    from torch import nn

__all__ = ["PIPELINES"]

# Side of the final image over those of the first and second images.
_BASE, _SUPER_RESOLUTION = 16, 4
_SUPER_RESOLUTION_STEPS = 50
_UPSCALER_STEPS = 75
_UPSCALER_PROMPT_LENGTH = 77

_PIXEL_UNET = {
    "act_fn": "gelu",
    "addition_embed_type": "text",
    "addition_embed_type_num_heads": 64,
    "attention_head_dim": 64,
    "cross_attention_norm": "group_norm",
    "encoder_hid_dim": 4096,
    "encoder_hid_dim_type": "text_proj",
    "mid_block_type": "UNetMidBlock2DSimpleCrossAttn",
    "out_channels": 6,
    "resnet_time_scale_shift": "scale_shift",
}
# DeepFloyd/IF-I-XL-v1.0, unet/config.json.
_BASE_UNET = {
    **_PIXEL_UNET,
    "sample_size": 64,
    "in_channels": 3,
    "block_out_channels": (704, 1408, 2112, 2816),
    "cross_attention_dim": 2816,
    "layers_per_block": 3,
    "down_block_types": ("ResnetDownsampleBlock2D",) + ("SimpleCrossAttnDownBlock2D",) * 3,
    "up_block_types": ("SimpleCrossAttnUpBlock2D",) * 3 + ("ResnetUpsampleBlock2D",),
}
# DeepFloyd/IF-II-L-v1.0, unet/config.json.
_SUPER_RESOLUTION_UNET = {
    **_PIXEL_UNET,
    "sample_size": 256,
    "in_channels": 6,
    "block_out_channels": (160, 320, 640, 960, 1280),
    "cross_attention_dim": 1280,
    "layers_per_block": (2, 2, 3, 5, 5),
    "class_embed_type": "timestep",
    "mid_block_scale_factor": 2**0.5,
    "resnet_out_scale_factor": 2**0.5,
    "resnet_skip_time_act": True,
    "down_block_types": ("ResnetDownsampleBlock2D",) * 3 + ("SimpleCrossAttnDownBlock2D",) * 2,
    "up_block_types": ("SimpleCrossAttnUpBlock2D",) * 2 + ("ResnetUpsampleBlock2D",) * 3,
}
# stabilityai/stable-diffusion-x4-upscaler, unet/config.json and vae/config.json.
_UPSCALER_UNET = {
    "sample_size": 128,
    "in_channels": 7,
    "out_channels": 4,
    "attention_head_dim": 8,
    "block_out_channels": (256, 512, 512, 1024),
    "cross_attention_dim": 1024,
    "layers_per_block": 2,
    "num_class_embeds": 1000,
    "only_cross_attention": (True, True, True, False),
    "use_linear_projection": True,
    "down_block_types": ("DownBlock2D",) + ("CrossAttnDownBlock2D",) * 3,
    "up_block_types": ("CrossAttnUpBlock2D",) * 3 + ("UpBlock2D",),
}
_UPSCALER_VAE = {
    "sample_size": 256,
    "latent_channels": 4,
    "block_out_channels": (128, 256, 512),
    "down_block_types": ("DownEncoderBlock2D",) * 3,
    "up_block_types": ("UpDecoderBlock2D",) * 3,
    "layers_per_block": 2,
}


def build(workload: Workload) -> tuple[StageSpec, ...]:
    """T5 for both prompts in turn; two pixel U-Nets with both in one batch; the upscaler's own parts."""
    from .text_encoders import openclip_h, t5_xxl, text_stage

    length, steps = required(workload, "prompt_length", "num_inference_steps")
    dtype, batch, encodings = workload.dtype, workload.batch, 2 if workload.guided else 1
    upscaler_text = text_stage(
        openclip_h(dtype),
        batch=batch,
        length=_UPSCALER_PROMPT_LENGTH,
        name="text_encoder_upscaler",
        repeats=encodings,
    )
    return (
        text_stage(t5_xxl(dtype), batch=batch, length=length, masked=True, repeats=encodings),
        _unet_stage("unet_base", _BASE_UNET, _pixel_run(workload, _BASE), workload, steps),
        _unet_stage(
            "unet_super_resolution",
            _SUPER_RESOLUTION_UNET,
            _pixel_run(workload, _SUPER_RESOLUTION, upscales=True),
            workload,
            _SUPER_RESOLUTION_STEPS,
        ),
        upscaler_text,
        _unet_stage("unet_upscaler", _UPSCALER_UNET, _upscaler_run(workload), workload, _UPSCALER_STEPS),
        _upscaler_decoder(workload),
    )


def _unet_stage(
    name: str,
    config: dict[str, object],
    run: Callable[[Any, int], object],
    workload: Workload,
    steps: int,
) -> StageSpec:
    from diffusers import UNet2DConditionModel

    from .construction import diffusers_module

    unet: nn.Module = diffusers_module(UNet2DConditionModel, config, workload.dtype)
    return StageSpec(name=name, component=name, module=unet, run=run, repeats=steps)


def _pixel_run(workload: Workload, reduction: int, *, upscales: bool = False) -> Callable[[Any, int], object]:
    """Pass of a pixel U-Net; one that upscales sees the enlarged image too, and how noisy it is."""
    height, width, length = required(workload, "height", "width", "prompt_length")
    batch, dtype = guided_batch(workload), workload.dtype
    shape = (batch, 6 if upscales else 3, height // reduction, width // reduction)

    def run(module: Any, repeat: int) -> object:
        return module(
            meta_tensor(shape, dtype),
            meta_tensor((), "int64"),
            encoder_hidden_states=meta_tensor((batch, length, 4096), dtype),
            class_labels=meta_tensor((batch,), "int64") if upscales else None,
            return_dict=False,
        )

    return run


def _upscaler_run(workload: Workload) -> Callable[[Any, int], object]:
    """Pass of the upscaler: latents as large as the image to upscale, which stands beside them."""
    height, width = required(workload, "height", "width")
    batch, dtype = guided_batch(workload), workload.dtype
    shape = (batch, 7, height // _SUPER_RESOLUTION, width // _SUPER_RESOLUTION)

    def run(module: Any, repeat: int) -> object:
        return module(
            meta_tensor(shape, dtype),
            meta_tensor((), "int64"),
            encoder_hidden_states=meta_tensor((batch, _UPSCALER_PROMPT_LENGTH, 1024), dtype),
            class_labels=meta_tensor((batch,), "int64"),
            return_dict=False,
        )

    return run


def _upscaler_decoder(workload: Workload) -> StageSpec:
    from diffusers import AutoencoderKL

    from .autoencoders import decoder_stage
    from .construction import diffusers_module

    height, width = required(workload, "height", "width")
    dtype = "float32" if workload.dtype == "float16" else workload.dtype
    latents = (workload.batch, 4, height // _SUPER_RESOLUTION, width // _SUPER_RESOLUTION)
    return decoder_stage(diffusers_module(AutoencoderKL, _UPSCALER_VAE, dtype), latents, dtype=dtype)


PIPELINES = (
    Pipeline(
        name="deepfloyd-if",
        title="DeepFloyd IF (I-XL, II-L, x4 upscaler)",
        defaults=Workload(
            height=1024,
            width=1024,
            num_inference_steps=100,
            guidance_scale=7.0,
            prompt_length=77,
            dtype="float16",
        ),
        build=build,
        sources=(
            "github.com/deep-floyd/IF, README: 4.3 G and 1.2 G parameters of the first two stages",
            "DeepFloyd/IF-I-XL-v1.0 and DeepFloyd/IF-II-L-v1.0 (huggingface.co): unet/config.json; "
            "model card: the third stage is stabilityai/stable-diffusion-x4-upscaler",
            "stabilityai/stable-diffusion-x4-upscaler (huggingface.co): config.json of each part; 947 MB of "
            "U-Net and 111 MB of autoencoder weights in float16",
            "diffusers 0.42, IFPipeline: 100 steps, 77 tokens; IFSuperResolutionPipeline: 50 steps; "
            "StableDiffusionUpscalePipeline: 75 steps, decoder in float32",
        ),
        parameters={
            "text_encoder": 4_762_310_656,
            "unet_base": 4.3e9,
            "unet_super_resolution": 1.2e9,
            "text_encoder_upscaler": 340_387_840,
            "unet_upscaler": 473e6,
            "vae": 55.3e6,
        },
        rounded=frozenset({"unet_base", "unet_super_resolution"}),
        choices=(
            "num_inference_steps sets the first stage; the second takes 50 steps and the upscaler 75.",
            "Guidance is on in all three stages where it is on in the first.",
            "Safety checker and watermark, which the model card loads, are left out.",
        ),
        attention_kinds={r"^unet_upscaler\..*\.attn2$": "cross", r"^unet_(base|super_resolution)\.": "joint"},
        size_multiple=128,
        aliases=("if", "deepfloyd", "if-i-xl"),
    ),
)
