"""Where the time of a run goes: by category with each attention, by stage and category, with intervals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.report import Report

from .drawing import COLOURS, axis, category_label, colour_of, hover, layout, percent, time_text
from .page import Chart, Table

__all__ = ["attention_chart", "interval_chart", "stage_chart"]


def attention_chart(reports: Mapping[str, Report]) -> Chart:
    """One bar for each way to run attention, by category."""
    parts = {name: {c: entry.latency for c, entry in r.by_category.items()} for name, r in reports.items()}
    totals = {name: report.latency for name, report in reports.items()}
    first, *others = totals.items()
    compared = "; ".join(f"{first[0]} is {time / first[1]:.2f} times as fast as {name}" for name, time in others)
    return _stacked("attention", "Attention", f"Latency by category of work. {compared or first[0]}.", parts)


def stage_chart(parts: Mapping[str, Mapping[str, float]]) -> Chart:
    """One bar for each stage, by category."""
    return _stacked("stages", "Stages by category", "Latency of all runs of each stage by category of work.", parts)


def _stacked(name: str, title: str, says: str, parts: Mapping[str, Mapping[str, float]]) -> Chart:
    categories = [c for c in COLOURS if any(c in own for own in parts.values())]
    names = list(parts)
    traces = [_bar(c, names, [parts[each].get(c, 0.0) for each in names]) for c in categories]
    return Chart(
        name=name,
        title=title,
        says=says,
        traces=traces,
        layout=layout(
            x=axis("latency [s]"),
            y=axis("", autorange="reversed", type="category"),
            barmode="stack",
            legend={"traceorder": "normal"},
        ),
        table=_table(title, categories, parts),
        height=180 + 44 * len(names),
    )


def _bar(category: str, names: list[str], times: list[float]) -> dict[str, Any]:
    label = category_label(category)
    return {
        "type": "bar",
        "orientation": "h",
        "name": label,
        "x": times,
        "y": names,
        "text": [hover([f"{name}, {label}: {time_text(time)}"]) for name, time in zip(names, times, strict=True)],
        "textposition": "none",
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {"color": colour_of(category), "line": {"width": 0.7, "color": "#555555"}, **_pattern(category)},
    }


def _pattern(category: str) -> dict[str, Any]:
    """Hatching, so that neighbours differ without colour."""
    shapes = {"convolution": "/", "normalization": "x", "layout_conversion": "\\", "data_movement": "."}
    if category not in shapes:
        return {}
    return {
        "pattern": {"shape": shapes[category], "size": 6, "solidity": 0.12, "fgcolor": "#333333", "fillmode": "overlay"}
    }


def _table(title: str, categories: list[str], parts: Mapping[str, Mapping[str, float]]) -> Table:
    rows = [(category_label(c), *(time_text(own[c]) if c in own else "" for own in parts.values())) for c in categories]
    total = ("all", *(time_text(sum(own.values())) for own in parts.values()))
    return Table(caption=title, columns=("category", *parts), rows=[*rows, total])


def interval_chart(report: Report) -> Chart | None:
    """Latency of every stage and category with its interval, None where there is none."""
    views = {"by_stage": report.by_stage, "by_category": report.by_category}
    rows = [
        (name if view == "by_stage" else category_label(name), entry.latency, ends.low, ends.high, entry.share)
        for view, entries in views.items()
        for name, entry in entries.items()
        for ends in [report.part_intervals.get(view, {}).get(name)]
        if ends is not None and entry.latency > 0
    ]
    if report.interval is not None:
        rows.insert(0, ("whole run", report.latency, report.interval.low, report.interval.high, 1.0))
    if not rows:
        return None
    return Chart(
        name="intervals",
        title="Intervals",
        says="Latency with its 80 % interval: of the whole run, then of stages and of categories.",
        traces=[_whiskers(rows)],
        layout=layout(
            x=axis("latency [s]", type="log"), y=axis("", autorange="reversed", type="category"), showlegend=False
        ),
        table=Table(
            caption="Latencies and 80 % intervals",
            columns=("part", "latency", "low", "high", "share"),
            rows=[(n, *(time_text(float(f"{t:.3g}")) for t in (v, lo, hi)), percent(s, 1)) for n, v, lo, hi, s in rows],
        ),
        height=120 + 26 * len(rows),
    )


def _whiskers(rows: list[tuple[str, float, float, float, float]]) -> dict[str, Any]:
    names, values, low, high, _ = zip(*rows, strict=True)
    return {
        "type": "scatter",
        "mode": "markers",
        "x": values,
        "y": names,
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [h - v for h, v in zip(high, values, strict=True)],
            "arrayminus": [v - lo for v, lo in zip(values, low, strict=True)],
        },
        "text": [
            hover([f"{n}: {time_text(v)}, {time_text(lo)} to {time_text(hi)}"])
            for n, v, lo, hi in zip(names, values, low, high, strict=True)
        ],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {"size": 9, "color": COLOURS["attention_temporal"]},
    }
