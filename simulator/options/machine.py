"""Options that say where a workload runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simulator.hosts.catalogue import DEFAULT_HOST, list_hosts

__all__ = [
    "PANEL",
    "CalibrationFile",
    "Changes",
    "Hardware",
    "HostName",
    "Strict",
]

#: Group of ``simulate --help``.
PANEL = "Where it runs"

Hardware = Annotated[
    str | None,
    typer.Option("--hw", help="Accelerator: a name (see `hwspec list`) or a YAML file.", rich_help_panel=PANEL),
]
HostName = Annotated[
    str | None,
    typer.Option(
        "--host",
        help=f"Host that drives the accelerator: one of {', '.join(list_hosts())}, or a YAML file; "
        f"{DEFAULT_HOST} unless one was probed.",
        rich_help_panel=PANEL,
    ),
]
Changes = Annotated[
    list[str] | None,
    typer.Option(
        "--set", help="Change the accelerator: memory.dram.bandwidth=2x. May be repeated.", rich_help_panel=PANEL
    ),
]
Strict = Annotated[
    bool,
    typer.Option(
        "--strict",
        help="Refuse an accelerator with a number a thousand times beyond those of any known part, instead of a "
        "warning.",
        rich_help_panel=PANEL,
    ),
]
CalibrationFile = Annotated[
    Path | None,
    typer.Option(
        help="Calibration of a probed machine; by default the one beside its specification.", rich_help_panel=PANEL
    ),
]
