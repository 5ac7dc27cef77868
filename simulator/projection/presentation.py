"""A projection as tables on a terminal."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.uncertainty.intervals import Interval

from .parts import UNKNOWN
from .projection import Projection

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

__all__ = ["NUM_OPERATORS", "NamedOperator", "operators_by_name", "render_operators", "render_projection"]

#: Operators that are listed where nobody says how many.
NUM_OPERATORS = 15
# Share of the time from which it is said that it belongs to no operator.
_LITTLE = 0.001
# Share of unknown time from which the first line says so.
_MUCH = 0.1


def render_projection(projection: Projection, console: Console, operators: int = NUM_OPERATORS) -> None:
    """Print the answer, what it is made of, the other readings, and the operators that take most time on the target."""
    for line in _answer(projection):
        console.print(line, highlight=False)
    console.print(_parts(projection))
    if projection.unscaled:
        console.print(_unscaled(projection))
    for line in _readings(projection):
        console.print(line, highlight=False)
    console.print(_operators(projection, operators))
    left = projection.operators[operators:]
    if left:
        share = sum(row.combined for row in left) / projection.combined_time
        console.print(f"{len(left)} more, {100 * share:.1f} %; --format json has all", highlight=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedOperator:
    """All calls of one operator, whatever their shapes: calls, and times on the source and the target. [s]

    ``share`` is that of the projected device time, ``ratio`` of the times.
    """

    name: str
    measured: float
    projected: float
    share: float
    ratio: float
    calls: int


def operators_by_name(projection: Projection) -> list[NamedOperator]:
    """Operators of a projection by their name alone, the one that takes most time on the target first."""
    rows = defaultdict(list)
    for row in projection.operators:
        rows[row.operator].append(row)
    found = [
        NamedOperator(
            name=name,
            measured=(measured := sum(row.measured for row in own)),
            projected=(projected := sum(row.combined for row in own)),
            share=projected / projection.combined_time if projection.combined_time else 0.0,
            ratio=projected / measured if measured else 1.0,
            calls=sum(row.calls for row in own),
        )
        for name, own in rows.items()
    ]
    return sorted(found, key=lambda each: -each.projected)


def render_operators(projection: Projection, console: Console, top: int) -> None:
    """Print the answer, and the operators by their name alone."""
    for line in _answer(projection):
        console.print(line, highlight=False)
    table, rows = (
        _table(("operator", "measured", "ratio", "on target", "share", "calls")),
        operators_by_name(projection),
    )
    for row in rows[:top]:
        times = (_time(row.measured), f"{row.ratio:.3f}", _time(row.projected))
        table.add_row(row.name, *times, f"{row.share:.1%}", str(row.calls))
    console.print(table)
    left = rows[top:]
    if left:
        console.print(f"{len(left)} more, {100 * sum(row.share for row in left):.1f} %", highlight=False)
    rest = 1.0 - sum(row.share for row in rows)
    if rest >= _LITTLE:
        console.print(f"{100 * rest:.1f} % belongs to no operator", highlight=False)


def _answer(p: Projection) -> list[str]:
    lines = [
        f"{_time(p.measured_time)} of device time on {p.source}",
        f"use this: {_time(p.combined_time)} on {p.target} ({p.speedup:.2f}x as fast){_interval(p.combined_interval)}",
    ]
    unknown = next(part.share for part in p.parts if part.name == UNKNOWN)
    if unknown >= _MUCH:
        lines.append(f"{unknown:.0%} of the measured time has no prediction: the answer is the middle of a wide range")
    if p.elapsed_time is not None and p.idle_time is not None:
        kept = "predicted for the target's host" if p.idle_predicted else "kept as measured"
        lines.append(f"elapsed {_time(p.elapsed_time)}, of which {_time(p.idle_time)} idle, {kept}")
    return lines


def _parts(p: Projection) -> Table:
    table = _table(("part", "measured", "share", "on target", "from", "to"))
    for part in p.parts:
        ends = (_time(part.low), _time(part.high)) if part.measured else ("", "")
        table.add_row(part.name, _time(part.measured), f"{part.share:.1%}", _time(part.projected), *ends)
    return table


def _unscaled(p: Projection) -> Table:
    table = _table(("not predicted", "events", "measured", "share", "on target"), fold=True)
    for row in p.unscaled:
        target = "as measured" if row.kept else f"{_time(row.low)} to {_time(row.high)}"
        table.add_row(row.reason, str(row.events), _time(row.time), f"{row.share:.1%}", target)
    return table


def _readings(p: Projection) -> list[str]:
    lines = [
        "three readings of what is predicted, all else alike:",
        f"  combined (used), carrying over what exceeds the scatter of the model: {_time(p.combined_time)}",
        f"  by the ratio of two predictions: {_time(p.projected_time)}{_interval(p.projected_interval)}",
        f"  predicted directly, for {_time(p.measured_time * p.direct_share)} measured and "
        f"{_time(p.direct_on_source_time)} predicted on the source: {_time(p.direct_time)} "
        f"({p.direct_speedup:.2f}x){_interval(p.direct_interval)}",
    ]
    if p.combined_interval is not None:
        i = p.combined_interval
        lines.append(
            f"80 % intervals held {100 * i.coverage:.0f} % of {i.count} {i.counted_on}; what is unknown adds the "
            "ends of its rooflines, and another release of the software comes on top"
        )
    return lines


def _operators(p: Projection, most: int) -> Table:
    table = _table(("operator", "shapes", "calls", "measured", "ratio", "on target", "direct"), left=2, fold=True)
    for row in p.operators[:most]:
        shapes = " ".join("x".join(map(str, shape)) for shape in row.shapes)
        direct = "" if row.direct is None else _time(row.direct)
        scale = "?" if row.direct is None else f"{row.ratio:.3f}"
        shapes = f"{shapes} (size from its time)" if row.sized_by_time else shapes
        table.add_row(row.operator, shapes, str(row.calls), _time(row.measured), scale, _time(row.combined), direct)
    return table


def _table(columns: tuple[str, ...], *, left: int = 1, fold: bool = False) -> Table:
    """Table whose first columns are text."""
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for place, column in enumerate(columns):
        if place < left:
            table.add_column(column, overflow="fold", no_wrap=not fold)
        else:
            table.add_column(column, justify="right", no_wrap=True)
    return table


def _interval(interval: Interval | None) -> str:
    return "" if interval is None else f", 80 % interval {_time(interval.low)} to {_time(interval.high)}"


def _time(seconds: float) -> str:
    for factor, unit in ((1.0, "s"), (1e3, "ms")):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3f} {unit}"
    return f"{seconds * 1e6:.1f} us"
