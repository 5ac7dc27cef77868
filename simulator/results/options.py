"""Options of commands that name files to write."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hw_specs.terminal.places import writable

__all__ = ["PANEL", "ChakraFile", "ChromeTraceFile", "PageFile", "PlotFiles", "ReportFile"]

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
PlotFiles = Annotated[
    list[str] | None,
    typer.Option(
        "--plot",
        help="Also draw a view to this file (.pdf, .png, .svg): roofline, breakdown, timeline, lengths or memory, as "
        "roofline.pdf or roofline=figures/3.pdf. May be repeated.",
        rich_help_panel=PANEL,
    ),
]
ChromeTraceFile = Annotated[
    Path | None,
    typer.Option(
        "--chrome-trace",
        callback=writable(".json", ".json.gz"),
        help="Also write the predicted timeline (.json) for Perfetto: the first run of each stage.",
        rich_help_panel=PANEL,
    ),
]
ChakraFile = Annotated[
    Path | None,
    typer.Option(
        "--chakra",
        callback=writable(".et"),
        help="Also write a Chakra execution trace (.et) with predicted times, for network simulators.",
        rich_help_panel=PANEL,
    ),
]
PageFile = Annotated[
    Path | None,
    typer.Option("--report", help="Also write a page (.html) that shows the result. One file that needs no network."),
]
