"""Options that commands of several packages have, and how a value that there is not is refused."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Annotated

import typer

from hw_specs.terminal.meanings import unknown
from hw_specs.terminal.places import writable

from .cost.model import Fidelity

__all__ = ["Format", "Output", "check_choice", "check_format", "fidelity_of"]

Format = Annotated[str, typer.Option("--format", help="table or json.")]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", callback=writable(), help="Write to this file instead of the terminal."),
]


def check_choice(name: str, value: str, valid: Collection[str]) -> None:
    """Refuse a value of an option that is none of some."""
    if value not in valid:
        raise typer.BadParameter(unknown(name, value, valid))


def check_format(name: str) -> None:
    """Refuse a form of output that there is not."""
    check_choice("format", name, ("table", "json"))


def fidelity_of(name: str) -> Fidelity:
    """Fidelity of a name; refuses others."""
    known: dict[str, Fidelity] = {"roofline": "roofline", "calibrated": "calibrated"}
    check_choice("fidelity", name, known)
    return known[name]
