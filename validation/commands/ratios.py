"""Command ``validate ratios``: what a change of one thing brings, predicted against measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from hw_specs import CalibrationPool
from simulator.command_options import Format, Output, check_format
from simulator.results.files import command_line, require_page, write_page
from simulator.results.options import PageFile
from simulator.views.terminal import emit, remark

from .terminal import progress

__all__ = ["ratios_command"]


def ratios_command(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="CSV tables of published runs or of operator calls; the cases that ship by default."),
    ] = None,
    grade: Annotated[str, typer.Option(help="Grades of published runs to take: A, or AB with an assumption.")] = "AB",
    worst: Annotated[int, typer.Option(min=0, help="Also list so many of the worst pairs of each change.")] = 0,
    report: PageFile = None,
    output_format: Format = "table",
    output: Output = None,
) -> None:
    """Compare pairs of runs that differ in one thing alone, and print the error of their ratio by kind of change."""
    from validation.ratios.presentation import left_out_lines, ratio_text, to_list
    from validation.ratios.tables import ratios_of_tables

    check_format(output_format)
    require_page(report)
    with progress(None) as advance:
        found = ratios_of_tables(files or (), grade, CalibrationPool.shipped(), progress=advance)
    if report is not None and found.ratios:
        from .error_pages import ratios_page

        write_page(ratios_page(found, command_line()), report)
    if output_format == "json":
        remark(left_out_lines(found))
        emit(json.dumps(to_list(found.ratios), indent=2) + "\n", output)
    else:
        emit(ratio_text(found, worst), output)
