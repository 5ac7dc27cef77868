"""The autoencoder of a pipeline in another number format, on tiles of a picture, or on one output after another.

Tiles, overlaps, blending and slices are made by the library's own code (``enable_tiling`` and ``enable_slicing`` of
diffusers' autoencoders), which is traced as it runs. Formats are those of weights and of all that is computed with
them; the cast of the latents, once a run, is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from tracer.graph import GraphError, Workload

from .construction import torch_dtype
from .pipeline import Pipeline, StageSpec

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = ["AUTOENCODERS", "with_autoencoder_options"]

AUTOENCODERS = ("vae", "vqvae")
"""Names of the component that turns latents into pixels."""

# ``sample_size`` of an AutoencoderKL whose configuration states none, and edges of its tiles then.
_UNSTATED = 32


def with_autoencoder_options(pipeline: Pipeline, specs: Iterable[StageSpec], workload: Workload) -> list[StageSpec]:
    """Stages of a pipeline with its autoencoder as a workload asks for; what is made of the latter is changed in place.

    Raises
    ------
    GraphError
        The pipeline has no autoencoder, or one without tiles or slices.
    """
    stages = list(_whole(specs))
    modules = {id(spec.module): spec.module for spec in stages if spec.component in AUTOENCODERS}
    if not modules:
        raise GraphError(
            f"{pipeline.name} has no autoencoder, to which alone vae_dtype, vae_tiling and vae_slicing apply"
        )
    for module in modules.values():
        if workload.vae_tiling:
            _enable(pipeline.name, module, "tiling")
            _set_tiles(module, pipeline.defaults)
        if workload.vae_slicing:
            _enable(pipeline.name, module, "slicing")
        if workload.vae_dtype is not None:
            _cast(module, torch_dtype(workload.vae_dtype))
    return stages


def _whole(specs: Iterable[StageSpec]) -> Iterator[StageSpec]:
    """Stages with one in place of those that are parts of a call of the library."""
    for whole, parts in groupby(specs, key=lambda spec: spec.whole):
        first, *rest = parts
        if whole is None:
            yield from (first, *rest)
            continue
        name = "vae_encoder" if first.name.startswith("vae_encoder") else "vae_decoder"

        def run(module: Any, repeat: int, *, call: Any = whole) -> object:
            return call(module)

        yield replace(first, name=name, run=run, repeats=1, grows=False, whole=None)


def _enable(name: str, module: Any, what: str) -> None:
    if not hasattr(module, f"use_{what}"):
        raise GraphError(f"the autoencoder of {name} ({type(module).__name__}) has no {what} in diffusers")
    getattr(module, f"enable_{what}")()


def _set_tiles(module: Any, defaults: Workload) -> None:
    """Edges of tiles where a configuration leaves them open: the size that a pipeline is made for.

    Published ones have that size: 512 in Stable Diffusion 1.5, 768 in 2.1, 1024 in SDXL, SD3 and FLUX.1.
    """
    if getattr(module.config, "sample_size", None) != _UNSTATED or defaults.height is None:
        return
    halvings = len(module.config.block_out_channels) - 1
    module.tile_sample_min_size = defaults.height
    module.tile_latent_min_size = defaults.height // 2**halvings


def _cast(module: nn.Module, dtype: torch.dtype) -> None:
    """Give a module weights of a dtype, and its parts inputs of it."""
    for tensor in (*module.parameters(), *module.buffers()):
        if tensor.is_floating_point():
            tensor.data = tensor.data.to(dtype)

    def inputs(part: nn.Module, positional: Any, named: Any) -> Any:
        return _of_dtype(positional, dtype), _of_dtype(named, dtype)

    for part in module.children():
        part.register_forward_pre_hook(inputs, with_kwargs=True)


def _of_dtype(value: Any, dtype: torch.dtype) -> Any:
    """Inputs with tensors of another format made anew, outside of the trace."""
    import torch
    from torch.utils._python_dispatch import _disable_current_modes

    if isinstance(value, torch.Tensor):
        if not value.is_floating_point() or value.dtype == dtype:
            return value
        with _disable_current_modes():
            return torch.empty_strided(value.shape, value.stride(), dtype=dtype, device=value.device)
    if isinstance(value, dict):
        return {name: _of_dtype(item, dtype) for name, item in value.items()}
    return tuple(_of_dtype(item, dtype) for item in value) if isinstance(value, tuple) else value
