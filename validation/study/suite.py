"""The suite of the study: which pipelines stand for its models, and on what they run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = [
    "ACCELERATOR",
    "ATTENTION",
    "FULL",
    "LATENT_DIFFUSION",
    "SUITE",
    "VIDEO",
    "Attention",
    "StudyModel",
    "StudySettings",
]

ACCELERATOR = "a100_sxm4_80gb"
"""A100-SXM4-80GB: the study's part, from recollection; the size of the memory is not confirmed by a public source."""

Attention = Literal["naive", "flash"]

ATTENTION: tuple[Attention, ...] = ("naive", "flash")
"""Baseline attention and FlashAttention-2, which the study compares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyModel:
    """One model of the suite.

    Attributes
    ----------
    name : str
        As the study calls it.
    workload : str
        Pipeline in :mod:`tracer.workloads`, at its default settings.
    task : {"TTI", "TTV", "LLM"}
    architecture : {"diffusion", "transformer"}
    main_stage : str
        Stage that the model is known for: one step of the denoiser, one pass of the token transformer.
    stand_in : bool
        Whether the real model is not disclosed. Figures of a stand-in enter tables, never claims.
    settings : mapping
        Fields of the workload that differ from the pipeline's defaults.
    """

    name: str
    workload: str
    task: str
    architecture: str
    main_stage: str
    stand_in: bool = False
    settings: Mapping[str, object] = field(default_factory=dict)


LATENT_DIFFUSION = StudyModel(
    name="Stable Diffusion",
    workload="stable-diffusion",
    task="TTI",
    architecture="diffusion",
    main_stage="unet",
)
"""The study's case for image sizes and the memory formula."""

VIDEO = StudyModel(
    name="Make-A-Video", workload="make-a-video", task="TTV", architecture="diffusion", main_stage="decoder"
)
"""The study's case for temporal attention."""

SUITE = (
    StudyModel(name="LLaMA2", workload="llama2-7b", task="LLM", architecture="transformer", main_stage="decode"),
    StudyModel(name="Imagen", workload="imagen", task="TTI", architecture="diffusion", main_stage="base"),
    LATENT_DIFFUSION,
    StudyModel(name="Muse", workload="muse", task="TTI", architecture="transformer", main_stage="base"),
    StudyModel(name="Parti", workload="parti", task="TTI", architecture="transformer", main_stage="decode"),
    StudyModel(
        name="Prod Image",
        workload="prod-image",
        task="TTI",
        architecture="diffusion",
        main_stage="unet",
        stand_in=True,
    ),
    VIDEO,
    StudyModel(
        name="Phenaki",
        workload="phenaki",
        task="TTV",
        architecture="transformer",
        main_stage="masked_transformer",
    ),
)
"""The eight models, in the order in which the study lists them (from recollection)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySettings:
    """What the study sweeps.

    Attributes
    ----------
    models : tuple of StudyModel
    length_sizes : tuple of int
        Sides of the images whose sequence lengths are counted and whose similarity matrices are summed. [pixel]
    image_sizes : tuple of int
        Sides of the images of the sweep over image size. [pixel]
    frames : tuple of int
        Frame counts of the sweep over frames.
    frame_scales : tuple of int
        Divisors of the video's side in the sweep over frames: 1 is the decoder at its own resolution.
    """

    models: tuple[StudyModel, ...] = SUITE
    length_sizes: tuple[int, ...] = (256, 512, 768, 1024)
    image_sizes: tuple[int, ...] = (256, 384, 512, 640, 768, 896, 1024)
    frames: tuple[int, ...] = (4, 8, 16, 32, 64, 128, 256, 512, 1024)
    frame_scales: tuple[int, ...] = (1, 2)


FULL = StudySettings()
"""The whole study."""
