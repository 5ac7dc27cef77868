"""A comparison of a trace as tables on a terminal."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from validation.ranks.presentation import render_collectives

from .graph_difference import DifferentOperator, GraphDifference
from .trace_comparison import ComparedPart, TraceComparison

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

__all__ = ["render", "render_difference"]

_NUM_OPERATORS = 15
_KERNEL_WIDTH = 44


def render(comparison: TraceComparison, console: Console) -> None:
    """Print totals, categories, operators, the ten worst, and everything that is not compared."""
    for line in _summary(comparison):
        console.print(line, highlight=False)
    console.print(_parts("category", comparison.by_category))
    operators = dict(list(comparison.by_operator.items())[:_NUM_OPERATORS])
    console.print(_parts("operator", operators))
    left = len(comparison.by_operator) - len(operators)
    if left > 0:
        console.print(f"{left} more operators; --format json has all", highlight=False)
    console.print(_worst(comparison))
    if comparison.collectives:
        render_collectives(comparison.collectives, console)
    if comparison.remainders:
        console.print(_remainders(comparison))


def _ground(comparison: TraceComparison) -> str:
    """What the predicted times rest on."""
    if comparison.fidelity == "roofline":
        return "datasheet roofline"
    shares = ", ".join(f"{share:.0%} {name}" for name, share in comparison.basis.items())
    return f"basis of kernel times: {shares}" if shares else "nothing predicted"


def render_difference(difference: GraphDifference, console: Console) -> None:
    """Print whether the graph has the operators that ran, and those that only one of the two has."""
    d = difference
    console.print(
        f"against the graph: {d.matched} of {d.calls_in_trace} calls that ran are in the graph, which has "
        f"{d.calls_in_graph}; they hold {d.matched_time_share:.1%} of the measured time",
        highlight=False,
    )
    for title, rows in (("ran more often than in the graph", d.missing), ("less often than in the graph", d.extra)):
        if rows:
            console.print(_different(title, rows[:_NUM_OPERATORS]))
        if len(rows) > _NUM_OPERATORS:
            console.print(f"{len(rows) - _NUM_OPERATORS} more; --format json has all", highlight=False)


def _different(title: str, rows: Sequence[DifferentOperator]) -> Table:
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False, title=title, title_justify="left")
    for column in ("operator", "shapes"):
        table.add_column(column, overflow="fold")
    for column in ("in trace", "in graph", "measured"):
        table.add_column(column, justify="right")
    for row in rows:
        shapes = " ".join("x".join(map(str, shape)) for shape in row.shapes)
        table.add_row(row.operator, shapes, str(row.in_trace), str(row.in_graph), _time(row.device_time))
    return table


def _summary(comparison: TraceComparison) -> list[str]:
    c = comparison
    lines = [
        f"{c.trace} on {c.device or 'an unnamed device'}, predicted for {c.accelerator}, {_ground(c)}",
        f"measured {_time(c.measured_time)} on the device, {c.coverage:.1%} of it predicted: "
        f"{_time(c.predicted_time)} for {_time(c.covered_time)} ({c.total_error:+.1%})",
        *_size_lines(c),
        *_interval_lines(c),
        f"error weighted by time {c.time_weighted_error:.1%}, mean over operators {c.mape:.1%}, "
        f"{c.within_10_percent:.1%} of the time within 10 %",
    ]
    lines.extend(f"remark: {remark}" for remark in c.remarks)
    if c.elapsed_time is None or c.idle_time is None or c.host_bound_time is None:
        return [*lines, "no timeline: idle time is not known"]
    share = c.idle_time / c.elapsed_time if c.elapsed_time else 0.0
    return [
        *lines,
        f"elapsed {_time(c.elapsed_time)}, idle {_time(c.idle_time)} ({share:.1%}), "
        f"of which {_time(c.host_bound_time)} waiting for the host",
        *_device_lines(c),
    ]


def _size_lines(comparison: TraceComparison) -> list[str]:
    """What the sizes of kernels rest on, where it is not the record of operators alone."""
    c = comparison
    if not c.named_share and not c.fitted_share:
        return []
    none = max(1.0 - c.coverage - c.fitted_share, 0.0)
    return [
        f"{c.coverage - c.named_share:.1%} predicted by operators, {c.named_share:.1%} by names and grids of kernels; "
        f"{c.fitted_share:.1%} has its size from its measured time, which predicts its ratio to another accelerator "
        f"alone; {none:.1%} neither"
    ]


def _device_lines(comparison: TraceComparison) -> list[str]:
    """Each of several devices by itself."""
    devices = comparison.devices if len(comparison.devices) > 1 else ()
    whose = (f" ({d.process})" if d.process else "" for d in devices)
    return [
        f"device {d.device}{w}: busy {_time(d.busy)}, idle {_time(d.idle)}" for d, w in zip(devices, whose, strict=True)
    ]


def _interval_lines(comparison: TraceComparison) -> list[str]:
    i, share = comparison.interval, comparison.within_range
    if i is None or share is None:
        return []
    inside = "holds" if i.low <= comparison.covered_time <= i.high else "does not hold"
    return [
        f"{100 * i.level:.0f} % interval of the prediction {_time(i.low)} to {_time(i.high)}, which {inside} what was "
        f"measured; 80 % ranges of operators hold {share:.1%} of {len(comparison.operators)}"
    ]


def _parts(heading: str, parts: Mapping[str, ComparedPart]) -> Table:
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column(heading, no_wrap=True)
    for column in ("calls", "measured", "share", "predicted", "of", "error", "weighted", "coverage"):
        table.add_column(column, justify="right")
    for name, part in parts.items():
        table.add_row(
            name,
            str(part.calls),
            _time(part.measured),
            f"{part.share:.1%}",
            _time(part.predicted),
            _time(part.covered),
            f"{part.error:+.1%}" if part.covered else "",
            f"{part.time_weighted_error:.1%}" if part.covered else "",
            f"{part.coverage:.1%}",
        )
    return table


def _worst(comparison: TraceComparison) -> Table:
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False, title="largest differences", title_justify="left")
    for column in ("operator", "shapes", "kernel"):
        table.add_column(column, overflow="fold")
    for column in ("calls", "measured", "predicted", "80 % range", "error"):
        table.add_column(column, justify="right")
    for row in comparison.worst:
        table.add_row(
            row.operator,
            " ".join("x".join(map(str, shape)) for shape in row.shapes),
            _short(row.kernel),
            str(row.calls),
            _time(row.measured),
            _time(row.predicted),
            "" if math.isnan(row.low) else f"{_time(row.low)} to {_time(row.high)}",
            "" if row.error is None else f"{row.error:+.1%}",
        )
    return table


def _remainders(comparison: TraceComparison) -> Table:
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False, title="not compared", title_justify="left")
    table.add_column("reason", overflow="fold")
    for column in ("events", "time", "share"):
        table.add_column(column, justify="right")
    for row in comparison.remainders:
        table.add_row(row.reason, str(row.events), _time(row.time), f"{row.share:.1%}")
    return table


def _short(kernel: str) -> str:
    """Kernel's name without what all of them have."""
    return re.sub(r"void |at::native::|\(anonymous namespace\)::|cutlass::Kernel2<", "", kernel)[:_KERNEL_WIDTH]


def _time(seconds: float) -> str:
    for factor, unit in ((1.0, "s"), (1e3, "ms")):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3f} {unit}"
    return f"{seconds * 1e6:.1f} us"
