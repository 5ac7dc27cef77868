"""Reports for notebooks: data frames of pandas, and tables as HTML."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from simulator.report import Report

__all__ = ["VIEWS", "frame_of", "report_frame", "report_html"]

VIEWS = ("stage", "category", "module")

_WIDTH = 132


def report_frame(report: Report, by: str = "stage") -> pd.DataFrame:
    """Parts of a report, one row each.

    Parameters
    ----------
    report : Report
    by : {"stage", "category", "module"}

    Returns
    -------
    pandas.DataFrame
        By name: `latency`, `low`, `high` [s], `share` [1], `flops` [FLOP], `bytes` [B]; of categories also the share of
        each resource that holds it back [1]. The ends are NaN where the fidelity is a bound.

    Raises
    ------
    ValueError
        Another view is asked for.
    ModuleNotFoundError
        pandas is not installed.
    """
    if by not in VIEWS:
        raise ValueError(f"by {by!r}: one of {', '.join(VIEWS)}")
    ends = report.part_intervals.get(f"by_{by}", {})
    bounds = report.bound_by_category if by == "category" else {}
    rows = []
    for name, entry in getattr(report, f"by_{by}").items():
        row = {by: name, "latency": entry.latency}
        row |= {"low": ends[name].low, "high": ends[name].high} if name in ends else {}
        row |= {"share": entry.share, "flops": entry.flops, "bytes": entry.bytes}
        rows.append(row | (asdict(bounds[name]) if name in bounds else {}))
    found = frame_of(rows).set_index(by)
    first = ["latency", "low", "high", "share", "flops", "bytes"]
    return found.reindex(columns=[*first, *(name for name in found.columns if name not in first)])


def frame_of(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows of a result in plain form, nested values as columns of their own: ``interval.low``.

    Raises
    ------
    ModuleNotFoundError
        pandas is not installed.
    """
    import pandas as pd

    return pd.DataFrame([_flat(row) for row in rows])


def _flat(row: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in row.items():
        plain = asdict(value) if hasattr(value, "__dataclass_fields__") else value
        found |= _flat(plain, f"{before}{name}.") if isinstance(plain, Mapping) else {f"{before}{name}": plain}
    return found


def report_html(report: Report) -> str:
    """The report as the terminal shows it, for a cell of a notebook."""
    from hw_specs.terminal.tables import FittedConsole

    from .report import print_report

    console = FittedConsole(width=_WIDTH, record=True, file=io.StringIO())
    print_report(report, console)
    return console.export_html(inline_styles=True, code_format='<pre style="overflow-x:auto">{code}</pre>')
