"""Command ``whatif search``: designs of a study that no other is better than."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from hw_specs.listing.known_parts import slip_warnings
from simulator.command_options import Format, check_format
from simulator.results.files import command_line, require_page, write_page
from simulator.results.options import PageFile
from simulator.views.terminal import captured, emit, remark

from .sweep import StudyFile, progress_bar

__all__ = ["search_command"]

Folder = Annotated[Path, typer.Option("--output", "-o", help="Folder for a file of each design, a table and a plot.")]


def search_command(study: StudyFile, output: Folder, report: PageFile = None, output_format: Format = "table") -> None:
    """Search the designs of a study for those that no other is better than in all objectives."""
    from simulator.whatif.search.files import front_rows, write_front
    from simulator.whatif.search.presentation import print_front
    from simulator.whatif.search.search import search
    from simulator.whatif.study.study import load_study

    check_format(output_format)
    require_page(report)
    asked = load_study(study, searched=True)
    remark(slip_warnings(base.accelerator for base in asked.bases.values()))
    with progress_bar(f"{asked.file.title}, generations") as progress:
        front = search(asked, progress=progress)
    write_front(front, output)
    if report is not None:
        from simulator.whatif.search.page import front_page

        write_page(front_page(front, output, command_line()), report)
    if output_format == "json":
        emit(json.dumps(front_rows(front), indent=2, allow_nan=False) + "\n", None)
    else:
        emit(captured(lambda console: print_front(front, output, console), width=140), None)
