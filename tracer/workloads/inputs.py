"""What pipelines have in common before a model runs: settings, and inputs on the meta device."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracer.graph import GraphError, Workload

from .construction import torch_dtype

if TYPE_CHECKING:
    import torch

__all__ = ["guided_batch", "latent_shape", "meta_tensor", "required"]


def meta_tensor(shape: tuple[int, ...], dtype: str) -> torch.Tensor:
    """Tensor without values, on the meta device."""
    import torch

    return torch.empty(shape, dtype=torch_dtype(dtype), device="meta")


def required(workload: Workload, *names: str) -> tuple[int, ...]:
    """Settings that a pipeline cannot do without, in the order of `names`.

    Raises
    ------
    GraphError
        One of them is ``None``.
    """
    values = tuple(getattr(workload, name) for name in names)
    if None in values:
        missing = names[values.index(None)]
        raise GraphError(f"the workload has no {missing}; this pipeline needs {', '.join(names)}")
    return values


def guided_batch(workload: Workload) -> int:
    """Samples per denoiser pass where guidance puts the unconditional ones beside the conditional ones."""
    return workload.batch * (2 if workload.guided else 1)


def latent_shape(workload: Workload, *, channels: int, downsampling: int) -> tuple[int, int, int, int]:
    """Shape of the latents of one run of an image pipeline: (batch, channels, height, width)."""
    height, width = required(workload, "height", "width")
    return workload.batch, channels, height // downsampling, width // downsampling
