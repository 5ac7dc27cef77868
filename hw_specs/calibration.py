"""Fitted efficiencies of an accelerator or an architecture, and what they were fitted on."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .errors import SpecError, did_you_mean
from .explain import explain
from .schema import Accelerator
from .yaml_loader import read_yaml

__all__ = [
    "Calibration",
    "FittedOn",
    "ResidualSummary",
    "find_calibration",
    "list_calibrations",
    "load_calibration",
]

_FOLDER = Path(__file__).parent / "calibrations"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FittedOn(_Record):
    """Measurements that parameters were fitted on."""

    source: str
    device: str
    op: str | None = None
    dtype: str | None = None
    count: int
    """Number of measurements."""


class ResidualSummary(_Record):
    """How well a fit reproduces measurements."""

    family: str
    dtype: str | None = None
    held_out: bool
    """Whether the measurements took no part in the fit."""
    count: int
    mape: float
    """Mean absolute percentage error, as a fraction."""
    bias: float
    """Mean signed error relative to the measurement, as a fraction."""


class Calibration(_Record):
    """Fitted numbers by flat name (``"matmul.pipeline_fill"``); never facts of a datasheet."""

    name: str
    architecture: str | None = None
    accelerators: tuple[str, ...] = ()
    parameters: dict[str, float]
    fitted_on: tuple[FittedOn, ...] = ()
    residuals: tuple[ResidualSummary, ...] = ()
    sources: Annotated[tuple[str, ...], Field(min_length=1)]
    notes: str | None = None


@functools.cache
def list_calibrations() -> tuple[str, ...]:
    """Names of the calibrations that the package ships, sorted."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.yaml")))


def load_calibration(name_or_path: str) -> Calibration:
    """Calibration of a name or a YAML file.

    Raises
    ------
    SpecError
        If there is none, or the file is refused.
    """
    path = Path(name_or_path)
    if not path.is_file():
        stem = name_or_path.removesuffix(".yaml")
        if stem not in list_calibrations():
            hint = did_you_mean(stem, list_calibrations())
            raise SpecError(
                f"no calibration {name_or_path!r}; known are {', '.join(list_calibrations())}{hint}"
            )
        path = _FOLDER / f"{stem}.yaml"
    return _load_file(path)


def find_calibration(accelerator: Accelerator) -> Calibration | None:
    """Calibration for an accelerator: one that names it, else one of its architecture, else None."""
    shipped = [load_calibration(name) for name in list_calibrations()]
    named = [entry for entry in shipped if accelerator.name in entry.accelerators]
    related = [entry for entry in shipped if entry.architecture == accelerator.architecture]
    return next(iter(named + related), None)


@functools.cache
def _load_file(path: Path) -> Calibration:
    try:
        return Calibration.model_validate(read_yaml(path))
    except ValidationError as error:
        raise explain(error, model=Calibration, where=path.name) from error
