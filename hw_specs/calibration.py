"""Fitted cost-model parameters: what was fitted, on what, and which accelerators may use it.

A calibration never shares a file with datasheet facts. Its parameters are flat ``group.name`` numbers, whose
names, units and physical ranges are declared by the cost model.
"""

from __future__ import annotations

import datetime
import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .errors import SpecError, did_you_mean
from .explain import explain
from .schema import Accelerator
from .yaml_loader import read_yaml

__all__ = [
    "LINEAGE",
    "Calibration",
    "CalibrationMatch",
    "FittedOn",
    "ResidualSummary",
    "find_calibration",
    "lineage_distance",
    "list_calibrations",
    "load_calibration",
]

_FOLDER = Path(__file__).parent / "calibrations"

#: Architecture from which each one descends; distances are counted along these edges.
LINEAGE: Mapping[str, str] = {
    "volta": "pascal",  # CUDA cores with independent thread scheduling, first tensor cores
    "turing": "volta",  # same core generation with half the threads, GDDR6
    "ampere": "volta",  # HBM part: asynchronous copies to shared memory
    "ampere_ga10x": "ampere",
    "ada": "ampere_ga10x",  # same core, large L2
    "hopper": "ampere",  # warp-group matrix instructions, bulk copies
    "blackwell": "hopper",
    "blackwell_ultra": "blackwell",
    "blackwell_gb20x": "ada",  # consumer Blackwell keeps the core of Ada
    "cdna2": "cdna1",
    "cdna3": "cdna2",
    "cdna4": "cdna3",
    "rdna3": "rdna2",
    "rdna4": "rdna3",
}


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FittedOn(_Record):
    """One group of measurements that a calibration was fitted on."""

    source: str
    device: str
    op: str
    dtype: str
    group: str
    """Parameter group that the rows inform."""
    count: int
    """Rows that took part in the fit."""
    held_out: int = 0
    """Rows of other shapes that were kept out of it."""
    mape: float
    """Mean absolute relative error over the rows of the fit, as a fraction."""
    held_out_mape: float | None = None
    """The same over the rows that were kept out."""
    timing_floor: float = 0.0
    """Shortest time that this way of timing can show, whatever the kernel. [s]"""
    timing_offset: float = 0.0
    """What this way of timing adds to the time of the kernels. [s]"""


class ResidualSummary(_Record):
    """Distribution of ``log(measured / predicted)`` over one parameter group and range of predicted times."""

    group: str
    scope: Literal["held_out_shapes", "left_out_device"]
    """Unseen shapes of fitted devices, or devices that a refit did without."""
    regime: str
    """Range of predicted times: ``<20us``, ``20-50us``, ``50-500us``, ``>500us`` or ``all``."""
    count: int
    mape: float
    """Mean absolute relative error, as a fraction."""
    bias: float
    """Mean signed error of the prediction relative to the measurement, as a fraction."""
    quantiles: dict[str, float]
    """Quantiles of the signed log residual, keyed by level (``"0.05"`` ... ``"0.95"``)."""
    coverage: float | None = None
    """Share of rows between the quantiles 0.1 and 0.9 of others: the other half of the shapes, or other parts."""


class Calibration(_Record):
    """Fitted parameters of one architecture: ``group.name`` to value, in units declared by the cost model."""

    name: str
    architecture: str | None = None
    """Lineage key of the architecture that the parameters describe."""
    accelerators: tuple[str, ...] = ()
    """Names of the accelerators that were measured; these are ``calibrated``, all others ``inherited``."""
    groups: dict[str, tuple[str, ...]] = {}
    """Parameter group to the accelerators that were measured for it."""
    parameters: dict[str, float]
    fitted_on: tuple[FittedOn, ...] = ()
    residuals: tuple[ResidualSummary, ...] = ()
    date: datetime.date | None = None
    """Day of the fit."""
    sources: Annotated[tuple[str, ...], Field(min_length=1)]
    notes: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationMatch:
    """Calibration that an accelerator gets, and on which ground.

    Attributes
    ----------
    calibration : Calibration
    basis : {"calibrated", "inherited"}
        ``calibrated`` when this very accelerator was measured.
    distance : int
        Steps of lineage between the two; 0 for the same architecture, -1 for the same accelerator.
    """

    calibration: Calibration
    basis: Literal["calibrated", "inherited"]
    distance: int


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
            known = ", ".join(list_calibrations())
            raise SpecError(f"no calibration {name_or_path!r}; known are {known}{hint}")
        path = _FOLDER / f"{stem}.yaml"
    return _load_file(path)


def lineage_distance(first: str, second: str) -> int | None:
    """Number of lineage steps between two architectures, None where they share no ancestor."""
    steps_up = {name: steps for steps, name in enumerate(_ancestry(first))}
    for steps, name in enumerate(_ancestry(second)):
        if name in steps_up:
            return steps_up[name] + steps
    return None


def find_calibration(
    accelerator: Accelerator, *, group: str | None = None, calibrations: Iterable[Calibration] | None = None
) -> CalibrationMatch | None:
    """Calibration of an accelerator: its own, else its architecture's, else the nearest by lineage.

    Ties go to the first name in the alphabet, so that the choice does not depend on the order of files.

    Parameters
    ----------
    accelerator : Accelerator
        A hypothetical one is never ``calibrated``.
    group : str, optional
        Consider only calibrations that were fitted for this parameter group.
    calibrations : iterable of Calibration, optional
        Candidates; those that ship with the package by default.

    Returns
    -------
    CalibrationMatch | None
        None where no calibration shares a lineage with the accelerator.
    """
    pool = _shipped() if calibrations is None else calibrations
    candidates = [entry for entry in pool if group is None or entry.groups.get(group)]
    found = [match for entry in candidates if (match := _match(accelerator, entry, group)) is not None]
    return min(found, key=lambda match: (match.distance, match.calibration.name), default=None)


def _match(accelerator: Accelerator, entry: Calibration, group: str | None) -> CalibrationMatch | None:
    measured = entry.accelerators if group is None else entry.groups.get(group, ())
    if accelerator.name in measured and not accelerator.hypothetical:
        return CalibrationMatch(calibration=entry, basis="calibrated", distance=-1)
    distance = None if entry.architecture is None else lineage_distance(accelerator.architecture, entry.architecture)
    if distance is None:
        return None
    return CalibrationMatch(calibration=entry, basis="inherited", distance=distance)


def _ancestry(architecture: str) -> list[str]:
    line = [architecture]
    while line[-1] in LINEAGE:
        line.append(LINEAGE[line[-1]])
    return line


def _shipped() -> list[Calibration]:
    return [load_calibration(name) for name in list_calibrations()]


@functools.cache
def _load_file(path: Path) -> Calibration:
    try:
        return Calibration.model_validate(read_yaml(path))
    except ValidationError as error:
        raise explain(error, model=Calibration, where=path.name) from error
