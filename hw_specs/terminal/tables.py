"""Tables on a terminal of any width: columns that say least go first, and long names are shortened in the middle.

What tells two names apart stands at their ends (``text_encoder_2``), and the number that was asked for stands in the
middle of a row: cut at the right edge, a table loses both.
"""

from __future__ import annotations

import os
import sys
import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from .visible import visible

__all__ = ["FittedConsole", "counted", "hanging", "shortened", "terminal_console", "text_table", "width_of"]

#: Columns that are left out where there is no room, the first one first. What comes after them is left out from the
#: right, but for those that a table is looked at for.
_LEAST_SAID = (
    "bytes",
    "FLOPs",
    "remark",
    "source",
    "coverage",
    "weighted",
    "title",
    "dtype",
    "steps",
    "output",
    "sequences",
    "heads",
    "dim",
    "of",
    "year",
    "architecture",
    "vendor",
    "fp16",
    "energy",
    "outputs/s",
    "repeat",
    "repeats",
    "calls",
    "launches",
    "80_%",
    "80_%_range",
    "80_%_interval",
    "kernel",
    "share",
)
_MOST_SAID = (
    "latency",
    "measured",
    "measured_/_predicted",
    "MAPE",
    "query",
    "key",
    "predicted",
    "error",
    "value",
    "finding",
    "name",
    "bound_by",
    "speed-up",
    "as_shipped",
    "fits",
    "bandwidth",
    "memory",
    "power",
)
#: Least room for the names of rows, and for text that may be broken into lines. [columns]
_NAME, _WRAPPED = 16, 24
#: Width where nothing is bounded, and of an indented line. [columns]
_UNBOUND, _INDENT = 10_000, 4
#: Lines of a console, which nothing that is printed depends on.
_HEIGHT = 25


def width_of(default: int) -> int:
    """Width of what is printed: what ``COLUMNS`` says, else the terminal's own, else a default. [columns]

    A terminal that does not know its width has 80 columns.
    """
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and len(given) < 5 and int(given) > 0:
        return max(int(given), 20)
    if not sys.stdout.isatty():
        return default
    return max(os.get_terminal_size(sys.stdout.fileno()).columns or 80, 20)


def text_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, left: int = 1, names: int = 0) -> str:
    """Rows below their header as text, which fits where it is printed; as wide as it is where nobody said a width.

    Parameters
    ----------
    columns : sequence of str
    rows : iterable of sequences of str
    left : int, optional
        Columns that begin at the left; those after them end at the right.
    names : int, optional
        Room that names in the first column need to be told from one another, which goes before other columns. [columns]
    """
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="", show_edge=False)
    for place, column in enumerate(columns):
        table.add_column(column, justify="left" if place < left else "right", no_wrap=True)
    table.columns[0].min_width = names or None
    for row in rows:
        table.add_row(*row)
    console = terminal_console(_UNBOUND)
    with console.capture() as capture:
        console.print(table)
    return "".join(f"{line.rstrip()}\n" for line in capture.get().splitlines())


def hanging(before: str, text: str) -> str:
    """Text after what stands before it, broken into lines that begin below one another where it is printed.

    Where little room is left, it begins on a line of its own.
    """
    width = width_of(_UNBOUND)
    if len(before) + len(text) <= width:
        return before + text
    beside = not before.strip() or width - len(before) >= max(_WRAPPED, *map(len, text.split()))
    indent, first = (len(before), before) if beside else (_INDENT, f"{before.rstrip()}\n{'':{_INDENT}}")
    lines = textwrap.wrap(text, max(width - indent, _WRAPPED), break_on_hyphens=False)
    return first + f"\n{'':{indent}}".join(lines)


def counted(counts: Counter[str]) -> list[str]:
    """Lines of what there is so many of, the most first: the number, and what it is."""
    return [line for what, count in counts.most_common() for line in hanging(f"{count:>6}  ", what).splitlines()]


