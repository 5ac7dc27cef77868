"""Numbers and tables as they are printed for people: quantities with prefixes, intervals, rows of parts."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from simulator.report import Ends

__all__ = ["ends_text", "entry_table", "long_time", "more_line", "print_hanging", "quantity", "time_text"]

#: Room for the name of a fact, before what is said of it. [columns]
_NAME = 14

_PREFIXES = (
    (1e15, "P"),
    (1e12, "T"),
    (1e9, "G"),
    (1e6, "M"),
    (1e3, "k"),
    (1.0, ""),
    (1e-3, "m"),
    (1e-6, "u"),
    (1e-9, "n"),
)


def quantity(value: float, unit: str, digits: int = 4) -> str:
    """Four digits with a decimal prefix: 2.039e12 B/s is ``2.039 TB/s``; zero is ``0 B/s``.

    Nobody counts in thousands of seconds: 1238 s is ``1238 s``.
    """
    if unit == "s" and abs(value) >= 1.0:
        return f"{value:.0f} s" if abs(value) >= 10.0**digits else f"{value:.{digits}g} s"
    scale, prefix = next((p for p in _PREFIXES if abs(value) >= p[0]), (1e-12, "p") if value else (1.0, ""))
    return f"{value / scale:.{digits}g} {prefix}{unit}".rstrip()


def time_text(seconds: float) -> str:
    """A time with four digits."""
    return quantity(seconds, "s")


def long_time(seconds: float) -> str:
    """A time of minutes and hours in their words, empty for shorter ones."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if seconds < 120:
        return ""
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def ends_text(ends: Ends | None) -> str:
    """Both ends of an interval of a time, nothing where there is none."""
    return "" if ends is None else f"{_brief(ends.low)} to {_brief(ends.high)}"


def _brief(seconds: float) -> str:
    """Three digits: an end of an interval is not known any better."""
    return quantity(float(f"{seconds:.3g}"), "s")


def more_line(count: int, share: float) -> str:
    """What a table leaves out."""
    return f"{count} more, {100 * share:.1f} %"


def entry_table(*columns: str) -> Table:
    """Table of parts: their names to the left, numbers to the right, what bounds them to the left."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2), header_style="bold")
    table.add_column(columns[0], no_wrap=True, overflow="fold")
    for name in columns[1:]:
        table.add_column(name, justify="left" if name == "bound by" else "right", no_wrap=True)
    return table


def print_hanging(console: Console, name: str, text: str, style: str = "") -> None:
    """Print a fact with its name before it, in lines of no more than the console's width."""
    lines = textwrap.wrap(text, max(console.width - _NAME - 2, 20), break_on_hyphens=False)
    for first, line in zip((name, *[""] * len(lines)), lines, strict=False):
        words = f"  {first:<{_NAME}}{line}"
        console.print(words, style=style or None, highlight=False, soft_wrap=True)
