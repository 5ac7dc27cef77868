"""Options that several commands have: types of their parameters, with what ``--help`` says of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from hw_specs import Accelerator, CalibrationPool, apply_overrides, load_accelerator
from simulator.calibrations import calibration_pool
from simulator.options import RunOptions
from simulator.unread import remarks_on
from simulator.whatif.setups import AXES

__all__ = [
    "ChosenPart",
    "Plot",
    "chosen_part",
    "settings_of",
    "unread_of",
]

Plot = Annotated[Path | None, typer.Option(help="Also draw a picture to this file: .png, .pdf or .svg.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenPart:
    """A model and the one accelerator that it runs on, with what is to be said of the changes of the latter."""

    model: str
    accelerator: Accelerator
    calibrations: CalibrationPool
    remarks: tuple[str, ...]

    @property
    def origin(self) -> tuple[Accelerator, CalibrationPool]:
        """What its predictions rest on."""
        return self.accelerator, self.calibrations


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
    said = remarks_on(hw, part, changes, calibration_pool(hw, part))
    return tuple(line.replace("warning: ", f"warning: {part.name}: ", 1) for line in said)


def settings_of(given: RunOptions) -> dict[str, object]:
    """Those of :data:`~simulator.whatif.setups.AXES` among a command's options that were given."""
    values = {name: getattr(given, name, None) for name in AXES}
    return {name: value for name, value in values.items() if value is not None and value is not False}
