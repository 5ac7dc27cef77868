"""Commands that fit to measurements: ``validate calibrate``, ``energy`` and ``intervals``."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hw_specs import CalibrationPool
from simulator.command_options import Format, Output, check_format
from simulator.views.terminal import captured, emit, remark
from validation.published.case import CaseError

from .terminal import progress, working

if TYPE_CHECKING:
    from hw_specs import Calibration, FittedCalibration
    from validation.measured.tables import MeasuredKernels

__all__ = ["calibrate_command", "energy_command", "intervals_command", "relatives_command"]


def calibrate_command(
    files: Annotated[list[Path] | None, typer.Argument(help="CSV tables of measured operator calls.")] = None,
    accelerator: Annotated[str | None, typer.Option(help="Fit for this accelerator's architecture alone.")] = None,
    group: Annotated[
        list[str] | None,
        typer.Option(help="Fit this parameter group alone, and those fitted with it; may be repeated. All else stays."),
    ] = None,
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
    from validation.fitting.calibrate import rows_not_fitted
    from validation.fitting.calibration_file import write_calibration
    from validation.measured.tables import read_tables

    if folder is not None and not folder.is_dir():
        raise CaseError(f"{folder}: no such folder")
    if not files and ceilings is None:
        raise CaseError("nothing to fit: give tables of measured calls, or --ceilings")
    _check_groups(group or ())
    with working("reading tables") as say:
        measured = [m for path in files or () for m in read_tables(path)]
        say("fitting")
        fitted = _from_rows(measured, accelerator, group or (), folder) if files else ()
        fitted = (*fitted, *_from_ceilings(ceilings, fitted))
    remark(skipped_lines(sum((m.skipped for m in measured), Counter())))
    remark(skipped_lines(rows_not_fitted(measured), "not fitted"))
    for entry in fitted:
        path = write_calibration(entry, folder) if folder else write_calibration(entry)
        rows = sum(record.count for record in entry.evidence.fitted_on)
        print(f"{path}: {len(entry.calibration.parameters)} parameters from {rows} {_measured_what(entry.calibration)}")


def _check_groups(groups: Sequence[str]) -> None:
    """Refuse a name before tables are read, which takes long."""
    from validation.fitting.calibrate import jobs_of

    jobs_of(groups)


def _from_rows(
    measured: Sequence[MeasuredKernels], accelerator: str | None, groups: Sequence[str], folder: Path | None
) -> tuple[FittedCalibration, ...]:
    """Calibrations from measured calls: whole ones, or some groups in those of a folder, or else of the package."""
    from validation.fitting.calibrate import calibrate, shipped_observations, tables_to_fit
    from validation.fitting.generic import generic_calibration
    from validation.fitting.refit import refitted

    if groups:
        kept = CalibrationPool.shipped() if folder is None else CalibrationPool.shipped().with_folder(folder)
        return refitted(measured, groups, kept, accelerator=accelerator)
    fitted = calibrate(measured, accelerator=accelerator)
    if accelerator is not None or len(fitted) < 2:
        return fitted
    return (*fitted, generic_calibration(tables_to_fit(measured), fitted, observed=shipped_observations()))


def _measured_what(calibration: Calibration) -> str:
    return "published rates" if calibration.scope == "ceilings" else "rows"


def _from_ceilings(path: Path | None, fitted: Sequence[FittedCalibration]) -> tuple[FittedCalibration, ...]:
    """Calibrations from published best rates, beside those just fitted and those that ship."""
    from validation.errors.kernel_presentation import skipped_lines
    from validation.fitting.ceilings.best_rates import eager_shares, read_ceilings
    from validation.fitting.ceilings.calibration import ceiling_calibrations
    from validation.fitting.ceilings.vector_rates import vector_rates

    if path is None:
        return ()
    found, skipped = read_ceilings(path)
    print(f"{path}: {len(found)} best rates of products and launch intervals")
    print("".join(f"{line}\n" for line in skipped_lines(skipped, "not used")), end="")
    others = CalibrationPool.shipped().without({entry.name for entry in fitted})
    return ceiling_calibrations(found, eager_shares(), CalibrationPool((*fitted, *others.members)), vector_rates())


def energy_command(
    paths: Annotated[list[Path], typer.Argument(help="Folders or tables of measured power and energy.")],
    write: Annotated[bool, typer.Option("--write", help="Replace the energy calibrations of the package.")] = False,
    output_format: Format = "table",
    output: Output = None,
) -> None:
    """Fit energies to measured power, and print the errors on what each fit did not see."""
    from validation.energy.tables import energy_tables, write_fitted

    check_format(output_format)
    try:
        with working("fitting energies"):
            tables = energy_tables(paths, CalibrationPool.shipped())
    except ValueError as error:
        raise CaseError(str(error)) from error
    if write:
        write_fitted(tables)
    if output_format == "json":
        emit(json.dumps(tables.to_dict(), indent=2) + "\n", output)
    else:
        emit(captured(tables.print), output)


def intervals_command(
    files: Annotated[list[Path] | None, typer.Argument(help="CSV tables; the cases that ship by default.")] = None,
    grade: Annotated[str, typer.Option(help="Grades to take; more devices have some with an assumption.")] = "AB",
    write: Annotated[bool, typer.Option("--write", help="Replace the factors that ship with the package.")] = False,
    output_format: Format = "table",
    output: Output = None,
) -> None:
    """Fit the factors of prediction intervals of times and of ratios, and count coverage on devices left out."""
    from simulator.uncertainty.intervals import FACTORS
    from simulator.uncertainty.ratios import RATIO_FACTORS
    from validation.fitting.intervals.presentation import interval_text, ratio_interval_text
    from validation.fitting.intervals.ratios import fit_ratio_factors
    from validation.fitting.intervals.times import fit_intervals, write_factors
    from validation.published.errors import predict_cases
    from validation.published.names import load_names
    from validation.published.simulations import simulated
    from validation.published.table import select_cases
    from validation.ratios.published import published_ratios

    check_format(output_format)
    cases, _ = select_cases(files or (), grade)
    pool = CalibrationPool.shipped()
    with progress(len(cases)) as advance:
        simulations = simulated(cases, pool, progress=advance)
        results, _ = predict_cases(cases, pool, simulations=simulations)
        pairs = published_ratios(cases, pool, load_names(), predict=simulations.predict)
    try:
        factors, of_ratios = fit_intervals(results), fit_ratio_factors(pairs.ratios)
    except ValueError as error:
        raise CaseError(str(error)) from error
    if output_format == "json":
        plain = {"times": factors.model_dump(mode="json"), "ratios": of_ratios.model_dump(mode="json")}
        emit(json.dumps(plain, indent=2) + "\n", output)
    else:
        emit(interval_text(factors) + "\n" + ratio_interval_text(of_ratios), output)
    if write:
        write_factors(factors, FACTORS)
        write_factors(of_ratios, RATIO_FACTORS)


def relatives_command(
    files: Annotated[list[Path] | None, typer.Argument(help="CSV tables of published runs.")] = None,
    kernels: Annotated[
        list[Path] | None, typer.Option(help="CSV table of measured operators; may be repeated.")
    ] = None,
    grade: Annotated[str, typer.Option(help="Grades of published runs to take.")] = "AB",
    write: Annotated[bool, typer.Option("--write", help="Replace the deviation that ships with the package.")] = False,
    output: Output = None,
) -> None:
    """Count how far parts of one line are off when predicted from others: the width where nothing is measured."""
    from simulator.uncertainty.relatives import RELATIVES
    from validation.fitting.intervals.relatives import count_relatives, relatives_text
    from validation.fitting.intervals.times import write_factors
    from validation.measured.tables import read_tables
    from validation.published.table import select_cases

    if not files and not kernels:
        raise CaseError("nothing to count: give tables of published runs, or --kernels")
    with working("reading tables") as say:
        cases = select_cases(files, grade)[0] if files else ()
        tables = [table for path in kernels or () for table in read_tables(path)]
        say("predicting without relatives")
        found = count_relatives(cases, tables, CalibrationPool.shipped())
    if not found.errors:
        raise CaseError("no row is of a part without a measured relative")
    emit(relatives_text(found), output)
    if write:
        write_factors(found, RELATIVES)
