"""Video in a latent space: the settings of a run, and the stages that denoise it and decode its frames."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tracer.graph import GraphError, Workload

from .inputs import meta_tensor
from .pipeline import StageSpec

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = ["TensorShapes", "VideoRun", "denoiser_stage", "frame_decoder_stages", "video_run"]

# Name of an argument -> shape and torch's name of the dtype.
TensorShapes = Mapping[str, tuple[tuple[int, ...], str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoRun:
    """Settings of a :class:`~tracer.graph.Workload` of a video pipeline, none of them missing.

    Attributes
    ----------
    batch : int
        Videos per run.
    height, width : int
        Size of the output. [pixel]
    num_frames, steps : int
    prompt_length : int
        Tokens of the padded prompt; 0 where the pipeline has no prompt.
    guided : bool
        Whether an unconditional sample is denoised beside each video.
    dtype : str
    """

    batch: int
    height: int
    width: int
    num_frames: int
    steps: int
    prompt_length: int
    guided: bool
    dtype: str

    @property
    def denoised(self) -> int:
        """Samples per forward pass of a denoiser that takes both halves of guidance in one batch."""
        return self.batch * (2 if self.guided else 1)

    @property
    def prompts(self) -> int:
        """Text encoder runs of a pipeline that encodes the negative prompt after the positive one."""
        return 2 if self.guided else 1

    def latent_extents(self, *, frames: int, side: int) -> tuple[int, int, int]:
        """Frames, height and width of the latents, so many times fewer and smaller."""
        return self.latent_frames(frames), self.height // side, self.width // side

    def latent_frames(self, compression: int) -> int:
        """Frames of a causal autoencoder's latents: the first frame alone, then `compression` in one."""
        return (self.num_frames - 1) // compression + 1


def video_run(workload: Workload, *, prompted: bool = True) -> VideoRun:
    """Settings of a video pipeline's run.

    Raises
    ------
    GraphError
        A setting that every video pipeline needs is not given.
    """
    needed = [
        "height",
        "width",
        "num_frames",
        "num_inference_steps",
        *(["prompt_length"] if prompted else []),
    ]
    missing = [name for name in needed if getattr(workload, name) is None]
    if missing:
        raise GraphError(f"a video pipeline needs {missing[0]}; needed: {', '.join(needed)}")
    return VideoRun(
        batch=workload.batch,
        height=workload.height or 0,
        width=workload.width or 0,
        num_frames=workload.num_frames or 0,
        steps=workload.num_inference_steps or 0,
        prompt_length=workload.prompt_length or 0,
        guided=workload.guided,
        dtype=workload.dtype,
    )


def denoiser_stage(
    module: nn.Module,
    tensors: TensorShapes,
    *,
    repeats: int,
    name: str = "transformer",
    component: str | None = None,
    **options: object,
) -> StageSpec:
    """Stage that runs a denoiser's forward pass on named inputs.

    Parameters
    ----------
    module : torch.nn.Module
        On the meta device.
    tensors : mapping of str to (shape, dtype)
        Tensor arguments.
    repeats : int
        Forward passes per run of the pipeline.
    name : str
        Of the stage; of the component too where `component` is not given.
    **options
        Arguments that are not tensors.
    """

    def run(model: Any, repeat: int) -> object:
        made = {argument: meta_tensor(shape, dtype) for argument, (shape, dtype) in tensors.items()}
        return model(**made, **options, return_dict=False)

    return StageSpec(name=name, component=component or name, module=module, run=run, repeats=repeats)


def frame_decoder_stages(
    module: nn.Module,
    frames: tuple[int, int, int, int],
    *,
    chunk: int,
    dtype: str,
    decode: Callable[[Any, torch.Tensor], object] | None = None,
) -> list[StageSpec]:
    """Stages that decode frames `chunk` at a time, the rest of the division last.

    Parameters
    ----------
    module : torch.nn.Module
        Autoencoder, on the meta device.
    frames : tuple of int
        Shape of the latents of all frames of the batch: (frames, channels, height, width).
    chunk : int
        Frames that are decoded together.
    dtype : str
    decode : callable, optional
        ``decode(module, latents)``; ``module.decode(latents)`` where it is not given.
    """
    total, *extents = frames
    call = decode or (lambda autoencoder, latents: autoencoder.decode(latents))

    def stage(name: str, count: int, repeats: int) -> StageSpec:
        def run(autoencoder: Any, repeat: int) -> object:
            return call(autoencoder, meta_tensor((count, *extents), dtype))

        return StageSpec(name=name, component="vae", module=module, run=run, repeats=repeats)

    whole, rest = divmod(total, chunk)
    stages = [stage("vae_decoder", chunk, whole)] if whole else []
    return [*stages, stage("vae_decoder_last", rest, 1)] if rest else stages
