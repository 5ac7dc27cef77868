"""Fitted cost-model parameters: what was fitted, on what, and which accelerators may use it.

A calibration never shares a file with datasheet facts. Its parameters are flat ``group.name`` numbers, whose
names, units and physical ranges are declared by the cost model.
"""

from __future__ import annotations

import datetime
import functools
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .errors import SpecError, did_you_mean
from .inheritance.lineage import lineage_distance
from .reading.explain import explain
from .reading.yaml_loader import read_yaml
from .schema import Accelerator

__all__ = [
    "Calibration",
    "CalibrationMatch",
    "FittedOn",
    "ResidualSummary",
    "find_calibration",
    "find_ceilings",
    "list_calibrations",
    "load_calibration",
    "shipped_calibrations",
]

_FOLDER = Path(__file__).parent / "calibrations"

#: Groups that say more of a system than of its accelerators: links and topology. Four architectures that were left out
#: are each predicted better by the defaults (20 to 48 % off) than by a relative's parameters (23 to 52 %).
_BOUND_TO_SYSTEM = frozenset({"collective"})


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
    scope: Literal["architecture", "generic", "ceilings"] = "architecture"
    """What the parameters are: of one architecture; one set fitted to all accelerators that were measured; or single
    parameters that published rates determine, to be taken with the rest of their group from elsewhere."""
    preferred: tuple[str, ...] = ()
    """Groups of a generic calibration that predict parts left out better than their nearest relatives do."""
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
    distance : int or None
        Steps of lineage between the two; 0 for the same architecture, -1 for the same accelerator, None for the
        generic calibration.
    related : bool
        Whether some architecture that was measured for the group shares a lineage with the accelerator.
    """

    calibration: Calibration
    basis: Literal["calibrated", "inherited"]
    distance: int | None
    related: bool = True


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


def find_calibration(
    accelerator: Accelerator, *, group: str | None = None, calibrations: Iterable[Calibration] | None = None
) -> CalibrationMatch | None:
    """Calibration of an accelerator: its own, else its architecture's, else the nearest by lineage or the generic one.

    The generic calibration, fitted to all parts at once, comes before relatives of other architectures for the groups
    that it prefers, and after them for the others. Ties go to the first name in the alphabet, so that the choice does
    not depend on the order of files.

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
        None where no calibration shares a lineage with the accelerator and none is generic.
    """
    pool = shipped_calibrations() if calibrations is None else calibrations
    candidates = [e for e in pool if e.scope != "ceilings" and (group is None or e.groups.get(group))]
    found = [match for entry in candidates if (match := _match(accelerator, entry, group)) is not None]
    related = any(match.distance is not None for match in found)
    best = min(found, key=lambda match: (_rank(match, group), match.calibration.name), default=None)
    return None if best is None else replace(best, related=related)


def find_ceilings(
    accelerator: Accelerator, *, group: str, calibrations: Iterable[Calibration] | None = None
) -> Calibration | None:
    """Parameters that published rates of an accelerator's architecture determine, or of the nearest by lineage.

    Published rates are the best that anybody reached in a short run; they stand in where no relative was measured,
    and give way to any that was.
    """
    pool = tuple(shipped_calibrations() if calibrations is None else calibrations)
    found = [
        (distance, entry.name, entry)
        for entry in pool
        if entry.scope == "ceilings" and entry.architecture is not None and entry.groups.get(group)
        if (distance := lineage_distance(accelerator.traits, entry.architecture)) is not None
    ]
    if not found:
        return None
    match = find_calibration(accelerator, group=group, calibrations=pool)
    return None if match is not None and match.related else min(found, key=lambda item: item[:2])[2]


def _rank(match: CalibrationMatch, group: str | None) -> float:
    if match.distance is not None:
        return match.distance
    return 0.5 if group in match.calibration.preferred else math.inf


def _match(accelerator: Accelerator, entry: Calibration, group: str | None) -> CalibrationMatch | None:
    if entry.scope == "generic":
        # Fitted to GPUs, whose blocks and launches resemble those of other accelerators, but nothing of a CPU.
        if accelerator.traits.engine == "cpu":
            return None
        return CalibrationMatch(calibration=entry, basis="inherited", distance=None)
    measured = entry.accelerators if group is None else entry.groups.get(group, ())
    if accelerator.name in measured and not accelerator.hypothetical:
        return CalibrationMatch(calibration=entry, basis="calibrated", distance=-1)
    distance = None if entry.architecture is None else lineage_distance(accelerator.traits, entry.architecture)
    if distance is None or (distance > 0 and group in _BOUND_TO_SYSTEM):
        return None
    return CalibrationMatch(calibration=entry, basis="inherited", distance=distance)


@functools.cache
def shipped_calibrations() -> tuple[Calibration, ...]:
    """Calibrations that ship with the package."""
    return tuple(load_calibration(name) for name in list_calibrations())


@functools.cache
def _load_file(path: Path) -> Calibration:
    try:
        return Calibration.model_validate(read_yaml(path))
    except ValidationError as error:
        raise explain(error, model=Calibration, where=path.name) from error
