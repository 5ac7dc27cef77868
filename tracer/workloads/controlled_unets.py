"""Stable Diffusion and SDXL steered by an image: ControlNet, which runs in every step, T2I-Adapter, which runs once.

A ControlNet is a copy of the U-Net's encoder and middle with an embedding of the image in front and a convolution of
one position, zero before training, behind every level (Zhang et al. 2023, arXiv:2302.05543). An adapter makes one map
for each level of the encoder (Mou et al. 2023, arXiv:2302.08453), which is the same in every step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from tracer.graph import Workload

from . import sdxl, stable_diffusion
from .inputs import guided_batch, meta_tensor, required
from .pipeline import Limits, Pipeline, StageSpec

if TYPE_CHECKING:
    from torch import nn

__all__ = ["PIPELINES"]

# config.json of lllyasviel/sd-controlnet-canny and diffusers/controlnet-canny-sdxl-1.0, beside the U-Net's own.
_EMBEDDING = {"conditioning_embedding_out_channels": (16, 32, 96, 256)}
_FOREIGN = frozenset({"sample_size", "out_channels", "up_block_types"})
_RESIDUALS = ("down_block_additional_residuals", "mid_block_additional_residual")
# config.json of TencentARC/t2iadapter_canny_sd14v1 (one channel of edges) and TencentARC/t2i-adapter-canny-sdxl-1.0.
_ADAPTER = {"channels": (320, 640, 1280, 1280), "num_res_blocks": 2}
_ADAPTER_SD = {**_ADAPTER, "in_channels": 1, "downscale_factor": 8, "adapter_type": "full_adapter"}
_ADAPTER_XL = {**_ADAPTER, "in_channels": 3, "downscale_factor": 16, "adapter_type": "full_adapter_xl"}

_Build = Callable[[Workload], Sequence[StageSpec]]


def with_controlnet(base: _Build, unet: dict[str, Any], workload: Workload) -> list[StageSpec]:
    """The ControlNet's stage before the denoiser's, which adds what comes out of it."""
    from diffusers import ControlNetModel

    from .construction import diffusers_module

    stages = list(base(workload))
    at = _position_of_unet(stages)
    config = {name: value for name, value in unet.items() if name not in _FOREIGN} | _EMBEDDING
    network = diffusers_module(ControlNetModel, config, workload.dtype)
    image = _image(workload, channels=3, samples=guided_batch(workload))
    controlled = partial(_controlnet, stages[at], image)
    added = dict(
        zip(("down_block_additional_residuals", "mid_block_additional_residual"), controlled(network), strict=True)
    )
    stages[at : at + 1] = [
        replace(
            stages[at], name="unet_controlnet", component="controlnet", module=network, run=lambda m, _: controlled(m)
        ),
        replace(stages[at], run=partial(_steered, stages[at], added)),
    ]
    return stages


def with_adapter(base: _Build, config: dict[str, Any], workload: Workload) -> list[StageSpec]:
    """The adapter's stage before the denoiser's, which adds its maps."""
    from diffusers import T2IAdapter

    from .construction import diffusers_module

    stages = list(base(workload))
    at = _position_of_unet(stages)
    adapter: Any = diffusers_module(T2IAdapter, config, workload.dtype)
    image = _image(workload, channels=config["in_channels"], samples=workload.batch)
    maps = [meta_tensor((guided_batch(workload), *m.shape[1:]), workload.dtype) for m in _shapes(adapter, image)]
    steered = replace(stages[at], run=partial(_steered, stages[at], {"down_intrablock_additional_residuals": maps}))
    own = StageSpec(name="adapter", component="adapter", module=adapter, run=lambda module, repeat: module(image))
    stages[at : at + 1] = [own, steered]
    return stages


def _position_of_unet(stages: Sequence[StageSpec]) -> int:
    return next(at for at, stage in enumerate(stages) if stage.name == "unet")


def _image(workload: Workload, *, channels: int, samples: int) -> Any:
    height, width = required(workload, "height", "width")
    return meta_tensor((samples, channels, height, width), workload.dtype)


def _shapes(module: Any, image: Any) -> Any:
    import torch

    with torch.no_grad():
        return module(image)


def _controlnet(unet: StageSpec, image: Any, module: nn.Module) -> Any:
    """One pass on what the U-Net is given, and the image."""
    import torch

    def call(sample: Any, timestep: Any, prompts: Any, **others: Any) -> Any:
        return module(sample, timestep, prompts, controlnet_cond=image, **others)

    with torch.no_grad():
        return unet.run(call, 0)


def _steered(unet: StageSpec, added: dict[str, Any], module: nn.Module, repeat: int) -> object:
    # The U-Net takes the maps of an adapter off the list that it is given.
    fresh = {name: list(value) if isinstance(value, list) else value for name, value in added.items()}
    return unet.run(partial(module, **fresh), repeat)


def _pipeline(
    base: Pipeline, suffix: str, title: str, build: _Build, parameters: dict[str, float], *sources: str
) -> Pipeline:
    return Pipeline(
        name=f"{base.name}-{suffix}",
        title=f"{base.title} + {title}",
        defaults=base.defaults,
        build=build,
        limits=Limits(prompt=77),
        sources=(*sources, *base.sources),
        parameters={**base.parameters, **parameters},
        choices=base.choices,
        attention_kinds={r"\.attn2$": "cross", r"\.attn1$": "spatial"},
        denoisers=("unet", "controlnet"),
    )


_SD, _XL = stable_diffusion.PIPELINES[0], sdxl.PIPELINES[0]

PIPELINES = (
    _pipeline(
        _SD,
        "controlnet",
        "ControlNet",
        partial(with_controlnet, _SD.build, stable_diffusion.UNET),
        {"controlnet": 361_279_120},
        "lllyasviel/sd-controlnet-canny (huggingface.co), config.json",
        "diffusers 0.42, StableDiffusionControlNetPipeline",
    ),
    _pipeline(
        _XL,
        "controlnet",
        "ControlNet",
        partial(with_controlnet, _XL.build, sdxl.UNET),
        {"controlnet": 1.251e9},
        "diffusers/controlnet-canny-sdxl-1.0 (huggingface.co), config.json",
        "diffusers 0.42, StableDiffusionXLControlNetPipeline",
    ),
    _pipeline(
        _SD,
        "t2i-adapter",
        "T2I-Adapter",
        partial(with_adapter, _SD.build, _ADAPTER_SD),
        {},
        "TencentARC/t2iadapter_canny_sd14v1 (huggingface.co), config.json",
        "diffusers 0.42, StableDiffusionAdapterPipeline",
    ),
    _pipeline(
        _XL,
        "t2i-adapter",
        "T2I-Adapter",
        partial(with_adapter, _XL.build, _ADAPTER_XL),
        {},
        "TencentARC/t2i-adapter-canny-sdxl-1.0 (huggingface.co), config.json",
        "diffusers 0.42, StableDiffusionXLAdapterPipeline",
    ),
)
