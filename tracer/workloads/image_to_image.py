"""Stable Diffusion and SDXL that start from an image: image to image, inpainting, and the refiner of SDXL.

The image is encoded, noise is added to its latents, and a share of the steps, the strength, is made of them. Inpainting
with a U-Net of its own gives it the masked image's latents and the mask in five further channels, in all steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from math import ceil
from typing import Any

from tracer.graph import GraphError, Workload

from . import sdxl, stable_diffusion
from .inputs import guided_batch, latent_shape, meta_tensor, required
from .pipeline import Limits, Pipeline, StageSpec

__all__ = ["PIPELINES"]

_INPAINTING_CHANNELS = 9  # noise, masked image and mask: runwayml/stable-diffusion-inpainting, unet/config.json
_REFINER_CONDITIONS = 5  # original size, crop corner and aesthetic score

# stabilityai/stable-diffusion-xl-refiner-1.0, unet/config.json.
_REFINER = {
    **sdxl.UNET,
    "attention_head_dim": (6, 12, 24, 24),
    "block_out_channels": (384, 768, 1536, 1536),
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "transformer_layers_per_block": 4,
    "cross_attention_dim": 1280,
    "projection_class_embeddings_input_dim": 1280 + _REFINER_CONDITIONS * 256,
}

_Build = Callable[[Workload], Sequence[StageSpec]]


def from_an_image(base: _Build, workload: Workload) -> list[StageSpec]:
    """Stages of a pipeline with the image encoded before the denoiser, which makes a share of the steps."""
    stages = [*base(replace(workload, num_inference_steps=_steps(workload)))]
    return _with_encoder(stages, workload)


def inpainting(workload: Workload) -> list[StageSpec]:
    """Stable Diffusion with the U-Net that sees the masked image; all steps, since it starts from noise."""
    from diffusers import UNet2DConditionModel

    from .construction import diffusers_module

    stages = list(stable_diffusion.PIPELINES[0].build(workload))
    at = next(at for at, stage in enumerate(stages) if stage.name == "unet")
    config = {**stable_diffusion.UNET, "in_channels": _INPAINTING_CHANNELS}
    unet = diffusers_module(UNet2DConditionModel, config, workload.dtype)
    plain = stages[at]

    def run(module: Any, repeat: int) -> object:
        def call(sample: Any, *others: Any, **named: Any) -> object:
            shape = (sample.shape[0], _INPAINTING_CHANNELS, *sample.shape[2:])
            return module(meta_tensor(shape, workload.dtype), *others, **named)

        return plain.run(call, repeat)

    stages[at] = replace(plain, module=unet, run=run)
    return _with_encoder(stages, workload)


def refiner(workload: Workload) -> list[StageSpec]:
    """One text encoder, the image's latents, the refiner's U-Net and the decoder of SDXL."""
    from diffusers import UNet2DConditionModel

    from .construction import diffusers_module

    text, decoder = (sdxl.PIPELINES[0].build(workload)[at] for at in (1, -1))
    unet = diffusers_module(UNet2DConditionModel, _REFINER, workload.dtype)
    (length,) = required(workload, "prompt_length")
    batch, dtype = guided_batch(workload), workload.dtype
    latents = latent_shape(workload, channels=4, downsampling=8)

    def run(module: Any, repeat: int) -> object:
        conditions = {
            "text_embeds": meta_tensor((batch, 1280), dtype),
            "time_ids": meta_tensor((batch, _REFINER_CONDITIONS), dtype),
        }
        prompts = meta_tensor((batch, length, 1280), dtype)
        sample, timestep = meta_tensor((batch, *latents[1:]), dtype), meta_tensor((), "float32")
        return module(sample, timestep, prompts, added_cond_kwargs=conditions, return_dict=False)

    encoded = replace(text, repeats=2 if workload.guided else 1)
    denoiser = StageSpec(name="unet", component="unet", module=unet, run=run, repeats=_steps(workload))
    return _with_encoder([encoded, denoiser, decoder], workload)


def _steps(workload: Workload) -> int:
    """Steps that are made of an image (``get_timesteps`` of the pipelines; theirs may be one less)."""
    (steps,) = required(workload, "num_inference_steps")
    if workload.strength is None:
        raise GraphError("the workload has no strength; this pipeline needs it")
    return max(ceil(steps * workload.strength - 1e-9), 1)


def _with_encoder(stages: list[StageSpec], workload: Workload) -> list[StageSpec]:
    """The image encoded by the weights that decode, before the denoiser runs."""
    decoder = stages[-1]
    dtype = str(next(decoder.module.parameters()).dtype).removeprefix("torch.")
    height, width = required(workload, "height", "width")

    def encode(autoencoder: Any, repeat: int) -> object:
        image = meta_tensor((workload.batch, 3, height, width), dtype)
        return autoencoder.encode(image).latent_dist.mode()

    encoder = replace(decoder, name="vae_encoder", run=encode)
    at = next(at for at, stage in enumerate(stages) if stage.name == "unet")
    return [*stages[:at], encoder, *stages[at:]]


def _pipeline(
    base: Pipeline, name: str, title: str, build: _Build, *sources: str, strength: float | None, unet: float
) -> Pipeline:
    parameters = {**base.parameters, "unet": unet}
    if name == "sdxl-refiner":
        del parameters["text_encoder"]
    return Pipeline(
        name=name,
        title=title,
        defaults=replace(base.defaults, strength=strength),
        build=build,
        limits=Limits(prompt=77),
        sources=(*sources, *base.sources),
        parameters=parameters,
        choices=base.choices,
        attention_kinds=base.attention_kinds,
    )


_SD, _XL = stable_diffusion.PIPELINES[0], sdxl.PIPELINES[0]

PIPELINES = (
    _pipeline(
        _SD,
        "stable-diffusion-img2img",
        "Stable Diffusion 1.5, image to image",
        partial(from_an_image, _SD.build),
        "diffusers 0.42, StableDiffusionImg2ImgPipeline: strength 0.8",
        strength=0.8,
        unet=859_520_964,
    ),
    _pipeline(
        _SD,
        "stable-diffusion-inpainting",
        "Stable Diffusion 1.5, inpainting",
        inpainting,
        "runwayml/stable-diffusion-inpainting (huggingface.co), unet/config.json",
        "diffusers 0.42, StableDiffusionInpaintPipeline: strength 1.0",
        strength=None,
        unet=859_535_364,
    ),
    _pipeline(
        _XL,
        "sdxl-img2img",
        "Stable Diffusion XL base 1.0, image to image",
        partial(from_an_image, _XL.build),
        "diffusers 0.42, StableDiffusionXLImg2ImgPipeline: strength 0.3",
        strength=0.3,
        unet=2_567_463_684,
    ),
    _pipeline(
        _XL,
        "sdxl-refiner",
        "Stable Diffusion XL refiner 1.0",
        refiner,
        "stabilityai/stable-diffusion-xl-refiner-1.0 (huggingface.co), config.json of each part",
        "diffusers 0.42, StableDiffusionXLImg2ImgPipeline: strength 0.3",
        strength=0.3,
        unet=2.26e9,
    ),
)
