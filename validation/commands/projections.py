"""Command ``validate projection``: how well measured times carry over between devices that were both measured."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from hw_specs import CalibrationPool
from simulator.command_options import Format, Output, check_format
from simulator.results.files import command_line, require_page, write_page
from simulator.results.options import PageFile
from simulator.views.terminal import captured, emit

from .terminal import working

__all__ = ["projection_command"]


def projection_command(
    files: Annotated[list[Path], typer.Argument(help="CSV tables of measured operator calls of at least two devices.")],
    write: Annotated[bool, typer.Option("--write", help="Replace the factors that ship with the package.")] = False,
    report: PageFile = None,
    output_format: Format = "table",
    output: Output = None,
) -> None:
    """Project calls measured on one device to others that have them too: errors, and how often intervals hold."""
    from simulator.uncertainty.projections import PROJECTION_FACTORS
    from validation.errors.projected_runs import projected_runs
    from validation.errors.projections import projection_errors, render_errors
    from validation.fitting.intervals.projections import coverage_of, fit_projection_factors, render_coverage
    from validation.fitting.intervals.times import write_factors
    from validation.measured.tables import MeasurementError, read_tables

    check_format(output_format)
    require_page(report)
    pool = CalibrationPool.shipped()
    with working("reading tables") as say:
        tables = [table for file in files for table in read_tables(file)]
        say("projecting")
        errors, runs = projection_errors(tables, pool), projected_runs(tables, pool)
    if not runs:
        devices = ", ".join(sorted({table.accelerator.name for table in tables}))
        raise MeasurementError(f"no two devices with enough calls in common (40 of more than a launch): {devices}")
    coverage = coverage_of(runs)
    if write:
        try:
            write_factors(fit_projection_factors(runs), PROJECTION_FACTORS)
        except ValueError as error:
            raise MeasurementError(str(error)) from error
    if report is not None:
        from .error_pages import projection_page

        def render(console: Console) -> None:
            render_coverage(coverage, console)
            render_errors(errors, console)

        write_page(projection_page(coverage, render, command_line()), report)
    if output_format == "json":
        plain = {"coverage": [asdict(c) for c in coverage], "errors": [error.to_dict() for error in errors]}
        emit(json.dumps(plain, indent=2) + "\n", output)
    else:
        emit(
            captured(lambda console: render_coverage(coverage, console))
            + captured(lambda console: render_errors(errors, console)),
            output,
        )
