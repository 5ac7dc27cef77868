"""What a sweep found, for people: how many designs, the range of each figure, and why some have none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hw_specs import format_quantity
from simulator.whatif.study.evaluation import figure_units
from simulator.whatif.study.study import Study

from .results import Results

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from .run import SweepSummary

__all__ = ["print_sweep"]

_MOST_ROWS = 2_000_000
_MOST_REASONS = 8
_PRINTED = frozenset({"B", "B/s", "Hz", "J", "W", "s"})


def print_sweep(study: Study, results: Results, summary: SweepSummary, drawn: Sequence[Path], console: Console) -> None:
    """Print the outcome of a sweep."""
    models = ", ".join(study.file.models)
    console.print(f"{study.file.title}: {summary.designs:,} designs of {models}", highlight=False)
    console.print(_figures(study, results))
    if summary.failures:
        console.print(f"{summary.failures:,} rows failed:", highlight=False)
        for reason, count in _reasons(results).most_common(_MOST_REASONS):
            console.print(f"  {count:,} x {reason}", highlight=False, soft_wrap=True)
    rate = f", {summary.designs_per_second:,.0f} designs/s" if summary.designs_per_second else ", all there before"
    console.print(f"{summary.seconds:.1f} s{rate}; results in {results.path}", highlight=False, soft_wrap=True)
    for path in drawn:
        console.print(f"drawn: {path}", highlight=False, soft_wrap=True)


def _figures(study: Study, results: Results) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in ("", "lowest", "10 %", "median", "90 %", "highest"):
        table.add_column(name, justify="right" if name else "left")
    units = {name: unit for name, unit in figure_units(study).items() if name != "fits"}
    rows = results.sample(list(units), _MOST_ROWS)
    for name, unit in units.items():
        values = rows[name][np.isfinite(rows[name])]
        if values.size:
            cells = np.quantile(values, (0.0, 0.1, 0.5, 0.9, 1.0)).tolist()
            table.add_row(name, *(_cell(value, unit) for value in cells))
    return table


def _cell(value: float, unit: str) -> str:
    if unit in _PRINTED:
        return format_quantity(value, unit)
    return f"{value:.4g}" if unit == "1" else f"{value:.4g} {unit}"


def _reasons(results: Results) -> Counter[str]:
    rows = results.sample(["failure"], _MOST_ROWS)
    return Counter(reason for reason in rows["failure"].tolist() if reason is not None)
