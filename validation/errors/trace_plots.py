"""Plots of a comparison: every operator measured against predicted, and time by category."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from simulator.views.figures import check_suffix, new_figure, save

from .trace_comparison import TraceComparison

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot"]


def plot(comparison: TraceComparison, path: Path) -> None:
    """Write a scatter of operators (area as share of measured time) and bars of categories.

    Raises
    ------
    PlotError
        The ending names no format, or the file cannot be written.
    """
    check_suffix(path)
    figure = new_figure(12, 5)
    left, right = figure.subplots(1, 2)
    _scatter(comparison, left)
    _bars(comparison, right)
    figure.suptitle(
        f"{comparison.trace} on {comparison.accelerator}: {comparison.coverage:.0%} of device time predicted, "
        f"error {comparison.total_error:+.0%}, weighted {comparison.time_weighted_error:.0%}"
    )
    save(figure, path)


def _scatter(comparison: TraceComparison, axes: Axes) -> None:
    """Time of one call, measured and predicted, one mark an operator."""
    rows = [row for row in comparison.operators if row.measured > 0 and row.predicted > 0]
    for category in comparison.by_category:
        own = [row for row in rows if row.category == category]
        if own:
            axes.scatter(
                [row.measured / row.calls for row in own],
                [row.predicted / row.calls for row in own],
                s=[12 + 600 * row.measured / comparison.measured_time for row in own],
                alpha=0.6,
                label=category,
            )
    if rows:
        times = [time / row.calls for row in rows for time in (row.measured, row.predicted)]
        ends = (min(times), max(times))
        axes.plot(ends, ends, color="black", linewidth=0.8)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.legend(fontsize="small")
    axes.set_xlabel("measured time of one call [s]")
    axes.set_ylabel("predicted time of one call [s]")


def _bars(comparison: TraceComparison, axes: Axes) -> None:
    names = list(comparison.by_category)
    parts = list(comparison.by_category.values())
    place = range(len(names))
    axes.barh([i - 0.2 for i in place], [p.measured for p in parts], 0.4, label="measured")
    axes.barh([i + 0.2 for i in place], [p.predicted for p in parts], 0.4, label="predicted, where covered")
    axes.set_yticks(list(place), names)
    axes.invert_yaxis()
    axes.set_xlabel("device time [s]")
    axes.legend(fontsize="small")
