"""What fields are worth, as tables for people within 80 columns and as a tornado plot. Nothing here computes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.schedule.pieces import BoundShares
from simulator.views.figures import new_figure, save
from simulator.views.numbers import quantity
from simulator.views.style import BLACK, BLUE, ORANGE, figure_style

from .sensitivity import FieldSensitivity, ResourceSensitivity, Sensitivity

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from rich.console import Console
    from rich.table import Table

__all__ = ["plot_sensitivity", "print_sensitivity"]

# Gains that differ from 1 by less are no use to a reader.
_SHOWN = 5e-4
# Bars of a plot.
_BARS = 16


def print_sensitivity(found: Sensitivity, console: Console, remarks: Sequence[str] = ()) -> None:
    """Resources, then fields, those of most worth first; at last some remarks."""
    line = f"{found.model} on {found.accelerator}: {quantity(found.latency, 's')}"
    console.print(line, style="bold", highlight=False)
    console.print()
    console.print(_resources(found.resources))
    console.print()
    console.print(_fields(found.fields))
    console.print()
    for line in (*_notes(found), *found.remarks, *remarks):
        console.print(line, highlight=False)


def _resources(resources: Sequence[ResourceSensitivity]) -> Table:
    table = _table("resource", "bound by", "elasticity", "2x", "0.5x")
    for each in resources:
        row = (f"{100 * each.share:.1f} %", _signed(each.elasticity), f"{each.gain_2x:.3f}", f"{each.gain_half:.3f}")
        table.add_row(each.resource, *row)
    return table


def _fields(fields: Sequence[FieldSensitivity]) -> Table:
    table = _table("field", "elasticity", "2x", "80 %", "0.5x", "then held back by")
    for each in fields:
        if _is_shown(each):
            table.add_row(*_cells(each))
    return table


def _table(first: str, *others: str) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column(first, no_wrap=True)
    for name in others:
        table.add_column(name, justify="left" if name.startswith("then") else "right", no_wrap=True)
    return table


def _is_shown(field: FieldSensitivity) -> bool:
    return max(abs(field.gain_2x - 1.0), abs(field.gain_half - 1.0)) >= _SHOWN


def _cells(field: FieldSensitivity) -> tuple[str, ...]:
    interval = None if field.speedup_2x is None else field.speedup_2x.interval
    return (
        field.field,
        _signed(field.elasticity) + ("*" if field.step else " "),
        f"{field.gain_2x:.3f}",
        "" if interval is None else f"{interval.low:.2f}-{interval.high:.2f}",
        f"{field.gain_half:.3f}",
        "" if field.bound_2x is None else _largest(field.bound_2x),
    )


def _signed(value: float) -> str:
    return f"{value:+.3f}" if abs(value) >= _SHOWN else "0"


def _largest(bound: BoundShares) -> str:
    name, share = max(asdict(bound).items(), key=lambda item: item[1])
    return f"{name} {100 * share:.0f} %"


def _notes(found: Sensitivity) -> Iterator[str]:
    yield "elasticity: relative change of the latency over that of the field"
    yield "2x, 0.5x: speed-up with twice and half the field, and what follows it with --set"
    hidden = sum(not _is_shown(field) for field in found.fields)
    if hidden:
        yield f"{hidden} more fields act, none of them by {100 * _SHOWN:.2g} %."
    for field in found.fields:
        if field.step and _is_shown(field):
            less, more = (f"{100 * change:+.2g} %" for change in field.step)
            yield f"* {field.field} is at a step: latency {less} with a little less, {more} with more."
    total = sum(-each.elasticity for each in found.resources)
    if total > 1.05:
        yield f"At the power limit resources help one another: elasticities add up to {total:.2f},"
        yield "and shares of 'bound by' are in proportion."


def plot_sensitivity(found: Sensitivity, path: Path) -> None:
    """Write a tornado plot: speed-up with twice and half of each field, those of most worth on top.

    Raises
    ------
    PlotError
        The ending names no format, or the file cannot be written.
    """
    shown = [field for field in found.fields if _is_shown(field)][:_BARS]
    with figure_style():
        figure = new_figure(8, 1.6 + 0.32 * len(shown))
        axes = figure.subplots()
        _bars(shown, axes)
        axes.set_title(f"{found.model} on {found.accelerator}: {quantity(found.latency, 's')}")
        save(figure, path)


def _bars(shown: Sequence[FieldSensitivity], axes: Axes) -> None:
    places = range(len(shown))
    for name, colour, hatch, gains in (
        ("twice the field", BLUE, "", [field.gain_2x for field in shown]),
        ("half the field", ORANGE, "////", [field.gain_half for field in shown]),
    ):
        lengths = [gain - 1.0 for gain in gains]
        drawn: dict[str, Any] = {"left": 1.0, "color": colour, "hatch": hatch, "edgecolor": "white", "linewidth": 0.0}
        axes.barh(places, lengths, label=name, height=0.7, **drawn)
    axes.axvline(1.0, color=BLACK, linewidth=0.8)
    axes.set_xscale("log")
    low = min((gain for field in shown for gain in (field.gain_2x, field.gain_half)), default=1.0)
    high = max((gain for field in shown for gain in (field.gain_2x, field.gain_half)), default=1.0)
    ticks = [
        tick
        for tick in (0.25, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.4, 1.7, 2.0)
        if 0.95 * low <= tick <= 1.05 * high
    ]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_yticks(places, [field.field for field in shown])
    axes.invert_yaxis()
    axes.set_xlabel("speed-up")
    axes.grid(visible=False, axis="y")
    axes.legend(loc="lower right")
