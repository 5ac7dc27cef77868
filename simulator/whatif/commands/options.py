"""Options that several commands have: types of their parameters, with what ``--help`` says of each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simulator.cost import FIDELITIES
from simulator.cost.model import Fidelity

__all__ = ["FidelityName", "Format", "Output", "check_format", "fidelity_of"]

FidelityName = Annotated[str, typer.Option("--fidelity", help=f"One of {', '.join(FIDELITIES)}.")]
Format = Annotated[str, typer.Option("--format", help="table or json.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file instead of the terminal.")]


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
