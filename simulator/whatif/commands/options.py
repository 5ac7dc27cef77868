"""Options that several commands have: types of their parameters, with what ``--help`` says of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from hw_specs import Accelerator, CalibrationPool, apply_overrides, load_accelerator
from simulator.calibrations import calibration_pool
from simulator.cost import FIDELITIES
from simulator.cost.model import Fidelity
from simulator.unread import remarks_on

__all__ = [
    "ChosenPart",
    "FidelityName",
    "Format",
    "Output",
    "Plot",
    "check_format",
    "chosen_part",
    "fidelity_of",
    "given",
    "unread_of",
]

FidelityName = Annotated[str, typer.Option("--fidelity", help=f"One of {', '.join(FIDELITIES)}.")]
Format = Annotated[str, typer.Option("--format", help="table or json.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file instead of the terminal.")]
Plot = Annotated[Path | None, typer.Option(help="Also draw a picture to this file: .png, .pdf or .svg.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenPart:
    """A model and the one accelerator that it runs on, with what is to be said of the changes of the latter."""

    model: str
    accelerator: Accelerator
    calibrations: CalibrationPool
    remarks: tuple[str, ...]


def chosen_part(model: str | None, hw: str | None, changes: Sequence[str]) -> ChosenPart:
    """Model and accelerator of a command line, both of which must be there."""
    if model is None or hw is None:
        raise typer.BadParameter("give --model NAME and --hw NAME")
    part = load_accelerator(hw)
    pool = calibration_pool(hw, part)
    remarks = remarks_on(hw, part, changes, pool)
    return ChosenPart(model=model, accelerator=apply_overrides(part, changes), calibrations=pool, remarks=remarks)


def unread_of(hw: str, changes: Sequence[str]) -> tuple[str, ...]:
    """What is to be said of values of an accelerator that change nothing."""
    part = load_accelerator(hw)
    return remarks_on(hw, part, changes, calibration_pool(hw, part))


def given(settings: Mapping[str, object]) -> dict[str, object]:
    """Settings that have a value."""
    return {name: value for name, value in settings.items() if value is not None}


def check_format(name: str) -> None:
    """Refuse a form of output that there is not."""
    if name not in ("table", "json"):
        raise typer.BadParameter(f"unknown format {name!r}; valid: table, json")


def fidelity_of(name: str) -> Fidelity:
    """Fidelity of a name; refuses others."""
    known: dict[str, Fidelity] = {"roofline": "roofline", "calibrated": "calibrated"}
    if name not in known:
        raise typer.BadParameter(f"unknown fidelity {name!r}; valid: {', '.join(known)}")
    return known[name]
