"""Options of commands that name files to write."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["PANEL", "PageFile", "ReportFile"]

#: Group of ``simulate --help``.
PANEL = "What is printed"

ReportFile = Annotated[
    Path | None,
    typer.Option(
        "--report",
        help="Also write a page (.html) that shows the result: roofline, breakdown, timeline, lengths, memory, energy, "
        "intervals, sources. One file that needs no network.",
        rich_help_panel=PANEL,
    ),
]
PageFile = Annotated[
    Path | None,
    typer.Option("--report", help="Also write a page (.html) that shows the result. One file that needs no network."),
]
