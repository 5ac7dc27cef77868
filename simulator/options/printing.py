"""Options that say what is printed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simulator.results.options import PANEL
from simulator.views.report import FORMATS

__all__ = [
    "Cache",
    "Explained",
    "ListModels",
    "MustFit",
    "OutputFile",
    "OutputFormat",
    "Versus",
]


Versus = Annotated[
    list[str] | None,
    typer.Option(
        "--versus",
        help="Compare with the same run on another accelerator (its name), or with attention=naive, batch=4 and the "
        "like changed: speed-up and its interval. May be repeated.",
        rich_help_panel=PANEL,
    ),
]
Explained = Annotated[
    str | None,
    typer.Option(
        help="Show term by term how a kernel's time came about: part of its name, operator or module.",
        rich_help_panel=PANEL,
    ),
]
MustFit = Annotated[
    bool,
    typer.Option("--must-fit", help="Exit with status 1 where the memory does not hold it.", rich_help_panel=PANEL),
]
OutputFormat = Annotated[str, typer.Option("--format", help=f"One of {', '.join(FORMATS)}.", rich_help_panel=PANEL)]
OutputFile = Annotated[
    Path | None, typer.Option(help="Write to this file instead of the terminal.", rich_help_panel=PANEL)
]
ListModels = Annotated[bool, typer.Option("--list", help="List the workloads and stop.", rich_help_panel=PANEL)]
Cache = Annotated[bool, typer.Option(help="Keep traced graphs for the next run.", rich_help_panel=PANEL)]
