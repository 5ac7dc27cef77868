"""A front for people: one line a design, fields and figures in readable units."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hw_specs import format_quantity
from simulator.whatif.study.evaluation import figure_units

from .search import OBJECTIVES, Front

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["apart", "cell_text", "drawn_figures", "front_columns", "front_units", "print_front", "short_name"]

# How far apart numbers of points stand, in parts of an axis.
_APART = 0.03
# Figures that a front is not held against others by.
_BESIDE = frozenset({"fits", "latency_low", "latency_high"})
_PRINTED = frozenset({"B", "B/s", "FLOP/s", "Hz", "J", "W", "s"})


def print_front(front: Front, folder: Path, console: Console) -> None:
    """Print the designs of a front, and where their files are."""
    from rich.table import Table

    study = front.study
    best = ", ".join(study.file.search.objectives)
    console.print(f"{study.file.title}: best in {best}, {len(front)} of {front.tried:,} designs", highlight=False)
    if not len(front):
        console.print("no design meets all constraints; loosen them, or widen the fields", highlight=False)
        return
    columns, units = front_columns(front), front_units(front)
    table = Table(box=None, pad_edge=False)
    table.add_column("", justify="right")
    for name in columns:
        table.add_column(short_name(name), justify="right")
    for number in range(len(front)):
        cells = (cell_text(values[number], units.get(name, "")) for name, values in columns.items())
        table.add_row(str(number + 1), *cells)
    console.print(table)
    console.print(f"files that --hw takes, front.csv and front.png: {folder}", highlight=False, soft_wrap=True)


def front_columns(front: Front) -> dict[str, NDArray[Any]]:
    """What is shown of every design: fields, then figures."""
    return {**front.fields, **{name: values for name, values in front.figures.items() if name not in _BESIDE}}


def front_units(front: Front) -> dict[str, str]:
    """Units of fields and figures."""
    return {field.name: field.unit or "" for field in front.study.numbers} | dict(figure_units(front.study))


def short_name(name: str) -> str:
    """Last two parts of a path: ``dram.bandwidth``."""
    return ".".join(name.split(".")[-2:])


def cell_text(value: Any, unit: str) -> str:
    """A value of a field or a figure for people."""
    if isinstance(value, str) or value is None:
        return str(value or "")
    number = float(value)
    if math.isnan(number):
        return "-"
    return format_quantity(number, unit) if unit in _PRINTED else f"{number:.4g}"


def drawn_figures(front: Front) -> tuple[str, str, str | None]:
    """Figures of a picture, across, up and as shade: objectives, and another figure where there is one alone."""
    across, *others = front.study.file.search.objectives
    up = others[0] if others else next(name for name in OBJECTIVES if name != across)
    return across, up, others[1] if len(others) > 1 else None


def apart(front: Front, across: str, up: str) -> list[str]:
    """Numbers of designs whose points are so far from those before that both can be read, empty texts of others."""
    figures = (front.figures[across], front.figures[up])
    places = np.column_stack([(each - np.nanmin(each)) / (np.ptp(each) or 1.0) for each in figures])
    shown: list[int] = []
    for at, place in enumerate(places):
        if all(np.abs(place - places[other]).max() > _APART for other in shown):
            shown.append(at)
    return [str(at + 1) if at in shown else "" for at in range(len(places))]
