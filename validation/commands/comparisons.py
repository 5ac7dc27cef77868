"""Commands that hold predictions against measurements: ``validate published``, ``kernels``, ``accuracy``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from hw_specs import CalibrationPool, load_accelerator
from hw_specs.listing.known_parts import slip_warnings
from simulator.command_options import Format, Output, check_format
from simulator.results.files import command_line, require_page, write_page
from simulator.results.options import PageFile
from simulator.views.terminal import emit, remark

from .terminal import progress, working

__all__ = ["accuracy_command", "kernels_command", "published_command"]


def published_command(
    files: Annotated[list[Path] | None, typer.Argument(help="CSV tables; the cases that ship by default.")] = None,
    grade: Annotated[str, typer.Option(help="Grades to take: A, or AB for those with an assumption too.")] = "A",
    report: PageFile = None,
    output_format: Format = "table",
    output: Output = None,
) -> None:
    """Predict published end-to-end figures, and print the error by model, device and execution, and that of memory."""
    from validation.published.errors import predict_cases, splits_of, summarise, to_dict
    from validation.published.memory.errors import published_memory
    from validation.published.memory.presentation import memory_text, memory_to_dict
    from validation.published.presentation import published_text
    from validation.published.simulations import simulated
    from validation.published.table import select_cases

    check_format(output_format)
    require_page(report)
    wanted, unmapped = select_cases(files or (), grade)
    pool = CalibrationPool.shipped()
    with progress(len(wanted)) as advance:
        simulations = simulated(wanted, pool, progress=advance)
        results, failed = predict_cases(wanted, pool, simulations=simulations)
    memory = published_memory(files or (), grade, simulations)
    unmapped.update(f"cannot be predicted: {case.reason}" for case in failed)
    summaries = {
        "all": summarise(results, lambda r: "all"),
        "kind of output": summarise(results, lambda r: r.family),
        "maker": summarise(results, lambda r: r.maker),
        "model": summarise(results, lambda r: r.model),
        "device": summarise(results, lambda r: r.device),
        "execution": summarise(results, lambda r: r.execution),
        "engine": summarise([result for result in results if result.engine], lambda r: r.engine),
        "dtype": summarise(results, lambda r: r.dtype),
        "quantization": summarise(results, lambda r: r.quantization),
        "basis": summarise(results, lambda r: r.basis),
        "split over devices": summarise([r for r in results if r.parallel], lambda r: splits_of(r.parallel)),
    }
    if report is not None and results:
        from .error_pages import published_page

        write_page(published_page(results, unmapped, summaries, command_line()), report)
    if output_format == "json":
        plain = to_dict(results, unmapped, summaries) | {"memory": memory_to_dict(*memory)}
        emit(json.dumps(plain, indent=2) + "\n", output)
    else:
        emit(published_text(results, unmapped, summaries) + memory_text(*memory), output)


def kernels_command(
    files: Annotated[
        list[Path], typer.Argument(help="CSV tables of measured operator calls, or of published figures.")
    ],
    leave_out: Annotated[str | None, typer.Option(help="Refit without this device, and report on it alone.")] = None,
    hw: Annotated[
        str | None, typer.Option("--hw", help="What all rows ran on, or of published figures those wanted.")
    ] = None,
    output_format: Format = "table",
    output: Output = None,
) -> None:
    """Predict every measured operator call, and print the error by device, operator and dtype."""
    from simulator.calibrations import calibration_pool
    from validation.errors.kernel_presentation import kernel_error_table, skipped_lines
    from validation.errors.kernels import kernel_errors

    check_format(output_format)
    part = load_accelerator(hw) if hw else None
    remark(slip_warnings(() if part is None else (part,)))
    pool = calibration_pool(hw, part) if hw and part else CalibrationPool.shipped()
    with working("predicting every call"):
        errors = kernel_errors(files, leave_out=leave_out, calibrations=pool, accelerator=part)
    if output_format == "json":
        remark(skipped_lines(errors.skipped))
        emit(json.dumps(errors.to_list(), indent=2) + "\n", output)
    else:
        emit(kernel_error_table(errors), output)


def accuracy_command(
    folder: Annotated[Path, typer.Argument(help="Folder of measurements: kernels/*.csv.gz, traces/*.csv.gz.")],
    output: Output = None,
) -> None:
    """Write the accuracy page: every error table, with the datasheet roofline beside it."""
    from validation.errors.accuracy import accuracy_page

    with progress(None) as advance:
        text = accuracy_page(folder, CalibrationPool.shipped(), progress=advance)
    emit(text, output)
