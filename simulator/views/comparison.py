"""Comparisons as tables, JSON and CSV. Nothing here computes."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from simulator.comparison import Comparison, Speedup

from .numbers import entry_table, print_hanging, quantity

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["ComparedParts", "comparison_to_csv", "comparison_to_json", "print_comparison"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedParts:
    """Parts by one key that take the place of stages and categories: the first `top` of them, None for all."""

    by: str
    parts: Mapping[str, Speedup]
    top: int | None = None

    @property
    def shown(self) -> dict[str, Speedup]:
        """The first of them."""
        return dict(list(self.parts.items())[: self.top])

    @property
    def left(self) -> int:
        """How many are not shown."""
        return len(self.parts) - len(self.shown)


def comparison_to_json(comparison: Comparison, chosen: ComparedParts | None = None) -> str:
    """JSON object with the fields of :class:`~simulator.comparison.Comparison`, or the parts by a key; SI units."""
    found = comparison.to_dict()
    if chosen is not None:
        parts = [{"name": name, **asdict(part)} for name, part in chosen.shown.items()]
        whole = {name: value for name, value in found.items() if not name.startswith("by_")}
        found = {**whole, "by": chosen.by, "parts": parts, "left_out": {"count": chosen.left}}
    return json.dumps(found, indent=2, allow_nan=False) + "\n"


def comparison_to_csv(comparison: Comparison, chosen: ComparedParts | None = None) -> str:
    """One row a part: ``view, name, latency, reference, ratio, low, high``; SI units."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(("view", "name", "latency", "reference", "ratio", "low", "high"))
    for view, name, part in _parts(comparison, chosen):
        ends = (part.interval.low, part.interval.high) if part.interval else (None, None)
        writer.writerow((view, name, part.latency, part.reference, part.ratio, *ends))
    return stream.getvalue()


def print_comparison(comparison: Comparison, console: Console, chosen: ComparedParts | None = None) -> None:
    """The answer and a table for people, within 80 columns; of the parts by a key where one is chosen."""
    c = comparison
    console.print(f"{c.model}: {c.accelerator} against {c.reference}\n", style="bold", highlight=False)
    for name, text in _answer(comparison):
        print_hanging(console, name, text)
    console.print()
    table = entry_table("part", "latency", "reference", "speed-up", "80 % interval")
    for view, name, part in _parts(comparison, chosen):
        table.add_row(f"{view} {name}" if name else view, *_cells(part))
    console.print(table)
    if chosen is not None and chosen.left:
        console.print(f"{chosen.left} more", highlight=False)
    console.print()
    for note in _notes(comparison):
        console.print(note, highlight=False)


def _answer(comparison: Comparison) -> Iterator[tuple[str, str]]:
    whole = comparison.whole
    times = f"{quantity(whole.latency, 's')} against {quantity(whole.reference, 's')}"
    yield "how much", f"{whole.ratio:.3g}x as fast as the reference: {times}"
    if whole.interval is not None:
        i = whole.interval
        ends = f"{100 * i.level:.0f} % interval {i.low:.3g}x to {i.high:.3g}x"
        yield "how sure", f"{ends}; such ones held {100 * i.coverage:.0f} % of {i.count} pairs of published runs"
    yield "differs in", ", ".join(comparison.changes) or "nothing"


def _parts(comparison: Comparison, chosen: ComparedParts | None) -> Iterator[tuple[str, str, Speedup]]:
    yield "whole", "", comparison.whole
    views = (("stage", comparison.by_stage), ("category", comparison.by_category))
    for view, parts in views if chosen is None else ((chosen.by, chosen.shown),):
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
        f"{100 * interval.level:.0f} % intervals of such changes were counted by a factor that had not seen their "
        "accelerators; what both runs are off by together cancels."
    )
    yield "of parts, the intervals are made alike; nobody counted how often they hold."
