"""Runs side by side as a table for people, within 80 columns. Nothing here computes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from simulator.uncertainty.relatives import UNMEASURED, load_relatives
from simulator.views.numbers import quantity

from .compare import ComparedRun, SideBySide, UncertainOrder

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

__all__ = ["print_side_by_side", "span"]


def print_side_by_side(found: SideBySide, console: Console, remarks: Sequence[str] = ()) -> None:
    """A list of the runs, their figures, what holds each category back, and what is not certain; some remarks."""
    for line in _rests_on(found.runs):
        console.print(line, style="bold", highlight=False)
    for model in dict.fromkeys(run.model for run in found.runs):
        rows = [(at, run) for at, run in enumerate(found.runs, start=1) if run.model == model]
        console.print(f"{model}  {_workload(rows[0][1])}", style="bold", highlight=False)
        for at, run in rows:
            console.print(f"{at:>3}  {run.accelerator}{_settings(run)}", highlight=False)
        console.print()
        console.print(_figures(rows))
        console.print()
        console.print(_bounds(rows))
        console.print()
    for line in (*_notes(found), *remarks):
        console.print(line, highlight=False)


def _rests_on(runs: Sequence[ComparedRun]) -> Iterator[str]:
    """Which runs rest on parts without a measured relative: their order among others is worth little."""
    places = [at for at, run in enumerate(runs, start=1) if run.report.unmeasured > UNMEASURED]
    if not places:
        return
    off = math.exp(load_relatives().deviation)
    named = "every run" if len(places) == len(runs) else ", ".join(map(str, places))
    yield f"Nothing measured: {named} on parts without a measured relative;"
    yield f"runs on such parts were off by a factor of {off:.2f}."


def _workload(run: ComparedRun) -> str:
    known = run.report.workload.items()
    return ", ".join(f"{name} {value}" for name, value in known if value is not None and name not in run.settings)


def _settings(run: ComparedRun) -> str:
    return "".join(f", {name} {value}" for name, value in run.settings.items() if value is not None)


def _figures(rows: Sequence[tuple[int, ComparedRun]]) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    priced = any(run.cost is not None for _, run in rows)
    for name in (
        "",
        "latency",
        "80 %",
        "speed-up",
        "80 %",
        "faster",
        "energy",
        "memory",
        "fits",
        *(("cost",) if priced else ()),
    ):
        table.add_column(name, justify="right", no_wrap=True)
    for at, run in rows:
        table.add_row(*_cells(at, run), *((_cost(run),) if priced else ()))
    return table


def _cells(at: int, run: ComparedRun) -> tuple[str, ...]:
    gain = run.gain.interval
    return (
        str(at),
        quantity(run.latency, "s"),
        "" if run.interval is None else span(*run.interval, "s"),
        f"{run.gain.ratio:.3g}",
        "" if gain is None or gain.low == gain.high else f"{gain.low:.3g} to {gain.high:.3g}",
        "" if run.faster is None or gain is None or gain.low == gain.high else f"{100 * run.faster:.0f} %",
        "" if run.energy is None else quantity(run.energy, "J", 3),
        quantity(run.peak_memory, "B", 3),
        "yes" if run.fits else "no",
    )


def _cost(run: ComparedRun) -> str:
    return "" if run.cost is None else f"{run.cost:.4g}" if abs(run.cost) < 1e4 else f"{run.cost:,.0f}"


def span(low: float, high: float, unit: str) -> str:
    """Both ends with the prefix of the upper one."""
    value, _, prefixed = quantity(high, unit).partition(" ")
    scale = high / float(value)
    return f"{low / scale:.3g} to {high / scale:.3g} {prefixed}"


def _bounds(rows: Sequence[tuple[int, ComparedRun]]) -> Table:
    """What most holds each category back, and in which runs."""
    from rich.table import Table

    table = Table("category", "held back by, and in which runs", box=None, pad_edge=False, header_style="bold")
    for category in dict.fromkeys(name for _, run in rows for name in run.bounds):
        table.add_row(category, "; ".join(_bounds_of(category, rows)))
    return table


def _bounds_of(category: str, rows: Sequence[tuple[int, ComparedRun]]) -> Iterator[str]:
    found: dict[str, list[tuple[int, float]]] = {}
    for at, run in rows:
        if category in run.bounds:
            name, share = max(asdict(run.bounds[category]).items(), key=lambda item: item[1])
            found.setdefault(name, []).append((at, share))
    for name, runs in found.items():
        low, high = min(share for _, share in runs), max(share for _, share in runs)
        shares = f"{100 * low:.0f}" if round(100 * low) == round(100 * high) else f"{100 * low:.0f}-{100 * high:.0f}"
        where = "" if len(found) == 1 else f" in {', '.join(str(at) for at, _ in runs)}"
        yield f"{name} {shares} %{where}"


def _notes(found: SideBySide) -> Iterator[str]:
    if found.uncertain:
        yield "Not certain: the order of " + "; of ".join(_chains(found.uncertain)) + "."
        yield "(From fast to slow as predicted; the 80 % interval of the ratio of neighbours holds 1.)"
        yield from map(_doubt, found.uncertain)
    yield from found.remarks


def _doubt(pair: UncertainOrder) -> str:
    return (
        f"{pair.faster + 1} is faster than {pair.slower + 1} with {100 * pair.probability:.0f} %; "
        f"their intervals overlap by {100 * pair.overlap:.0f} %."
    )


def _chains(pairs: Sequence[UncertainOrder]) -> Iterator[str]:
    """Runs that follow one another in doubt: ``3, 1 and 2``."""
    chain: list[int] = []
    for pair in pairs:
        if chain and chain[-1] != pair.faster:
            yield _listed(chain)
            chain = []
        chain = [*(chain or [pair.faster]), pair.slower]
    yield _listed(chain)


def _listed(places: Sequence[int]) -> str:
    *others, last = (str(place + 1) for place in places)
    return f"{', '.join(others)} and {last}"
