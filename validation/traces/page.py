"""A comparison of a trace with predictions as a page. Nothing here computes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from simulator.views.html.drawing import (
    COLOURS,
    SYMBOLS,
    axis,
    category_label,
    hover,
    layout,
    percent,
    time_text,
)
from simulator.views.html.page import Chart, Page, Table
from simulator.views.html.printed_page import printed_page
from validation.errors.trace_comparison import ComparedOperator, TraceComparison
from validation.errors.trace_presentation import render

__all__ = ["trace_page"]

_MARKS = 1500
_ROWS = 40


def trace_page(comparison: TraceComparison, command: str) -> Page:
    """Page of measured kernels beside predicted ones."""
    c = comparison
    return printed_page(
        lambda console: render(c, console),
        title=f"{c.trace}: measured and predicted",
        answer=(
            f"{time_text(c.measured_time)} of device time on {c.device or 'an unnamed device'}, "
            f"{percent(c.coverage, 1)} of it predicted for {c.accelerator}: {time_text(c.predicted_time)} for "
            f"{time_text(c.covered_time)} ({c.total_error:+.1%}); error weighted by time "
            f"{percent(c.time_weighted_error, 1)}."
        ),
        charts=[_scatter(c), _bars(c)],
        command=command,
    )


def _scatter(c: TraceComparison) -> Chart:
    """Time of one call, measured and predicted, one mark an operator."""
    rows = sorted((r for r in c.operators if r.measured > 0 and r.predicted > 0), key=lambda r: -r.measured)
    shown = rows[:_MARKS]
    times = [time / r.calls for r in shown for time in (r.measured, r.predicted)] or [1e-6, 1.0]
    ends = [min(times), max(times)]
    line = {"type": "scatter", "mode": "lines", "name": "alike", "x": ends, "y": ends, "hoverinfo": "skip"}
    marks = [_marks(c, category, [r for r in shown if r.category == category]) for category in c.by_category]
    return Chart(
        name="operators",
        title="Operators",
        says=f"Time of one call of {len(shown)} of {len(rows)} distinct operators; areas are shares of measured time.",
        traces=[{**line, "line": {"dash": "dash", "color": "#7a8791"}}, *(m for m in marks if m["x"])],
        layout=layout(
            x=axis("measured time of a call [s]", type="log", exponentformat="SI extended"),
            y=axis("predicted time of a call [s]", type="log", exponentformat="SI extended"),
            legend={"itemsizing": "constant"},
        ),
        table=_table(shown),
        height=520,
    )


def _marks(c: TraceComparison, category: str, rows: Sequence[ComparedOperator]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": category_label(category),
        "x": [r.measured / r.calls for r in rows],
        "y": [r.predicted / r.calls for r in rows],
        "text": [hover([_operator(r), _times(r)]) for r in rows],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {
            "size": [max(5.0, 42.0 * (r.measured / (c.measured_time or 1.0)) ** 0.5) for r in rows],
            "color": COLOURS.get(category, "#7f7f7f"),
            "symbol": SYMBOLS.get(category, "circle"),
            "opacity": 0.8,
            "line": {"width": 0.7, "color": "#555555"},
        },
    }


def _times(row: ComparedOperator) -> str:
    return f"{row.calls} calls, measured {time_text(row.measured)}, predicted {time_text(row.predicted)}"


def _operator(row: ComparedOperator) -> str:
    return f"{row.operator} {' '.join('x'.join(map(str, shape)) for shape in row.shapes)}"


def _table(rows: Sequence[ComparedOperator]) -> Table:
    cells = [(_operator(r), str(r.calls), time_text(r.measured), time_text(r.predicted)) for r in rows[:_ROWS]]
    columns = ("operator", "calls", "measured", "predicted")
    return Table(caption=f"The costliest {len(cells)} operators", columns=columns, rows=cells)


def _bars(c: TraceComparison) -> Chart:
    parts = c.by_category
    names = [category_label(name) for name in parts]
    predicted = "predicted, where covered"
    times = {"measured": [p.measured for p in parts.values()], predicted: [p.predicted for p in parts.values()]}
    colours = {"measured": COLOURS["elementwise"], predicted: COLOURS["attention_temporal"]}
    traces = [
        {"type": "bar", "orientation": "h", "name": name, "x": values, "y": names, "marker": {"color": colours[name]}}
        for name, values in times.items()
    ]
    rows = [(n, *(time_text(v[at]) for v in times.values())) for at, n in enumerate(names)]
    return Chart(
        name="categories",
        title="Categories",
        says="Device time by category of work, measured and predicted.",
        traces=traces,
        layout=layout(x=axis("device time [s]"), y=axis("", autorange="reversed", type="category"), barmode="group"),
        table=Table(caption="Categories", columns=("category", *times), rows=rows),
        height=160 + 40 * len(names),
    )
