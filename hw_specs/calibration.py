"""Fitted cost-model parameters: what was fitted, on what, and the evidence for it.

A calibration never shares a file with datasheet facts. Its parameters are flat ``group.name`` numbers, whose
names, units and physical ranges are declared by the cost model. The file of a calibration is short enough to be
reviewed; what each row of measurements says for or against it lies beside it, in ``<name>.evidence.yaml``.
"""

from __future__ import annotations

import datetime
import functools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .errors import SpecError
from .reading.explain import explain
from .reading.yaml_loader import read_yaml
from .terminal.meanings import did_you_mean

__all__ = [
    "Calibration",
    "Evidence",
    "FittedOn",
    "ResidualSummary",
    "Scope",
    "calibrations_in",
    "described",
    "evidence_path",
    "list_calibrations",
    "load_calibration",
    "load_evidence",
]

_FOLDER = Path(__file__).parent / "calibrations"

#: Version of both files. Version 1 had no number and was one file.
_FORMAT = 2
_EVIDENCE = ".evidence"


Scope = Literal["architecture", "generic", "ceilings", "observations"]


class _Record(BaseModel):
    # What checks a record is made when the first one is read: most programs read few kinds.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


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


class Evidence(_Record):
    """What a calibration was fitted on, call by call, and how far off it is on what the fit did not see."""

    format: Literal[2] = 2
    name: str
    """Of the calibration."""
    fitted_on: tuple[FittedOn, ...] = ()
    residuals: tuple[ResidualSummary, ...] = ()


class Calibration(_Record):
    """Fitted parameters of one architecture: ``group.name`` to value, in units declared by the cost model."""

    format: Literal[2] = 2
    name: str
    architecture: str | None = None
    """Lineage key of the architecture that the parameters describe."""
    scope: Scope = "architecture"
    """What the parameters are: of one architecture; one set fitted to all accelerators that were measured; single
    parameters that published rates determine, to be taken with the rest of their group from elsewhere; or single
    parameters that were read off traces of one accelerator, which take the place of defaults everywhere."""
    date: datetime.date | None = None
    """Day of the fit."""
    sources: Annotated[tuple[str, ...], Field(min_length=1)]
    notes: str | None = None
    accelerators: tuple[str, ...] = ()
    """Names of the accelerators that were measured; these are ``calibrated``, all others ``inherited``."""
    fitted_on: tuple[str, ...] = ()
    """Measurements by device and source, in words (:func:`described`)."""
    groups: dict[str, tuple[str, ...]] = {}
    """Parameter group to the accelerators that were measured for it."""
    preferred: tuple[str, ...] = ()
    """Groups of a generic calibration that predict parts left out better than their nearest relatives do."""
    parameters: dict[str, Annotated[float, Field(strict=True, allow_inf_nan=False)]]
    """Those that rows determined."""
    at_bound: tuple[str, ...] = ()
    """Parameters at an end of their physical range: the rows ask for more than the mechanism allows."""
    held: tuple[str, ...] = ()
    """Parameters of the same groups that the rows do not determine; they keep their defaults."""

    def of_group(self, group: str) -> dict[str, float]:
        """Parameters of one group, by ``group.name``."""
        return {name: value for name, value in self.parameters.items() if name.partition(".")[0] == group}


def described(fitted_on: Iterable[FittedOn]) -> tuple[str, ...]:
    """Measurements of a fit in words, one line for each device and source."""
    rows: dict[tuple[str, str], int] = {}
    calls: dict[tuple[str, str], list[str]] = {}
    for record in fitted_on:
        key = (record.device, record.source)
        rows[key] = rows.get(key, 0) + record.count
        calls.setdefault(key, []).extend(op.removeprefix("aten::") for op in record.op.split(", "))
    return tuple(
        f"{device}: {rows[device, source]} rows of {', '.join(sorted(set(names)))} ({source})"
        for (device, source), names in calls.items()
    )


@functools.cache
def list_calibrations() -> tuple[str, ...]:
    """Names of the calibrations that the package ships, sorted."""
    return calibrations_in(_FOLDER)


def calibrations_in(folder: Path) -> tuple[str, ...]:
    """Names of the calibrations in a folder, sorted."""
    return tuple(sorted(path.stem for path in folder.glob("*.yaml") if not path.stem.endswith(_EVIDENCE)))


def load_calibration(name_or_path: str | Path) -> Calibration:
    """Calibration of a name or a YAML file.

    Raises
    ------
    SpecError
        If there is none, or the file is refused.
    """
    return _load_file(_path_of(name_or_path))


def load_evidence(name_or_path: str | Path) -> Evidence:
    """Evidence beside a calibration of a name or a YAML file; none at all where there is no such file.

    Raises
    ------
    SpecError
        If there is no such calibration, or a file is refused.
    """
    return _load_evidence(_path_of(name_or_path))


def evidence_path(path: Path) -> Path:
    """File of the evidence for the calibration in a file: ``ampere.evidence.yaml`` beside ``ampere.yaml``."""
    return path.with_name(f"{path.stem}{_EVIDENCE}{path.suffix}")


def _path_of(name_or_path: str | Path) -> Path:
    path = Path(name_or_path)
    if path.is_file():
        return path
    stem = str(name_or_path).removesuffix(".yaml")
    if stem not in list_calibrations():
        hint = did_you_mean(stem, list_calibrations())
        known = ", ".join(list_calibrations())
        raise SpecError(f"no calibration {str(name_or_path)!r}; known are {known}{hint}")
    return _FOLDER / f"{stem}.yaml"


@functools.cache
def _load_file(path: Path) -> Calibration:
    tree = _tree(path)
    if "format" not in tree:
        evidence = _inside(tree, path)
        tree = {**{k: v for k, v in tree.items() if k != "residuals"}, "fitted_on": described(evidence.fitted_on)}
    try:
        return Calibration.model_validate(tree)
    except ValidationError as error:
        raise explain(error, model=Calibration, where=str(path)) from error


@functools.cache
def _load_evidence(path: Path) -> Evidence:
    tree = _tree(path)
    if "format" not in tree:
        return _inside(tree, path)
    beside = evidence_path(path)
    if not beside.is_file():
        return Evidence(name=str(tree.get("name", path.stem)))
    return _validated(_tree(beside), beside)


def _tree(path: Path) -> dict[str, Any]:
    """Content of a file, refused where a later version wrote it."""
    tree = read_yaml(path)
    written = tree.get("format", _FORMAT)
    if written != _FORMAT:
        raise SpecError(
            f"{path}: format {written!r} is not known here; this version reads {_FORMAT}, and files without one"
        )
    return tree


def _inside(tree: Mapping[str, Any], path: Path) -> Evidence:
    """Evidence in a file of before there were two."""
    parts = {key: tree[key] for key in ("fitted_on", "residuals") if key in tree}
    return _validated({"name": str(tree.get("name", path.stem)), **parts}, path)


def _validated(tree: Mapping[str, Any], path: Path) -> Evidence:
    try:
        return Evidence.model_validate(dict(tree))
    except ValidationError as error:
        raise explain(error, model=Evidence, where=str(path)) from error
