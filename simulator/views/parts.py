"""Parts of a run by one key as a table, JSON and CSV: those that take longest, and what is left out."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .answer import bounds_text, print_answer
from .numbers import ends_text, entry_table, more_line, quantity

if TYPE_CHECKING:
    from rich.console import Console

    from simulator.profile.parts import Part
    from simulator.profile.upgrade import Upgrade
    from simulator.report import Report

__all__ = ["ROWS", "parts_to_csv", "parts_to_json", "print_parts"]

#: Rows of a table for people where nobody says how many.
ROWS = 20


def print_parts(
    report: Report, by: str, parts: Sequence[Part], console: Console, *, top: int = ROWS, gains: Sequence[Upgrade] = ()
) -> None:
    """The answer, and one table.

    Parameters
    ----------
    report : Report
    by : str
        What the parts are told apart by.
    parts : sequence of Part
        The longest first.
    console : Console
    top : int, optional
        Rows.
    gains : sequence of Upgrade, optional
        What better resources would bring.
    """
    print_answer(report, console, gains)
    table = entry_table(by, "latency", "80 % interval", "share", "launches", "FLOPs", "bytes", "bound by")
    for part in parts[:top]:
        table.add_row(
            part.name,
            quantity(part.latency, "s"),
            ends_text(part.interval),
            f"{100 * part.share:.1f} %",
            f"{part.launches:,.0f}",
            quantity(part.flops, "FLOP"),
            quantity(part.bytes, "B"),
            bounds_text(part.bound, most=2),
        )
    console.print(table)
    left = parts[top:]
    if left:
        console.print(more_line(len(left), sum(part.share for part in left)), highlight=False)
    for item in report.unmodelled:
        console.print(f"unmodelled: {item.operator}, {item.calls} calls; its time is missing", highlight=False)


def parts_to_json(report: Report, by: str, parts: Sequence[Part], top: int | None) -> str:
    """JSON object: the run, its `parts`, and `left_out`, which has number, latency and share of the others."""
    shown, left = parts[:top], () if top is None else parts[top:]
    latency = sum(part.latency for part in left)
    share = sum(part.share for part in left)
    found = {
        "model": report.model,
        "accelerator": report.accelerator,
        "fidelity": report.fidelity,
        "latency": report.latency,
        "by": by,
        "parts": [part.to_dict() for part in shown],
        "left_out": {"count": len(left), "latency": latency, "share": share},
    }
    return json.dumps(found, indent=2, allow_nan=False) + "\n"


def parts_to_csv(parts: Sequence[Part], top: int | None) -> str:
    """One row a part, as :meth:`simulator.profile.parts.Part.to_dict` has it; SI units."""
    stream = io.StringIO()
    rows = [part.to_dict() for part in parts[:top]]
    writer = csv.DictWriter(stream, fieldnames=list(rows[0]) if rows else ["name"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()
