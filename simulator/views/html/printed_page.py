"""Pages of what commands print as tables, with a figure above: comparisons, sweeps, projections, traces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

from simulator.uncertainty.ratios import RatioInterval

from .drawing import COLOURS, axis, hover, layout
from .page import Chart, Page, Section, Table
from .provenance import made_by, origins_section

if TYPE_CHECKING:
    from rich.console import Console

    from hw_specs import Accelerator, CalibrationPool

__all__ = ["Range", "printed_page", "ranges_chart", "with_ends"]

#: Name of a row, its value, and the ends of its interval where it has one.
Range = tuple[str, float, float | None, float | None]


class _Recorder:
    """Stands in for a console: keeps texts and tables in order."""

    #: A page breaks lines by itself. [columns]
    width = 10_000

    def __init__(self) -> None:
        self.kept: list[str | Table] = []

    def print(self, what: Any = "", **_: object) -> None:
        """Keep what would be printed."""
        from rich.table import Table as Printed

        if isinstance(what, Printed):
            self.kept.append(_table(what))
            return
        self.kept += [line.strip() for line in str(what).splitlines() if line.strip()]


def _table(printed: Any) -> Table:
    """A table for a terminal as one of a page; the names of a printed one stand to the left."""
    columns = [[str(cell) for cell in column.cells] for column in printed.columns]
    heads = [str(column.header) for column in printed.columns]
    caption = str(printed.title) if printed.title else (heads[0] or "figures").capitalize()
    return Table(caption=caption, columns=heads, rows=list(zip(*columns, strict=True)))


def printed_page(
    render: Callable[[Console], None],
    *,
    title: str,
    answer: str,
    subtitle: str = "",
    facts: Sequence[tuple[str, str]] = (),
    charts: Sequence[Chart] = (),
    tables: Sequence[Table] = (),
    remarks: Sequence[str] = (),
    origins: Sequence[tuple[Accelerator, CalibrationPool]] = (),
    command: str = "",
) -> Page:
    """Page of a result from what prints it on a console.

    Parameters
    ----------
    render : callable
        Prints texts and tables.
    title, answer : str
        Heading, and the result in one sentence.
    subtitle : str
    facts : sequence of (str, str)
        Name and text of what stands beside the answer.
    charts : sequence of Chart
    tables : sequence of Table
        Beside those that are printed.
    remarks : sequence of str
        What is said beside the result.
    origins : sequence of (Accelerator, CalibrationPool)
        What the result rests on: accelerators, and what each was predicted with.
    command : str
        Command line that made it.
    """
    recorder = _Recorder()
    render(cast("Console", recorder))
    lines = [kept for kept in recorder.kept if isinstance(kept, str)]
    printed = [kept for kept in recorder.kept if isinstance(kept, Table)]
    figures = [Section(name="figures", title="Figures", blocks=charts)] if charts else []
    return Page(
        title=title,
        subtitle=subtitle,
        answer=answer,
        facts=facts,
        sections=[
            *figures,
            Section(name="tables", title="Tables", blocks=[*printed, *tables]),
            Section(name="notes", title="Notes", text=[*lines, *remarks]),
            origins_section(origins, command),
        ],
        made_by=made_by(command),
    )


def with_ends(name: str, value: float, interval: RatioInterval | None) -> Range:
    """A row of a ratio and its interval, where it has one."""
    low, high = (None, None) if interval is None else (interval.low, interval.high)
    return name, value, low, high


def ranges_chart(
    name: str,
    rows: Sequence[Range],
    *,
    title: str,
    says: str,
    unit: str,
    text: Callable[[float], str],
    line: float | None = None,
) -> Chart:
    """Values with intervals on a logarithmic axis, a row each.

    Parameters
    ----------
    name, title, says : str
        As of :class:`Chart`.
    rows : sequence of Range
        From the top.
    unit : str
        What the axis shows.
    text : callable
        A value for people.
    line : float, optional
        Where a dashed line stands: 1 of a ratio.
    """
    shown = [row for row in rows if row[1] > 0]
    known = [(low, high) for _, _, low, high in shown]
    shapes = []
    if line is not None:
        ends = {"xref": "x", "yref": "paper", "x0": line, "x1": line, "y0": 0, "y1": 1}
        shapes = [{"type": "line", **ends, "line": {"dash": "dash", "width": 1, "color": "#7a8791"}}]
    interval = any(low is not None for low, _ in known)
    return Chart(
        name=name,
        title=title,
        says=says,
        traces=[_whiskers(shown, text)],
        layout=layout(
            x=axis(unit, type="log"),
            y=axis("", autorange="reversed", type="category"),
            showlegend=False,
            shapes=shapes,
        ),
        table=Table(
            caption=title,
            columns=("", "value", *(("low", "high") if interval else ())),
            rows=[
                (label, *("" if v is None else text(v) for v in (value, low, high)[: 3 if interval else 1]))
                for label, value, low, high in rows
            ],
        ),
        height=140 + 30 * len(shown),
    )


def _whiskers(rows: Sequence[Range], text: Callable[[float], str]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [value for _, value, _, _ in rows],
        "y": [label for label, *_ in rows],
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [0.0 if high is None else max(high - value, 0.0) for _, value, _, high in rows],
            "arrayminus": [0.0 if low is None else max(value - low, 0.0) for _, value, low, _ in rows],
        },
        "text": [hover([f"{row[0]}: {_said(row, text)}"]) for row in rows],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {"size": 10, "color": COLOURS["attention_temporal"]},
    }


def _said(row: Range, text: Callable[[float], str]) -> str:
    _, value, low, high = row
    return text(value) if low is None or high is None else f"{text(value)}, {text(low)} to {text(high)}"
