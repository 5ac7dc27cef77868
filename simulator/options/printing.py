"""Options that say what is printed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hw_specs.terminal.places import writable
from simulator.profile.parts import KEYS
from simulator.results.options import PANEL
from simulator.views.parts import ROWS
from simulator.views.report import FORMATS

__all__ = [
    "By",
    "Cache",
    "Explained",
    "ListModels",
    "MustFit",
    "OutputFile",
    "OutputFormat",
    "Top",
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
By = Annotated[
    str | None,
    typer.Option(
        "--by",
        help=f"One table of the run, by {', '.join(KEYS[:-1])} or {KEYS[-1]}: time and its interval, share, launches, "
        "FLOPs, bytes, what bounds it.",
        rich_help_panel=PANEL,
    ),
]
Top = Annotated[
    int | None,
    typer.Option(
        "--top",
        min=1,
        help=f"Rows of the table of --by, {ROWS} unless given (all in JSON and CSV); of modules without --by.",
        rich_help_panel=PANEL,
    ),
]
MustFit = Annotated[
    bool,
    typer.Option("--must-fit", help="Exit with status 1 where the memory does not hold it.", rich_help_panel=PANEL),
]
OutputFormat = Annotated[str, typer.Option("--format", help=f"One of {', '.join(FORMATS)}.", rich_help_panel=PANEL)]
OutputFile = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        callback=writable(),
        help="Write to this file instead of the terminal.",
        rich_help_panel=PANEL,
    ),
]
ListModels = Annotated[bool, typer.Option("--list", help="List the workloads and stop.", rich_help_panel=PANEL)]
Cache = Annotated[bool, typer.Option(help="Keep traced graphs for the next run.", rich_help_panel=PANEL)]
