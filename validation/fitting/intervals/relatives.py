"""How far parts of one line are off when predicted from parts of others: whole runs and single operators."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from hw_specs import Accelerator, CalibrationPool, FittedCalibration, SpecError, load_accelerator, load_architecture
from hw_specs.inheritance.lineage import line_of
from hw_specs.terminal.tables import hanging, text_table
from simulator.uncertainty.relatives import WHOLE_RUNS, LineError, Relatives
from validation.errors.prediction import predicted
from validation.measured.tables import MeasuredKernels
from validation.published.case import Case
from validation.published.errors import CaseResult, predict_cases

__all__ = ["count_relatives", "relatives_text", "without_line"]

#: Shortest time of an operator that counts: below it launches take most of it. [s]
_SHORTEST = 50e-6
#: Most rows of one operator of a table, taken evenly.
_ROWS = 400


def count_relatives(
    cases: Iterable[Case], tables: Iterable[MeasuredKernels], calibrations: CalibrationPool
) -> Relatives:
    """Deviation of parts without a measured relative, from published runs and measured operators.

    Lines that the generic calibration was fitted on are left out: without them nothing is left to predict from.

    Parameters
    ----------
    cases : iterable of Case
    tables : iterable of MeasuredKernels
    calibrations : CalibrationPool
        Of which each line is predicted without its own.
    """
    fitted = _generic_lines(calibrations)
    runs: defaultdict[str, list[Case]] = defaultdict(list)
    for case in cases:
        runs[line_of(load_accelerator(case.device).traits)].append(case)
    errors: list[LineError] = []
    sources: set[str] = set()
    for line in sorted(runs.keys() - fitted):
        results, _ = predict_cases(runs[line], without_line(calibrations, line))
        errors += _of_runs(line, results)
        sources |= {result.source for result in results}
    for table in tables:
        line = line_of(table.accelerator.traits)
        if line not in fitted:
            errors += _of_operators(line, table, without_line(calibrations, line))
            sources |= set(table.source)
    return Relatives.counted(sorted(errors, key=lambda error: error.line), sources)


def without_line(calibrations: CalibrationPool, line: str) -> CalibrationPool:
    """The pool without what was fitted to, or published of, parts of a line."""
    return CalibrationPool(tuple(entry for entry in calibrations.members if _line(entry) != line))


def relatives_text(found: Relatives) -> str:
    """The deviation and what it was counted on, a line each."""
    table = text_table(
        ("what", "line", "device", "rows", "measured / predicted"),
        ((e.what, e.line, e.device, str(e.count), f"{np.exp(e.bias):.2f}") for e in found.errors),
        left=3,
    )
    said = f"without a measured relative: deviation {found.deviation:.3f} of runs, {found.operators:.3f} of operators"
    return f"{table}{hanging('', said)}\n"


def _generic_lines(calibrations: CalibrationPool) -> set[str]:
    names = (name for entry in calibrations.of_scope("generic") for name in entry.calibration.accelerators)
    return {line_of(part.traits) for name in names if (part := _known(name)) is not None}


def _known(name: str) -> Accelerator | None:
    try:
        return load_accelerator(name)
    except SpecError:
        return None


def _line(entry: FittedCalibration) -> str | None:
    name = entry.calibration.architecture
    return None if name is None else line_of(load_architecture(name))


def _of_runs(line: str, results: Sequence[CaseResult]) -> Iterator[LineError]:
    by_device: defaultdict[str, list[float]] = defaultdict(list)
    for result in results:
        by_device[result.device].append(float(np.log(result.measured / result.predicted)))
    for device, errors in sorted(by_device.items()):
        yield LineError(line=line, device=device, what=WHOLE_RUNS, count=len(errors), bias=_mean(errors))


def _of_operators(line: str, table: MeasuredKernels, calibrations: CalibrationPool) -> Iterator[LineError]:
    names = np.array(table.op)
    for name in sorted(set(table.op)):
        long = np.flatnonzero((names == name) & (table.latency > _SHORTEST))
        rows: NDArray[np.int64] = long[:: max(1, -(-len(long) // _ROWS))]
        if len(rows):
            some = table.select(rows)
            errors = np.log(some.latency / predicted(some, calibrations, timings={}).time)
            yield LineError(
                line=line, device=table.accelerator.name, what=name, count=len(rows), bias=_mean(errors.tolist())
            )


def _mean(values: Sequence[float]) -> float:
    return round(float(np.mean(values)), 3)
