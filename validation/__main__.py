"""Command line: ``validate published`` and its siblings, one for each kind of measurement."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hw_specs import CalibrationPool, SpecError, load_accelerator
from simulator.cost import ParameterError, UnsupportedFormatError
from simulator.execution import Execution, ExecutionError
from simulator.views.output import OutputError
from tracer.command_line import VersionOption, run_command_line
from tracer.graph import GraphError
from tracer.progress_bar import reading
from tracer.storage.library import MissingTracerError
from tracer.trace import TraceFormatError
from tracer.workloads import UnknownWorkloadError
from validation.errors.trace_plots import PlotError
from validation.machine.commands import campaign_command, check_command, probe_command
from validation.measured.tables import MeasurementError
from validation.published.case import Case, CaseError, load_cases

from .terminal import captured, emit, progress

if TYPE_CHECKING:
    from hw_specs import Calibration, FittedCalibration

__all__ = ["app", "main"]

USER_ERRORS = (
    CaseError,
    ExecutionError,
    GraphError,
    MeasurementError,
    MissingTracerError,
    OutputError,
    ParameterError,
    PlotError,
    SpecError,
    TraceFormatError,
    UnknownWorkloadError,
    UnsupportedFormatError,
)

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="Predictions against measurements, and what they may be trusted for.",
)


Format = Annotated[str, typer.Option("--format", help="table or json.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file instead of the terminal.")]


@app.callback()
def group(version: VersionOption = False) -> None:
    """Predictions against measurements, and what they may be trusted for."""


@app.command("published")
def published_command(
    files: Annotated[list[Path] | None, typer.Argument(help="CSV tables; the cases that ship by default.")] = None,
    grade: Annotated[str, typer.Option(help="Grades to take: A, or AB for those with an assumption too.")] = "A",
    output_format: Format = "table",
    output: Output = None,
) -> None:
    """Predict published end-to-end figures, and print the error by model, device and execution."""
    from validation.published.errors import predict_cases, summarise, to_dict
    from validation.published.presentation import published_text

    _check_format(output_format)
    wanted, unmapped = _published_cases(files, grade)
    with progress(len(wanted)) as advance:
        results, failed = predict_cases(wanted, CalibrationPool.shipped(), progress=advance)
    unmapped.update(f"cannot be predicted: {case.reason}" for case in failed)
    summaries = {
        "all": summarise(results, lambda r: "all"),
        "model": summarise(results, lambda r: r.model),
        "device": summarise(results, lambda r: r.device),
        "execution": summarise(results, lambda r: r.execution),
        "dtype": summarise(results, lambda r: r.dtype),
        "basis": summarise(results, lambda r: r.basis),
    }
    if output_format == "json":
        emit(json.dumps(to_dict(results, unmapped, summaries), indent=2) + "\n", output)
    else:
        emit(published_text(results, unmapped, summaries), output)


@app.command("kernels")
def kernels_command(
    files: Annotated[list[Path], typer.Argument(help="CSV tables of measured operator calls.")],
    leave_out: Annotated[str | None, typer.Option(help="Refit without this device, and report on it alone.")] = None,
    hw: Annotated[
        str | None, typer.Option("--hw", help="What all rows ran on; by default what they name as their device.")
    ] = None,
    output_format: Format = "table",
    output: Output = None,
) -> None:
    """Predict every measured operator call, and print the error by device, operator and dtype."""
    from simulator.calibrations import calibration_pool
    from validation.errors.kernel_presentation import kernel_error_table, skipped_lines
    from validation.errors.kernels import kernel_errors

    _check_format(output_format)
    part = load_accelerator(hw) if hw else None
    pool = calibration_pool(hw, part) if hw and part else CalibrationPool.shipped()
    errors = kernel_errors(files, leave_out=leave_out, calibrations=pool, accelerator=part)
    if output_format == "json":
        _remark(skipped_lines(errors.skipped))
        emit(json.dumps(errors.to_list(), indent=2) + "\n", output)
    else:
        emit(kernel_error_table(errors), output)


@app.command("calibrate")
def calibrate_command(
    files: Annotated[list[Path] | None, typer.Argument(help="CSV tables of measured operator calls.")] = None,
    accelerator: Annotated[str | None, typer.Option(help="Fit for this accelerator's architecture alone.")] = None,
    ceilings: Annotated[
        Path | None, typer.Option(help="CSV table of published best rates, for parts without a measured relative.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Where to write; the package's own calibrations by default.")
    ] = None,
) -> None:
    """Fit the parameters of each architecture to measured operator calls, and write its calibration.

    Files of several architectures are also fitted jointly, for parts without a measured relative; each architecture
    is then left out once, to see for which kernels the joint parameters serve an unknown part better than a relative's.
    """
    from validation.errors.kernel_presentation import skipped_lines
    from validation.fitting.calibrate import calibrate
    from validation.fitting.calibration_file import write_calibration
    from validation.fitting.generic import generic_calibration
    from validation.measured.tables import read_tables

    if folder is not None and not folder.is_dir():
        raise CaseError(f"{folder}: no such folder")
    if not files and ceilings is None:
        raise CaseError("nothing to fit: give tables of measured calls, or --ceilings")
    measured = [m for path in files or () for m in read_tables(path)]
    fitted = calibrate(measured, accelerator=accelerator) if files else ()
    if accelerator is None and len(fitted) > 1:
        fitted = (*fitted, generic_calibration(measured, fitted))
    fitted = (*fitted, *_from_ceilings(ceilings, fitted))
    _remark(skipped_lines(sum((m.skipped for m in measured), Counter())))
    for entry in fitted:
        path = write_calibration(entry, folder) if folder else write_calibration(entry)
        rows = sum(record.count for record in entry.evidence.fitted_on)
        print(f"{path}: {len(entry.calibration.parameters)} parameters from {rows} {_measured_what(entry.calibration)}")


def _measured_what(calibration: Calibration) -> str:
    return "published rates" if calibration.scope == "ceilings" else "rows"


def _from_ceilings(path: Path | None, fitted: Sequence[FittedCalibration]) -> tuple[FittedCalibration, ...]:
    """Calibrations from published best rates, beside those just fitted and those that ship."""
    from validation.fitting.ceiling_calibration import ceiling_calibrations
    from validation.fitting.ceilings import EAGER_SHARES, read_ceilings

    if path is None:
        return ()
    found, skipped = read_ceilings(path)
    print(f"{path}: {len(found)} best rates of products and launch intervals")
    for reason, count in skipped.most_common():
        print(f"  {count} rows not used: {reason}")
    others = CalibrationPool.shipped().without({entry.name for entry in fitted})
    return ceiling_calibrations(found, EAGER_SHARES, CalibrationPool((*fitted, *others.members)))


@app.command("trace")
def trace_command(
    file: Annotated[Path, typer.Argument(help="Trace of any known format, plain or gzip.")],
    hw: Annotated[
        str | None, typer.Option("--hw", help="Accelerator to predict for; the one that the trace names by default.")
    ] = None,
    attention: Annotated[str, typer.Option(help="Fused attention where the trace does not name it.")] = "flash",
    graph: Annotated[
        str | None,
        typer.Option(help="Also hold the operators against a graph file of `trace graph`, or those of a workload."),
    ] = None,
    calibration: Annotated[
        Path | None,
        typer.Option(help="Calibration of a probed machine; by default the one beside its specification."),
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Write a scatter and a bar plot to this file.")] = None,
    output_format: Format = "table",
    output: Output = None,
) -> None:
    """Line measured kernels of a trace up with predicted ones, and print the error by category and operator."""
    from simulator.calibrations import calibration_pool
    from tracer.formats import read_trace
    from validation.errors.graph_difference import against_graph, graph_to_compare
    from validation.errors.trace_presentation import render, render_difference
    from validation.errors.traces import compare

    _check_format(output_format)
    execution = Execution(attention=attention)
    accelerator = load_accelerator(hw) if hw else None
    pool = calibration_pool(hw, accelerator, calibration) if hw and accelerator else CalibrationPool.shipped()
    with reading(file) as advance:
        trace = read_trace(file, progress=advance)
    comparison = compare(trace, accelerator, execution, calibrations=pool)
    difference = against_graph(trace, graph_to_compare(graph, trace)) if graph else None
    if plot is not None:
        from validation.errors.trace_plots import plot as draw

        draw(comparison, plot)
    if output_format == "json":
        plain = comparison.to_dict() | ({"graph": difference.to_dict()} if difference else {})
        emit(json.dumps(plain, indent=2) + "\n", output)
        return
    text = captured(lambda console: render(comparison, console))
    emit(text + (captured(lambda console: render_difference(difference, console)) if difference else ""), output)


@app.command("study")
def study_command(
    name: Annotated[str, typer.Argument(help="A study that ships, such as golden2023, or its YAML file.")],
    folder: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder for tables (CSV), figures and the page (HTML).")
    ] = None,
    output_format: Format = "table",
) -> None:
    """Regenerate every table and figure of a study, and hold its claims against our numbers.

    Exit status 1 if a claim that is marked as reproduced no longer holds.
    """
    from validation.study import StudyError, load_study, run_study
    from validation.study.presentation.claims import claims_text

    _check_format(output_format)
    try:
        study = load_study(name)
        with progress(None) as advance:
            result = run_study(study, folder, progress=advance)
    except StudyError as error:
        raise CaseError(str(error)) from error
    if output_format == "json":
        sys.stdout.write(json.dumps(result.claims, indent=2) + "\n")
    else:
        sys.stdout.write(claims_text(result.claims))
    _remark([f"no longer reproduced: {claim.id}: {claim.claim}" for claim in result.broken])
    raise typer.Exit(result.exit_status)


@app.command("accuracy")
def accuracy_command(
    folder: Annotated[Path, typer.Argument(help="Folder of measurements: kernels/*.csv.gz, traces/*.csv.gz.")],
    output: Output = None,
) -> None:
    """Write the accuracy page: every error table, with the datasheet roofline beside it."""
    from validation.errors.accuracy import accuracy_page

    with progress(None) as advance:
        text = accuracy_page(folder, CalibrationPool.shipped(), progress=advance)
    emit(text, output)


app.command("probe")(probe_command)
app.command("check")(check_command)
app.command("campaign")(campaign_command)


@app.command("energy")
def energy_command(
    paths: Annotated[list[Path], typer.Argument(help="Folders or tables of measured power and energy.")],
    write: Annotated[bool, typer.Option("--write", help="Replace the energy calibrations of the package.")] = False,
    output_format: Format = "table",
    output: Output = None,
) -> None:
    """Fit energies to measured power, and print the errors on what each fit did not see."""
    from validation.energy.tables import energy_tables, write_fitted

    _check_format(output_format)
    try:
        tables = energy_tables(paths, CalibrationPool.shipped())
    except ValueError as error:
        raise CaseError(str(error)) from error
    if write:
        write_fitted(tables)
    if output_format == "json":
        emit(json.dumps(tables.to_dict(), indent=2) + "\n", output)
    else:
        emit(captured(tables.print), output)


@app.command("intervals")
def intervals_command(
    files: Annotated[list[Path] | None, typer.Argument(help="CSV tables; the cases that ship by default.")] = None,
    grade: Annotated[str, typer.Option(help="Grades to take; more devices have some with an assumption.")] = "AB",
    write: Annotated[bool, typer.Option("--write", help="Replace the factors that ship with the package.")] = False,
    output_format: Format = "table",
    output: Output = None,
) -> None:
    """Fit the factor of prediction intervals, and count coverage on each device with the fit to all others."""
    import simulator.uncertainty.intervals
    from validation.fitting.interval_presentation import interval_text
    from validation.fitting.intervals import fit_intervals, write_factors
    from validation.published.errors import predict_cases

    _check_format(output_format)
    cases, _ = _published_cases(files, grade)
    with progress(len(cases)) as advance:
        results, _ = predict_cases(cases, CalibrationPool.shipped(), progress=advance)
    try:
        factors = fit_intervals(results)
    except ValueError as error:
        raise CaseError(str(error)) from error
    text = json.dumps(factors.model_dump(mode="json"), indent=2) + "\n"
    emit(text if output_format == "json" else interval_text(factors), output)
    if write:
        write_factors(factors, simulator.uncertainty.intervals.FACTORS)


def _remark(lines: list[str]) -> None:
    """Say something beside the result, so that a program which reads that does not meet it."""
    for line in lines:
        print(line, file=sys.stderr)


def _published_cases(files: list[Path] | None, grade: str) -> tuple[list[Case], Counter[str]]:
    """Cases of the wanted grades, and how many rows are none, by reason."""
    from validation.published.table import read_published

    if not grade or set(grade) - set("ABC"):
        raise CaseError(f"unknown grade {grade!r}; valid: A, AB, ABC")
    tables = [read_published(path) for path in files or ()]
    cases = [case for table in tables for case in table.cases] if files else list(load_cases())
    wanted = [case for case in cases if case.grade in grade]
    unmapped = Counter(row.reason for table in tables for row in table.unmapped)
    if len(wanted) < len(cases):
        unmapped[f"grade other than {' or '.join(grade)}"] += len(cases) - len(wanted)
    return wanted, unmapped


def _check_format(name: str) -> None:
    if name not in ("table", "json"):
        raise typer.BadParameter(f"unknown format {name!r}; valid: table, json")


def main() -> None:
    """Entry point: one line and exit status 2 for anything that the user can mend."""
    run_command_line(app, "validate", USER_ERRORS)


if __name__ == "__main__":
    main()
