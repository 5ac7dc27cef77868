"""Studies that are made again: the models, the sweeps and the statements of each, one YAML file in ``studies/``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

import pydantic

from hw_specs import SpecError
from hw_specs.errors import ComplaintsError
from hw_specs.reading.explain import read_model
from hw_specs.terminal.meanings import unknown

from .statements import Statement

__all__ = [
    "ATTENTION",
    "STUDIES",
    "Attention",
    "LatentImages",
    "Study",
    "StudyError",
    "StudyModel",
    "Sweeps",
    "list_studies",
    "load_study",
]

STUDIES = Path(__file__).parent / "studies"

Attention = Literal["naive", "flash"]

ATTENTION: tuple[Attention, ...] = ("naive", "flash")
"""Baseline attention, whose scores go through memory, and fused attention, which studies compare."""

Text = Annotated[str, pydantic.Field(min_length=1)]
Count = pydantic.PositiveInt


class StudyError(ComplaintsError):
    """A study that cannot be read, or asks for what there is not."""


class _Record(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class StudyModel(_Record):
    """One model of a study.

    Attributes
    ----------
    name : str
        As the study calls it.
    workload : str
        Pipeline in :mod:`tracer.workloads`.
    settings : mapping of str to int
        Of the workload, where the study's differ from the pipeline's defaults.
    task : {"TTI", "TTV", "LLM"}
    architecture : {"diffusion", "transformer"}
    main_stage : str
        Stage that the model is known for: one step of the denoiser, one pass of the token transformer.
    stand_in : bool
        Whether the real model is not disclosed. Figures of a stand-in enter tables, never claims.
    """

    name: Text
    workload: Text
    settings: Mapping[str, Count] = pydantic.Field(default_factory=dict)
    task: Literal["TTI", "TTV", "LLM"]
    architecture: Literal["diffusion", "transformer"]
    main_stage: Text
    stand_in: bool = False


class LatentImages(_Record):
    """The model whose images are made larger and larger, and what the formula of its similarity matrices takes.

    Attributes
    ----------
    model : str
        Name in the study.
    downsampling : int
        Pixels of the image to one of the latent, by side.
    text_tokens : int
        Length of the encoded text.
    sites : tuple of int
        Self-attention (and as many cross-attention) sites of the U-Net at each level, the innermost last.
    """

    model: Text
    downsampling: Count
    text_tokens: Count
    sites: tuple[Count, ...]

    @property
    def depth(self) -> int:
        """Times that the U-Net halves the sides."""
        return len(self.sites) - 1


class Sweeps(_Record):
    """What a study varies.

    Attributes
    ----------
    length_sizes : tuple of int
        Sides of the images whose sequence lengths are counted and whose similarity matrices are summed. [pixel]
    image_sizes : tuple of int
        Sides of the images of the sweep over image size. [pixel]
    prompt_lengths : tuple of int
        Lengths of the language model's prompt by which its intensity is counted. [token]
    frames : tuple of int
        Frame counts of the sweep over frames.
    frame_scales : tuple of int
        Divisors of the video's side in the sweep over frames: 1 is the decoder at its own resolution.
    """

    length_sizes: tuple[Count, ...] = ()
    image_sizes: tuple[Count, ...] = ()
    prompt_lengths: tuple[Count, ...] = ()
    frames: tuple[Count, ...] = ()
    frame_scales: tuple[Count, ...] = ()


class Study(_Record):
    """A study: what it ran, what it varies, what it states.

    Attributes
    ----------
    title, introduction, caveats : str
        What the page says at its head; ``{accelerator}`` in the introduction is the accelerator's name.
    accelerator : str
        What the models run on, by its name in :mod:`hw_specs`.
    models : tuple of StudyModel
        In the order of the study.
    latent_images : LatentImages, optional
        For the sections that vary the size of an image.
    video : str, optional
        Name of the model for the sections on attention over time.
    sweeps : Sweeps
    sections : tuple of str
        Modules of :mod:`validation.study.sections`, in the order of the page.
    statements : tuple of Statement
    """

    title: Text
    introduction: Text
    caveats: str = ""
    accelerator: Text
    models: tuple[StudyModel, ...] = pydantic.Field(min_length=1)
    latent_images: LatentImages | None = None
    video: Text | None = None
    sweeps: Sweeps = Sweeps()
    sections: tuple[Text, ...] = pydantic.Field(min_length=1)
    statements: tuple[Statement, ...] = ()

    @pydantic.model_validator(mode="after")
    def _names_are_known_and_unique(self) -> Self:
        for what in ([model.name for model in self.models], list(self.sections), [s.id for s in self.statements]):
            twice = sorted({name for name in what if what.count(name) > 1})
            if twice:
                raise ValueError(f"{twice[0]} is there twice")
        for name in (self.video, self.latent_images.model if self.latent_images else None):
            if name is not None:
                self.model(name)
        for statement in self.statements:
            if statement.section not in self.sections:
                raise ValueError(f"statement {statement.id} is in section {statement.section!r}, which is not listed")
        return self

    def model(self, name: str) -> StudyModel:
        """Model of that name.

        Raises
        ------
        StudyError
            There is none.
        """
        found = next((model for model in self.models if model.name == name), None)
        if found is None:
            raise StudyError(f"no model {name!r}; valid: {', '.join(model.name for model in self.models)}")
        return found


def list_studies() -> tuple[str, ...]:
    """Names of the studies that ship, sorted."""
    return tuple(sorted(path.stem for path in STUDIES.glob("*.yaml")))


def load_study(name_or_path: str | Path) -> Study:
    """Study of that name, or of a YAML file.

    Raises
    ------
    StudyError
        There is no such study, or the file is not what it must be.
    """
    path = Path(name_or_path)
    if path.suffix not in (".yaml", ".yml"):
        if name_or_path not in list_studies():
            raise StudyError(f"{unknown('study', str(name_or_path), list_studies())}, or a YAML file")
        path = STUDIES / f"{name_or_path}.yaml"
    try:
        return read_model(path, Study)
    except SpecError as error:
        raise StudyError(str(error), error.complaints) from error
