"""Errors of whole runs, of ratios and of projections as pages. Nothing here computes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.uncertainty.intervals import coverage_line
from simulator.views.html.drawing import axis, hover, layout, percent
from simulator.views.html.page import Chart, Page, Table
from simulator.views.html.printed_page import printed_page
from simulator.views.numbers import quantity
from validation.published.errors import CaseResult, ErrorSummary
from validation.ratios.ratio import Ratio, summarise
from validation.ratios.tables import Ratios

if TYPE_CHECKING:
    from rich.console import Console

    from validation.fitting.intervals.projections import ProjectionCoverage

__all__ = ["projection_page", "published_page", "ratios_page"]

#: Marks of a figure, and rows of the table of the worst.
_MARKS, _WORST = 2000, 20
#: Colours and symbols of groups, which differ in grey too; what comes after them repeats.
_COLOURS = ("#2171B5", "#D95F02", "#1B9E77", "#7570B3", "#E6AB02", "#666666", "#A6761D", "#E7298A")
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star", "triangle-down")
#: A mark: its group, what was measured and predicted, and what is said of it.
Mark = tuple[str, float, float, Sequence[str]]


def published_page(
    results: Sequence[CaseResult],
    unmapped: Counter[str],
    summaries: Mapping[str, Sequence[ErrorSummary]],
    command: str,
) -> Page:
    """Page of predicted whole runs beside published ones."""
    whole = summaries["all"][0]
    marks = [
        (r.family, r.measured, r.predicted, (f"{r.model} on {r.device}, {r.execution}", f"{r.id}: {r.error:+.1%}"))
        for r in results
    ]
    return printed_page(
        lambda console: None,
        title="Published runs: measured and predicted",
        answer=(
            f"Of {whole.count} published runs the median error is {percent(whole.median_ape, 1)}, the bias "
            f"{whole.bias:+.1%}; {percent(whole.coverage)} lie in their 80 % interval. The datasheet roofline has "
            f"{percent(whole.roofline_median_ape)}."
        ),
        charts=[_alike("runs", "Runs", marks, "time of a run [s]", _worst_cases(results))],
        tables=[_summary_table(name, group) for name, group in summaries.items() if group],
        remarks=[f"80 % intervals {coverage_line()}.", *_left_out(unmapped)],
        command=command,
    )


def ratios_page(found: Ratios, command: str) -> Page:
    """Page of ratios of two runs that differ in one thing, predicted and measured."""
    summaries, ratios = summarise(found.ratios), found.ratios
    first = max(summaries, key=lambda each: each.count)
    rows = [
        (s.change, str(s.count), percent(s.median_ape, 1), f"{s.bias:+.1%}", percent(s.ranked_right)) for s in summaries
    ]
    marks = [(r.change, r.measured, r.predicted, (f"{r.slower} to {r.faster}", r.subject)) for r in ratios]
    return printed_page(
        lambda console: None,
        title="Ratios of runs that differ in one thing",
        answer=(
            f"Of {first.count} pairs of runs (of {len(ratios)}) that differ in {first.change} alone, the median "
            f"error of the ratio is {percent(first.median_ape, 1)}, and {percent(first.ranked_right)} are ranked right."
        ),
        charts=[_alike("ratios", "Ratios", marks, "times as fast", _worst_ratios(ratios))],
        tables=[
            Table(caption="By change", columns=("change", "pairs", "median", "bias", "ranked right"), rows=rows),
        ],
        remarks=[*_left_out(found.runs_left_out, "compared"), *_left_out(found.rows_left_out, "compared")],
        command=command,
    )


def projection_page(coverage: Sequence[ProjectionCoverage], render: Callable[[Console], None], command: str) -> Page:
    """Page of calls projected from one device to another."""
    said = ", ".join(f"{percent(each.coverage)} of {each.runs} {each.kind}" for each in coverage)
    return printed_page(
        render,
        title="Calls projected to other devices",
        answer=f"80 % intervals held {said}.",
        command=command,
    )


def _alike(name: str, title: str, marks: Sequence[Mark], what: str, table: Table) -> Chart:
    """Predicted over measured, one mark each, by group."""
    shown = [mark for mark in marks if mark[1] > 0 and mark[2] > 0][:_MARKS]
    values = [value for mark in shown for value in mark[1:3]] or [1.0]
    groups = list(dict.fromkeys(mark[0] for mark in shown))
    line = {"type": "scatter", "mode": "lines", "name": "alike", "hoverinfo": "skip"}
    ends = [min(values), max(values)]
    return Chart(
        name=name,
        title=title,
        says=f"{len(shown)} of {len(marks)}: predicted over measured; on the dashed line the two are alike.",
        traces=[
            {**line, "x": ends, "y": ends, "line": {"dash": "dash", "color": "#7a8791"}},
            *(_group(place, group, [mark for mark in shown if mark[0] == group]) for place, group in enumerate(groups)),
        ],
        layout=layout(
            x=axis(f"{what}, measured", type="log", exponentformat="SI extended"),
            y=axis(f"{what}, predicted", type="log", exponentformat="SI extended"),
        ),
        table=table,
        height=520,
    )


def _group(place: int, name: str, marks: Sequence[Mark]) -> dict[str, Any]:
    look = {"color": _COLOURS[place % len(_COLOURS)], "symbol": _SYMBOLS[place % len(_SYMBOLS)]}
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [mark[1] for mark in marks],
        "y": [mark[2] for mark in marks],
        "text": [hover(mark[3]) for mark in marks],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {**look, "size": 8, "opacity": 0.75, "line": {"width": 0.7, "color": "#555555"}},
    }


def _summary_table(name: str, group: Sequence[ErrorSummary]) -> Table:
    columns = (name, "runs", "median", "mean", "bias", "<= 10 %", "in 80 % interval", "roofline median")
    rows = [
        (
            *(s.name, str(s.count), percent(s.median_ape, 1), percent(s.mape, 1), f"{s.bias:+.1%}"),
            *(percent(s.within_10_percent), percent(s.coverage), percent(s.roofline_median_ape, 1)),
        )
        for s in group
    ]
    return Table(caption="Error of latency" if name == "all" else f"By {name}", columns=columns, rows=rows)


def _worst_cases(results: Sequence[CaseResult]) -> Table:
    worst = sorted(results, key=lambda r: -abs(r.error))[:_WORST]
    rows = [
        (
            *(r.id, r.model, r.device, r.execution, quantity(r.measured, "s"), quantity(r.predicted, "s")),
            *(f"{quantity(r.low, 's')} to {quantity(r.high, 's')}", f"{r.error:+.1%}", Path(r.source).name),
        )
        for r in worst
    ]
    columns = ("case", "model", "device", "execution", "measured", "predicted", "80 % interval", "error", "source")
    return Table(caption=f"The {len(rows)} worst", columns=columns, rows=rows)


def _worst_ratios(ratios: Sequence[Ratio]) -> Table:
    worst = sorted(ratios, key=lambda r: -abs(r.error))[:_WORST]
    rows = [
        (r.change, r.subject, r.slower, r.faster, f"{r.measured:.3g}x", f"{r.predicted:.3g}x", f"{r.error:+.1%}")
        for r in worst
    ]
    columns = ("change", "run", "from", "to", "measured", "predicted", "error")
    return Table(caption=f"The {len(rows)} worst", columns=columns, rows=rows)


def _left_out(counts: Counter[str], what: str = "predicted") -> list[str]:
    return [f"Not {what}: {count}, {reason}." for reason, count in counts.most_common()]
