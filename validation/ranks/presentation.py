"""Messages between ranks as a table on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .collectives import CollectiveTime

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["render_collectives"]

_NUM_ROWS = 15
#: What one rank's file tells of its messages.
_TOGETHER = (
    "predicted is the time to move the messages; at most: had each taken as long as the shortest of its kind",
    "beyond the prediction lies waiting for other ranks or a slower link: one rank's file cannot tell which;",
    "--ranks FILE, once for each other rank, does",
)


def render_collectives(rows: Sequence[CollectiveTime], console: Console) -> None:
    """Print messages between ranks, and what of their time is waiting."""
    from rich.table import Table

    apart = any(row.moving is not None for row in rows)
    table = Table(box=None, header_style="bold", pad_edge=False, title="messages between ranks", title_justify="left")
    table.add_column("message", overflow="fold")
    for column in ("calls", "measured", "predicted", *(("moving", "waiting") if apart else ("at most", "beyond"))):
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows[:_NUM_ROWS]:
        found = (row.moving, row.waiting) if apart else (row.at_most, row.beyond)
        times = ("?" if time is None else _time(time) for time in (row.predicted, *found))
        table.add_row(row.message, str(row.calls), _time(row.measured), *times)
    console.print(table)
    if len(rows) > _NUM_ROWS:
        console.print(f"{len(rows) - _NUM_ROWS} more; --format json has all", highlight=False)
    for line in _apart_lines(rows) if apart else _TOGETHER:
        console.print(line, highlight=False)


def _apart_lines(rows: Sequence[CollectiveTime]) -> list[str]:
    lines = [
        f"of {max(row.ranks for row in rows)} ranks: the last to arrive at a message moves it (its kernel is the "
        "shortest), the others wait; means over these ranks",
    ]
    if any(row.moving is None for row in rows):
        lines.append("?: not the same number of messages on all ranks, or ranks of several groups")
    return lines


def _time(seconds: float) -> str:
    for factor, unit in ((1.0, "s"), (1e3, "ms")):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3f} {unit}"
    return f"{seconds * 1e6:.1f} us"
