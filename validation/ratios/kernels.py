"""Ratios of measured operator calls: one call of one source on two accelerators."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from hw_specs import CalibrationPool
from validation.errors.prediction import predicted
from validation.measured.tables import MeasuredKernels, read_tables

from .ratio import Ratio, ratio_of

__all__ = ["KERNELS", "NOT_PREDICTED", "KernelRatios", "kernel_ratios", "ratios_of_calls"]

#: Kind of change of these ratios.
KERNELS = "kernels"
#: Begin of the reasons for which a row has no prediction.
NOT_PREDICTED = "cannot be predicted: "

Call = tuple[str, str, str, str, str]
Times = dict[str, tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelRatios:
    """Ratios of operator calls, and how many rows of the tables are in none, by reason."""

    ratios: tuple[Ratio, ...]
    left_out: Counter[str]


def kernel_ratios(files: Iterable[str | Path], calibrations: CalibrationPool) -> KernelRatios:
    """Ratios of all rows of some tables that are of one call: source, operator, shapes, dtype and attributes.

    Raises
    ------
    MeasurementError
        A file cannot be read, lacks a column, is empty, or is of unknown devices alone.
    """
    measured = [table for path in files for table in read_tables(path)]
    calls = _calls(measured, calibrations)
    left_out: Counter[str] = Counter()
    for table in measured:
        left_out.update({f"{NOT_PREDICTED}{reason}": count for reason, count in table.skipped.items()})
    alone = sum(len(times) == 1 for times in calls.values())
    if alone:
        left_out["no other accelerator has the same call of the same source"] = alone
    return KernelRatios(ratios=tuple(ratios_of_calls(calls)), left_out=left_out)


def ratios_of_calls(calls: dict[Call, Times]) -> Iterator[Ratio]:
    """Ratios of each pair of accelerators.

    Parameters
    ----------
    calls : dict
        (source, operator, shapes, dtype, attributes) to measured and predicted time by accelerator. [s]
    """
    for (source, op, shapes, dtype, _), times in calls.items():
        for first, second in itertools.combinations(times, 2):
            yield ratio_of(
                KERNELS,
                (first, *times[first]),
                (second, *times[second]),
                subject=f"{op.removeprefix('aten::')} {shapes} {dtype}",
                source=source,
            )


def _calls(measured: Sequence[MeasuredKernels], calibrations: CalibrationPool) -> dict[Call, Times]:
    """Measured and predicted time of each call on each accelerator: medians where a source has a call repeatedly."""
    rows: dict[Call, dict[str, list[tuple[float, float]]]] = {}
    for table in measured:
        if not len(table):
            continue
        keys = zip(table.source, table.op, table.shapes, table.dtype, table.attributes, strict=True)
        times = zip(table.latency.tolist(), predicted(table, calibrations).time.tolist(), strict=True)
        for key, time in zip(keys, times, strict=True):
            rows.setdefault(key, {}).setdefault(table.accelerator.name, []).append(time)
    return {
        key: {name: (median(t[0] for t in times), median(t[1] for t in times)) for name, times in parts.items()}
        for key, parts in rows.items()
    }
