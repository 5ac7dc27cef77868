"""Command line: ``validate published`` and its siblings, one for each kind of measurement."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hw_specs import SpecError, load_accelerator
from simulator.cost import UnsupportedFormatError
from simulator.execution import Execution, ExecutionError
from simulator.output import OutputError, write_text
from tracer.graph import GraphError
from tracer.library import MissingTracerError
from tracer.trace import TraceFormatError
from tracer.workloads import UnknownWorkloadError

from .cases import CaseError, load_cases
from .measured import MeasurementError
from .terminal import captured, emit, progress, shares
from .trace_plots import PlotError

if TYPE_CHECKING:
    from hw_specs import Calibration


__all__ = ["app", "main"]

USER_ERRORS = (
    CaseError,
    ExecutionError,
    GraphError,
    MeasurementError,
    MissingTracerError,
    OutputError,
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
def group() -> None:
    """Predictions against measurements, and what they may be trusted for."""


@app.command("published")
def published_command(
    files: Annotated[list[Path] | None, typer.Argument(help="CSV tables; the cases that ship by default.")] = None,
    grade: Annotated[str, typer.Option(help="Grades to take: A, or AB for those with an assumption too.")] = "A",
    output_format: Format = "table",
    output: Output = None,
) -> None:
    """Predict published end-to-end figures, and print the error by model, device and execution."""
    from .case_errors import predict_cases, summarise, to_dict
    from .published import read_published
    from .published_presentation import published_text

    _check_format(output_format)
    if not grade or set(grade) - set("ABC"):
        raise CaseError(f"unknown grade {grade!r}; valid: A, AB, ABC")
    tables = [read_published(path) for path in files or ()]
    cases = [case for table in tables for case in table.cases] if files else list(load_cases())
    wanted = [case for case in cases if case.grade in grade]
    unmapped = Counter(row.reason for table in tables for row in table.unmapped)
    if len(wanted) < len(cases):
        unmapped[f"grade other than {' or '.join(grade)}"] += len(cases) - len(wanted)
    with progress(len(wanted)) as advance:
        results, failed = predict_cases(wanted, progress=advance)
    unmapped.update(f"cannot be predicted: {case.reason}" for case in failed)
    summaries = {
        "all": summarise(results, lambda r: "all"),
        "model": summarise(results, lambda r: r.model),
        "device": summarise(results, lambda r: r.device),
        "execution": summarise(results, lambda r: r.execution),
        "dtype": summarise(results, lambda r: r.dtype),
    }
    if output_format == "json":
        emit(json.dumps(to_dict(results, unmapped, summaries), indent=2) + "\n", output)
    else:
        emit(published_text(results, unmapped, summaries), output)


@app.command("kernels")
def kernels_command(
    files: Annotated[list[Path], typer.Argument(help="CSV tables of measured operator calls.")],
    leave_out: Annotated[str | None, typer.Option(help="Refit without this device, and report on it alone.")] = None,
    output_format: Format = "table",
    output: Output = None,
) -> None:
    """Predict every measured operator call, and print the error by device, operator and dtype."""
    from .kernel_errors import kernel_errors
    from .kernel_presentation import kernel_error_table

    _check_format(output_format)
    try:
        errors = kernel_errors(files, leave_out=leave_out)
    except ValueError as error:
        raise CaseError(str(error)) from error
    if output_format == "json":
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
    from .calibrate import calibrate, write_calibration
    from .generic import generic_calibration
    from .measured import read_measured

    if folder is not None and not folder.is_dir():
        raise CaseError(f"{folder}: no such folder")
    if not files and ceilings is None:
        raise CaseError("nothing to fit: give tables of measured calls, or --ceilings")
    try:
        fitted = calibrate(files or (), accelerator=accelerator)
        if accelerator is None and len(fitted) > 1:
            fitted = (*fitted, generic_calibration([read_measured(path) for path in files or ()], fitted))
        fitted = (*fitted, *_from_ceilings(ceilings, fitted))
    except ValueError as error:
        raise CaseError(str(error)) from error
    for calibration in fitted:
        path = write_calibration(calibration, folder) if folder else write_calibration(calibration)
        rows = sum(record.count for record in calibration.fitted_on)
        print(f"{path}: {len(calibration.parameters)} parameters from {rows} {_measured_what(calibration)}")


def _measured_what(calibration: Calibration) -> str:
    return "published rates" if calibration.scope == "ceilings" else "rows"


def _from_ceilings(path: Path | None, fitted: Sequence[Calibration]) -> tuple[Calibration, ...]:
    """Calibrations from published best rates, beside those just fitted and those that ship."""
    from .calibrate import shipped_calibrations
    from .ceiling_calibration import ceiling_calibrations
    from .ceilings import EAGER_SHARES, read_ceilings

    if path is None:
        return ()
    found, skipped = read_ceilings(path)
    print(f"{path}: {len(found)} best rates of products and launch intervals")
    for reason, count in skipped.most_common():
        print(f"  {count} rows not used: {reason}")
    names = {c.name for c in fitted}
    return ceiling_calibrations(
        found, EAGER_SHARES, (*fitted, *(c for c in shipped_calibrations() if c.name not in names))
    )


@app.command("trace")
def trace_command(
    file: Annotated[Path, typer.Argument(help="Trace of any known format, plain or gzip.")],
    hw: Annotated[
        str | None, typer.Option("--hw", help="Accelerator to predict for; the one that the trace names by default.")
    ] = None,
    attention: Annotated[str, typer.Option(help="Fused attention where the trace does not name it.")] = "flash",
    plot: Annotated[Path | None, typer.Option(help="Write a scatter and a bar plot to this file.")] = None,
    output_format: Format = "table",
    output: Output = None,
) -> None:
    """Line measured kernels of a trace up with predicted ones, and print the error by category and operator."""
    from .trace_comparison import compare_trace

    _check_format(output_format)
    accelerator = load_accelerator(hw) if hw else None
    comparison = compare_trace(file, accelerator, Execution(attention=attention))
    if plot is not None:
        from .trace_plots import plot as draw

        draw(comparison, plot)
    if output_format == "json":
        emit(json.dumps(comparison.to_dict(), indent=2) + "\n", output)
        return
    from .trace_presentation import render

    emit(captured(lambda console: render(comparison, console)), output)


@app.command("study")
def study_command(
    name: Annotated[str, typer.Argument(help="golden2023.")],
    folder: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder for tables (CSV), figures and the page (HTML).")
    ] = None,
    output_format: Format = "table",
) -> None:
    """Regenerate every table and figure of a study, and hold its claims against our numbers.

    Exit status 1 if a claim that is marked as reproduced no longer holds.
    """
    from .claims_presentation import claims_text
    from .study import run_study

    _check_format(output_format)
    if name != "golden2023":
        raise CaseError(f"unknown study {name!r}; valid: golden2023")
    result = run_study(folder, progress=lambda what: print(what, file=sys.stderr))
    if output_format == "json":
        sys.stdout.write(json.dumps(result.claims, indent=2) + "\n")
    else:
        sys.stdout.write(claims_text(result.claims))
    raise typer.Exit(result.exit_status)


@app.command("accuracy")
def accuracy_command(
    folder: Annotated[Path, typer.Argument(help="Folder of measurements: kernels/*.csv.gz, traces/*.csv.gz.")],
    output: Output = None,
) -> None:
    """Write the accuracy page: every error table, with the datasheet roofline beside it."""
    from .accuracy import accuracy_page

    with progress(None) as advance:
        text = accuracy_page(folder, progress=advance)
    emit(text, output)


@app.command("probe")
def probe_command(
    output: Annotated[Path, typer.Option("--output", "-o", help="Specification to write (.yaml).")],
    device: Annotated[str, typer.Option(help="cpu, cuda or cuda:N.")] = "cuda",
    seconds: Annotated[float, typer.Option(help="Longest time for kernels, beside peaks and bandwidths.")] = 150.0,
) -> None:
    """Measure the machine at hand, and write its specification and its calibration."""
    from .calibrate import write_calibration
    from .probe import ProbeOptions, probe

    if not output.parent.is_dir():
        raise CaseError(f"{output}: no such folder")
    if not seconds > 0:
        raise CaseError(f"--seconds is {seconds}; it must be positive")
    with shares() as advance:
        found = probe(device, advance, ProbeOptions(seconds=seconds))
    write_text(output, found.specification)
    named = found.calibration.model_copy(update={"name": f"{output.stem}.calibration"})
    path = write_calibration(named, output.parent)
    print(f"{output}: {found.accelerator.name}\n{path}: fitted to {len(found.calls)} measured calls")
    print(f"try it: simulate --hw {output} --calibration {path} --model stable-diffusion --dtype float32")


@app.command("check")
def check_command(
    trace: Annotated[Path, typer.Argument(help="Trace of a run on the probed machine (`trace run`).")],
    hw: Annotated[Path, typer.Option("--hw", help="Specification that `probe` wrote.")],
    calibration: Annotated[Path, typer.Option(help="Calibration that `probe` wrote.")],
) -> None:
    """Hold a run on the machine at hand against the prediction from its own specification and calibration."""
    from hw_specs import load_calibration
    from tracer.formats import read_trace

    from .probe_check import check_probe

    result = check_probe(read_trace(trace), load_accelerator(str(hw)), load_calibration(str(calibration)))
    print(
        f"measured {result.measured:.4g} s in operators, {result.predicted:.4g} s predicted for {result.covered:.4g} s "
        f"of it: {100 * result.error:+.1f} %, weighted by time {100 * result.time_weighted_error:.1f} %\n"
        f"elapsed without the profiler {result.elapsed:.4g} s, predicted {result.predicted_elapsed:.4g} s"
    )
    for name, part in list(result.by_operator.items())[:12]:
        print(f"  {name:<44} {part.calls:>6}  measured {part.measured:>9.4g} s  predicted {part.predicted:>9.4g} s")


@app.command("campaign")
def campaign_command(
    folder: Annotated[Path, typer.Option("--output", "-o", help="Folder; one that was begun is taken up again.")],
    minutes: Annotated[float, typer.Option(help="After which nothing new is begun.")] = 8.0,
    device: Annotated[str, typer.Option(help="cuda, cuda:N or cpu.")] = "cuda",
    tiny: Annotated[bool, typer.Option("--tiny", help="A few small cases and one small model.")] = False,
) -> None:
    """Measure kernels and whole models of this machine, the most valuable first."""
    from .campaign import CampaignOptions, run_campaign

    if not minutes > 0:
        raise CaseError(f"--minutes is {minutes}; it must be positive")
    with shares() as advance:
        done = run_campaign(folder, CampaignOptions(device=device, minutes=minutes, tiny=tiny), advance)
    print(
        f"{folder}: {done.kernels} rows, {done.traces} traces, {done.failures} failures; "
        f"not begun: {done.cases_left} cases, {done.models_left} models"
    )


@app.command("energy")
def energy_command(
    paths: Annotated[list[Path], typer.Argument(help="Folders or tables of measured power and energy.")],
    write: Annotated[bool, typer.Option("--write", help="Replace the energy calibrations of the package.")] = False,
    output_format: Format = "table",
    output: Output = None,
) -> None:
    """Fit energies to measured power, and print the errors on what each fit did not see."""
    from .energy_tables import energy_tables, write_fitted

    _check_format(output_format)
    try:
        tables = energy_tables(paths)
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
    grade: Annotated[str, typer.Option(help="Grades to take: A, or AB for those with an assumption too.")] = "A",
    write: Annotated[bool, typer.Option("--write", help="Replace the factors that ship with the package.")] = False,
) -> None:
    """Fit the factors of prediction intervals on half of the devices, and count coverage on the others."""
    import simulator.intervals

    from .case_errors import predict_cases
    from .interval_fit import fit_intervals, write_factors
    from .published import read_published

    found = [c for f in files for c in read_published(f).cases] if files else list(load_cases())
    cases = [c for c in found if c.grade in grade]
    with progress(len(cases)) as advance:
        results, _ = predict_cases(cases, progress=advance)
    try:
        factors = fit_intervals(results)
    except ValueError as error:
        raise CaseError(str(error)) from error
    print(
        f"factor {factors.factor}, centre {factors.centre}: fitted on {factors.fitted_count} runs on "
        f"{factors.fitted_on}\ncoverage {100 * factors.coverage:.1f} % of {factors.tried_count} runs on "
        f"{factors.tried_on} (nominal {100 * factors.level:.0f} %)"
    )
    if write:
        write_factors(factors, simulator.intervals.FACTORS)


def _check_format(name: str) -> None:
    if name not in ("table", "json"):
        raise typer.BadParameter(f"unknown format {name!r}; valid: table, json")


# What typer raises for commands and options that it does not know, or cannot read; it has no public name for it.
_USAGE_ERROR: Any = typer.BadParameter.__mro__[1]


def main() -> None:
    """Entry point: one line and exit status 2 for anything that the user can mend."""
    try:
        status = app(standalone_mode=False)
    except USER_ERRORS as error:
        print(f"validate: error: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(2)
    except _USAGE_ERROR as error:
        message = error.format_message()
        # Without a command, the message is the help.
        print(message if len(sys.argv) == 1 else f"validate: error: {' '.join(message.split())}", file=sys.stderr)
        sys.exit(2)
    except typer.Abort:
        sys.exit(130)
    sys.exit(status if isinstance(status, int) else 0)


if __name__ == "__main__":
    main()
