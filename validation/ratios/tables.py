"""Ratios of files, whichever of the two kinds of tables each is: published runs, or measured operator calls."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hw_specs import CalibrationPool
from hw_specs.reading.bounds import InputError, text_lines
from validation.measured.published.records import OF_WHOLE_RUNS, holds_kernels
from validation.published.names import load_names
from validation.published.simulations import simulated
from validation.published.table import select_cases

from .kernels import NOT_PREDICTED, kernel_ratios
from .published import published_ratios
from .ratio import Ratio

__all__ = ["Ratios", "ratios_of_tables"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratios:
    """Ratios of some tables, and what is in none of them, by reason: runs that were published, rows of calls."""

    ratios: tuple[Ratio, ...]
    runs_left_out: Counter[str]
    rows_left_out: Counter[str]


def ratios_of_tables(
    files: Sequence[Path],
    grade: str,
    calibrations: CalibrationPool,
    *,
    progress: Callable[[str], None] | None = None,
) -> Ratios:
    """Ratios of all pairs that some tables hold; of the cases that ship where there is no table.

    Parameters
    ----------
    files : sequence of path
        CSV tables of published runs or of measured operator calls, plain or gzip.
    grade : str
        Grades of published runs to take, such as ``AB``.
    calibrations : CalibrationPool
    progress : callable, optional
        Called with what is predicted.

    Raises
    ------
    CaseError, MeasurementError
        A file cannot be read, or `grade` has another letter than A, B and C.
    """
    kernels = [path for path in files if _has_calls(path)]
    published = [path for path in files if path not in kernels]
    kernels += filter(holds_kernels, published)
    ratios: list[Ratio] = []
    runs, rows = Counter[str](), Counter[str]()
    if published or not files:
        cases, runs = select_cases(published, grade)
        predict = simulated(cases, calibrations, ("calibrated",), progress=progress).predict
        of_runs = published_ratios(cases, calibrations, load_names(), predict=predict)
        ratios += of_runs.ratios
        runs += of_runs.left_out
    if kernels:
        of_calls = kernel_ratios(kernels, calibrations)
        ratios += of_calls.ratios
        rows = of_calls.left_out
        del rows[f"{NOT_PREDICTED}{OF_WHOLE_RUNS}"]
    return Ratios(ratios=tuple(ratios), runs_left_out=runs, rows_left_out=rows)


def _has_calls(path: Path) -> bool:
    """Whether the columns of a file are those of measured operator calls; what cannot be read is no such table."""
    try:
        return {"op", "latency_s"} <= set(next(csv.reader(text_lines(path)), []))
    except (InputError, csv.Error):
        return False
