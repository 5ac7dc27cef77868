"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["Format", "Output", "check_format"]

Format = Annotated[str, typer.Option("--format", help="table or json.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file instead of the terminal.")]


def check_format(name: str) -> None:
    """Refuse a form of output that there is not."""
    if name not in ("table", "json"):
        raise typer.BadParameter(f"unknown format {name!r}; valid: table, json")
