"""Traces side by side and their parts, as tables on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .difference import ChangedOperator, TraceDifference
from .parts import MatchedStage, PartTimes

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

__all__ = ["render_matched_stage", "render_parts", "render_trace_difference"]

_NUM_ROWS = 15


def render_trace_difference(difference: TraceDifference, console: Console) -> None:
    """Print totals, operators by how much they changed, and those that only one of the traces has."""
    d = difference
    for line in _totals(d):
        console.print(line, highlight=False)
    _print(console, "operators of both, all shapes together", d.by_operator, shapes=False)
    if any(row.shapes for row in d.by_shapes):
        _print(console, "largest changes with their shapes", d.by_shapes, shapes=True)
    else:
        console.print("recorded without shapes (profile(record_shapes=True) has them)", highlight=False)
    for name, rows, side in ((d.before, d.only_before, "before"), (d.after, d.only_after, "after")):
        if rows:
            console.print(_only(f"only in {name}", rows, side))
        _say_more(console, rows)


def _totals(d: TraceDifference) -> list[str]:
    lines = [
        f"before: {d.before}",
        f"after:  {d.after}",
        f"device time {_time(d.time_before)} before, {_time(d.time)} after: {_signed(d.time - d.time_before)} "
        f"({_relative(d.time, d.time_before)})",
    ]
    if None not in (d.elapsed, d.elapsed_before, d.idle, d.idle_before):
        elapsed, elapsed_before = d.elapsed or 0.0, d.elapsed_before or 0.0
        lines.append(
            f"elapsed {_time(elapsed_before)} before, {_time(elapsed)} after ({_relative(elapsed, elapsed_before)}); "
            f"idle {_time(d.idle_before or 0.0)} before, {_time(d.idle or 0.0)} after"
        )
    return lines


def _print(console: Console, title: str, rows: Sequence[ChangedOperator], *, shapes: bool) -> None:
    if rows:
        console.print(_changed(title, rows[:_NUM_ROWS], shapes=shapes))
    _say_more(console, rows)


def _say_more(console: Console, rows: Sequence[ChangedOperator]) -> None:
    if len(rows) > _NUM_ROWS:
        console.print(f"{len(rows) - _NUM_ROWS} more; --format json has all", highlight=False)


def _changed(title: str, rows: Sequence[ChangedOperator], *, shapes: bool) -> Table:
    """Rows of both traces; calls of both in one column where they are the same."""
    table = _table(title, ["operator"], ["calls", "before", "after", "change", "by", "share"])
    for row in rows:
        calls = str(row.calls) if row.calls == row.calls_before else f"{row.calls_before} -> {row.calls}"
        name = f"{row.operator} {_shapes(row)}" if shapes else row.operator
        relative = _relative(row.after, row.before)
        change = _signed(row.change)
        table.add_row(name, calls, _time(row.before), _time(row.after), change, relative, f"{row.share:.1%}")
    return table


def _only(title: str, rows: Sequence[ChangedOperator], side: str) -> Table:
    table = _table(title, ["operator"], ["calls", "time", "share"])
    for row in rows[:_NUM_ROWS]:
        calls, time = (row.calls_before, row.before) if side == "before" else (row.calls, row.after)
        table.add_row(row.operator, str(calls), _time(time), f"{row.share:.1%}")
    return table


def render_parts(parts: Sequence[PartTimes], console: Console) -> None:
    """Print every part of a trace that called anything, with its times."""
    table = _table("", ["part", "found by"], ["runs", "calls", "kernels", "device time", "share", "a run"])
    for row in (part for part in parts if part.calls or part.kernels):
        each = _time(row.time / row.runs)
        counts = (str(row.runs), str(row.calls), str(row.kernels))
        table.add_row(row.name, row.basis, *counts, _time(row.time), f"{row.share:.1%}", each)
    console.print(table)
    console.print(
        "--part NAME takes one of them, with all of its runs; --part 'NAME 3' its third run",
        highlight=False,
    )


def render_matched_stage(matched: MatchedStage, console: Console) -> None:
    """Print which stage of the workload a part is, and its predicted time beside the measured one."""
    m = matched
    runs = "one run" if m.runs == 1 else f"{m.runs} runs"
    line = f"most like {runs} of stage {m.stage}: measured {_time(m.measured)} of device time"
    if m.predicted is not None:
        line += f", predicted {_time(m.predicted)} ({_relative(m.predicted, m.measured)})"
    console.print(line, highlight=False)


def _table(title: str, left: Sequence[str], right: Sequence[str]) -> Table:
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False, title=title or None, title_justify="left")
    for column in left:
        table.add_column(column, overflow="fold")
    for column in right:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _shapes(row: ChangedOperator) -> str:
    return " ".join("x".join(map(str, shape)) for shape in row.shapes)


def _relative(after: float, before: float) -> str:
    return f"{after / before - 1:+.1%}" if before else ""


def _signed(seconds: float) -> str:
    return ("-" if seconds < 0 else "+") + _time(abs(seconds))


def _time(seconds: float) -> str:
    for factor, unit in ((1.0, "s"), (1e3, "ms")):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3f} {unit}"
    return f"{seconds * 1e6:.1f} us"
