"""Comparisons as tables, JSON and CSV. Nothing here computes."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from simulator.comparison import Comparison, Speedup

from .report import entry_table, quantity

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["comparison_to_csv", "comparison_to_json", "print_comparison"]


def comparison_to_json(comparison: Comparison) -> str:
    """JSON object with the fields of :class:`~simulator.comparison.Comparison`; SI units."""
    return json.dumps(comparison.to_dict(), indent=2, allow_nan=False) + "\n"


def comparison_to_csv(comparison: Comparison) -> str:
    """One row a part: ``view, name, latency, reference, ratio, low, high``; SI units."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(("view", "name", "latency", "reference", "ratio", "low", "high"))
    for view, name, part in _parts(comparison):
        ends = (part.interval.low, part.interval.high) if part.interval else (None, None)
        writer.writerow((view, name, part.latency, part.reference, part.ratio, *ends))
    return stream.getvalue()


def print_comparison(comparison: Comparison, console: Console) -> None:
    """Table for people, within 80 columns."""
    c = comparison
    console.print(f"[bold]{c.model}[/bold]: {c.accelerator} against {c.reference}", highlight=False)
    console.print(f"differs in: {', '.join(c.changes) or 'nothing'}\n", highlight=False)
    table = entry_table("part", "latency", "reference", "speed-up", "80 % interval")
    for view, name, part in _parts(comparison):
        table.add_row(f"{view} {name}" if name else view, *_cells(part))
    console.print(table)
    console.print()
    for note in _notes(comparison):
        console.print(note, highlight=False)


def _parts(comparison: Comparison) -> Iterator[tuple[str, str, Speedup]]:
    yield "whole", "", comparison.whole
    for view, parts in (("stage", comparison.by_stage), ("category", comparison.by_category)):
        for name, part in parts.items():
            yield view, name, part


def _cells(part: Speedup) -> tuple[str, ...]:
    ends = "" if part.interval is None else f"{part.interval.low:.3g} to {part.interval.high:.3g}"
    return quantity(part.latency, "s"), quantity(part.reference, "s"), f"{part.ratio:.3g}", ends


def _notes(comparison: Comparison) -> Iterator[str]:
    yield "speed-up: time of the reference over that of the run."
    interval = comparison.whole.interval
    if interval is None:
        yield "a bound from the datasheet has no interval."
        return
    yield (
        f"{100 * interval.level:.0f} % intervals of such changes held {100 * interval.coverage:.0f} % of "
        f"{interval.count} pairs of published runs, by a factor that had not seen their accelerators; "
        "what both runs are off by together cancels."
    )
    yield "of parts, the intervals are made alike; nobody counted how often they hold."
