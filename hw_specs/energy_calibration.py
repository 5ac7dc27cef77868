"""Fitted energies: what was fitted, on which measurements, and how far the predictions were off.

Kept apart from datasheet facts, as the calibrations of time are. Parameters are SI numbers of the part that was
measured; :mod:`simulator.cost.hardware.power` carries them over to others.
"""

from __future__ import annotations

import datetime
import functools
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from .errors import SpecError
from .reading.record import read_record
from .terminal.meanings import did_you_mean

__all__ = [
    "EnergyCalibration",
    "EnergyFittedOn",
    "EnergyParameters",
    "EnergyResidual",
    "list_energy_calibrations",
    "load_energy_calibration",
]

_FOLDER = Path(__file__).parent / "energy_calibrations"

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Record(BaseModel):
    # What checks a record is made when the first one is read: most programs read few kinds.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class EnergyParameters(_Record):
    """Power and energies of one part at its boost clock."""

    idle: Positive
    """Board that holds a context and waits. [W]"""
    active: NotNegative
    """What a running kernel adds, whatever it does: clocks, instruction issue, leakage of cores in use. [W]"""
    matrix: NotNegative
    """One 16-bit floating-point operation on matrix units, operands from shared memory included. [J/FLOP]"""
    vector: NotNegative
    """One fp32 operation on vector units, its share of the instruction included. [J/FLOP]"""
    special: NotNegative
    """One result of the special function units. [J]"""
    score: NotNegative
    """What a fused attention kernel adds for each score, beyond products and the exponential. [J]"""
    dram: NotNegative
    """One byte to or from DRAM. [J/B]"""
    cache: NotNegative
    """One byte through the cache that all cores share. [J/B]"""
    limit: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of the board's limit at which the clock is held. [1]"""


class EnergyFittedOn(_Record):
    """One group of measurements that took part in the fit."""

    source: str
    device: str
    what: str
    """Operators and dtype, or pipelines."""
    count: int
    held_out: int = 0
    mape: float
    """Mean absolute relative error of the energy in the fit, as a fraction."""
    held_out_mape: float | None = None
    """The same where the fit did not see the measurement: other shapes, or each pipeline left out in turn."""


class EnergyResidual(_Record):
    """Distribution of ``log(measured / predicted)`` of energies that no fit saw, the time being as measured."""

    scope: Literal["held_out", "left_out_device", "other_architecture"]
    """Unseen shapes or pipelines of the part; the part itself, predicted from the others; parts further away."""
    count: int
    mape: float
    bias: float
    """Mean signed error of the prediction relative to the measurement."""
    quantiles: dict[str, float]
    """Keyed by level: ``"0.1"``, ``"0.5"``, ``"0.9"``."""


class EnergyCalibration(_Record):
    """Energies of one part, fitted to measurements."""

    format: Literal[1] = 1
    """Version of the file; files without one are of this version."""
    name: str
    accelerator: str
    """Part that was measured, by its name among the accelerators."""
    parameters: EnergyParameters
    fitted: tuple[str, ...]
    """Parameters that the fit changed; all others are published figures."""
    fitted_on: tuple[EnergyFittedOn, ...]
    residuals: tuple[EnergyResidual, ...] = ()
    date: datetime.date | None = None
    sources: Annotated[tuple[str, ...], Field(min_length=1)]
    notes: str | None = None


@functools.cache
def list_energy_calibrations() -> tuple[str, ...]:
    """Names of the energy calibrations that the package ships, sorted."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.yaml")))


def load_energy_calibration(name_or_path: str) -> EnergyCalibration:
    """Energy calibration of a name or a YAML file.

    Raises
    ------
    SpecError
        If there is none, or the file is refused.
    """
    path = Path(name_or_path)
    if not path.is_file():
        stem = name_or_path.removesuffix(".yaml")
        if stem not in list_energy_calibrations():
            hint = did_you_mean(stem, list_energy_calibrations())
            known = ", ".join(list_energy_calibrations())
            raise SpecError(f"no energy calibration {name_or_path!r}; known are {known}{hint}")
        path = _FOLDER / f"{stem}.yaml"
    return _load_file(path)


@functools.cache
def _load_file(path: Path) -> EnergyCalibration:
    return read_record(path, EnergyCalibration)