def terminal_console(default: int, **options: Any) -> FittedConsole:
    """Console as wide as :func:`width_of` says, whose tables fit into it."""
    # A console told no height takes any terminal named "dumb" for one of 80 columns.
    return FittedConsole(width=width_of(default), height=_HEIGHT, **options)


class FittedConsole(Console):
    """Console that fits the tables that it prints, and shows names as they are: nothing in them is markup or obeyed."""

    def __init__(self, **options: Any) -> None:  # noqa: D107
        super().__init__(markup=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """Text of what is printed, and of cells."""
        return super().render_str(visible(text), **options)

    def print(self, *objects: Any, **options: Any) -> None:
        """Print, tables as :func:`_fitted` has them."""
        super().print(*(_fitted(o, self) if isinstance(o, Table) else o for o in objects), **options)


def shortened(text: str, width: int) -> str:
    """Text of at most a width, without its middle where it is longer.

    Examples
    --------
    >>> shortened("unet.down_blocks.2.attentions.0.to_q", 20)
    'unet.down..ns.0.to_q'
    """
    if len(text) <= width:
        return text
    end = max(width - 2, 2) // 2
    return f"{text[: max(width - 2 - end, 1)]}..{text[-end:]}"


def _fitted(table: Table, console: Console) -> Table:
    """The table where it fits, else one of its columns that do, with shortened names."""
    needed = [_needed(table, place, console) for place in range(len(table.columns))]
    least = min(needed[0], max(_NAME, table.columns[0].min_width or 0, len(str(table.columns[0].header))))
    kept = _kept([str(column.header) for column in table.columns], [least, *needed[1:]], _gap(table), console.width)
    others = sum(needed[place] for place in kept[1:]) + _gap(table) * (len(kept) - 1)
    if len(kept) == len(needed) and others + needed[0] <= console.width:
        return table
    room = max(console.width - others, _NAME)
    fitted = Table(box=table.box, pad_edge=table.pad_edge, padding=table.padding, header_style=table.header_style)
    fitted.title, fitted.title_justify = table.title, table.title_justify
    for place in kept:
        column = table.columns[place]
        fitted.add_column(column.header, justify=column.justify, no_wrap=column.no_wrap, overflow=column.overflow)
    fitted.columns[0].min_width = min(table.columns[0].min_width or 0, room) or None
    for row in zip(*(list(table.columns[place].cells) for place in kept), strict=True):
        fitted.add_row(_short(row[0], room), *row[1:])
    return fitted


def _kept(names: Sequence[str], needed: Sequence[int], gap: int, width: int) -> list[int]:
    """Places of the columns that there is room for."""
    kept = list(range(len(names)))
    said = [name.replace(" ", "_") for name in names]
    named = [said.index(name) for name in _LEAST_SAID if name in said[1:]]
    others = [place for place in reversed(kept[1:]) if place not in named and said[place] not in _MOST_SAID]
    for place in (*named, *others):
        if sum(needed[other] for other in kept) + gap * (len(kept) - 1) <= width:
            break
        kept.remove(place)
    return kept


def _needed(table: Table, place: int, console: Console) -> int:
    """Width of a column; of one whose text may be broken, no more than is comfortable."""
    column = table.columns[place]
    cells = (column.header, *column.cells)
    widest = max(Measurement.get(console, console.options.update(width=10_000), cell).maximum for cell in cells)
    widest = max(widest, column.min_width or 0)
    return widest if column.no_wrap or place == 0 else min(widest, _WRAPPED)


def _gap(table: Table) -> int:
    """Columns between two columns."""
    _, right, _, left = table.padding if isinstance(table.padding, tuple) and len(table.padding) == 4 else (0, 1, 0, 1)
    return right + left


def _short(cell: Any, width: int) -> Any:
    """First cell of a row, shortened where it is plain text on a line."""
    if isinstance(cell, str) and "\n" not in cell:
        return cell if len(cell) <= width else Text(visible(shortened(cell, width)))
    return cell
