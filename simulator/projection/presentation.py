"""A projection as tables on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.uncertainty.intervals import Interval, coverage_line

from .projection import Projection

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["render_projection"]

_NUM_OPERATORS = 15


def render_projection(projection: Projection, console: Console) -> None:
    """Print both predictions, the operators that take most time on the target, and what stays as measured."""
    from rich.table import Table

    p = projection
    console.print(f"measured on {p.source}: {_time(p.measured_time)} of device time", highlight=False)
    console.print(
        f"projected to {p.target} by the ratio of two predictions: {_time(p.projected_time)} ({p.speedup:.2f}x)"
        f"{_interval(p.projected_interval)}",
        highlight=False,
    )
    console.print(
        f"predicted directly: {_time(p.direct_time)} for what took {_time(p.measured_time * p.direct_share)} "
        f"and is predicted as {_time(p.direct_on_source_time)} on the source ({p.direct_speedup:.2f}x)"
        f"{_interval(p.direct_interval)}",
        highlight=False,
    )
    console.print(
        f"combined, carrying over only what exceeds the scatter of the model: {_time(p.combined_time)}"
        f"{_interval(p.combined_interval)}",
        highlight=False,
    )
    if p.direct_interval is not None:
        console.print(
            f"80 % intervals {coverage_line()}; by the ratio, both predictions count as independently off",
            highlight=False,
        )
    if p.elapsed_time is not None and p.idle_time is not None:
        console.print(
            f"elapsed on the target {_time(p.elapsed_time)}, with {_time(p.idle_time)} of idle time kept as measured",
            highlight=False,
        )
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("operator", no_wrap=True)
    table.add_column("shapes", overflow="fold")
    for column in ("calls", "measured", "ratio", "projected", "direct"):
        table.add_column(column, justify="right")
    for row in p.operators[:_NUM_OPERATORS]:
        shapes = " ".join("x".join(map(str, shape)) for shape in row.shapes)
        direct = "" if row.direct is None else _time(row.direct)
        scale = "" if row.direct is None else f"{row.ratio:.3f}"
        table.add_row(row.operator, shapes, str(row.calls), _time(row.measured), scale, _time(row.projected), direct)
    console.print(table)
    for left in p.unscaled:
        console.print(f"as measured: {left.reason}: {_time(left.time)} ({left.share:.1%})", highlight=False)


def _interval(interval: Interval | None) -> str:
    return "" if interval is None else f", 80 % interval {_time(interval.low)} to {_time(interval.high)}"


def _time(seconds: float) -> str:
    for factor, unit in ((1.0, "s"), (1e3, "ms")):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3f} {unit}"
    return f"{seconds * 1e6:.1f} us"
