"""A front for people: one line a design, fields and figures in readable units."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hw_specs import format_quantity
from simulator.whatif.study.evaluation import figure_units

from .search import Front

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["print_front"]

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
    units = {field.name: field.unit or "" for field in study.numbers} | figure_units(study)
    columns = {**front.fields, **{name: front.figures[name] for name in front.figures if name != "fits"}}
    table = Table(box=None, pad_edge=False)
    table.add_column("", justify="right")
    for name in columns:
        table.add_column(
            name.rpartition(".")[2] if name.count(".") < 2 else ".".join(name.split(".")[-2:]), justify="right"
        )
    for number in range(len(front)):
        cells = (_cell(values[number], units.get(name, "")) for name, values in columns.items())
        table.add_row(str(number + 1), *cells)
    console.print(table)
    console.print(f"files that --hw takes, front.csv and front.png: {folder}", highlight=False, soft_wrap=True)


def _cell(value: Any, unit: str) -> str:
    if isinstance(value, str) or value is None:
        return str(value or "")
    number = float(value)
    if math.isnan(number):
        return "-"
    return format_quantity(number, unit) if unit in _PRINTED else f"{number:.4g}"
