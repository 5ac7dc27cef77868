"""What changes over a run: kernels of one step, sequence lengths of attention, memory."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from simulator.profile.lengths import sequence_length
from simulator.profile.memory import StageMemory
from simulator.profile.steps import LaunchedSpan
from simulator.report import Report
from simulator.views.style import GREEN, GREY, KIND_COLOURS, ORANGE, SKY
from tracer.lengths import AttentionCall

from .drawing import COLOURS, axis, category_label, hover, layout, quantity, time_text
from .page import Chart, Table

__all__ = ["lengths_chart", "memory_chart", "timeline_chart"]

#: Spans that are drawn one by one; beyond, only the first of them.
MOST_SPANS = 4000
_ROWS = 40
_MOST_TICKS = 12
_KIND_MARKS = {"spatial": "square", "self": "circle", "joint": "diamond", "temporal": "triangle-up", "cross": "x"}


def timeline_chart(stage: str, repeats: int, spans: Sequence[LaunchedSpan]) -> Chart:
    """Kernels of one repeat of a stage on the device, a lane for each category, and launches on the host."""
    shown = spans[:MOST_SPANS]
    categories = [c for c in COLOURS if any(s.span.category == c for s in shown)]
    traces = [_host(shown), *(_lane(c, [s for s in shown if s.span.category == c]) for c in categories)]
    cut = f" The first {len(shown)} of {len(spans)} kernels." if len(shown) < len(spans) else ""
    end = max((s.span.start + s.span.duration for s in spans), default=0.0)
    busy = sum(s.span.duration for s in spans)
    return Chart(
        name="timeline",
        title=f"One step: {stage}, the first of {repeats} runs",
        says=(
            f"{len(spans)} kernels in {time_text(end)}, of which the device computes {time_text(busy)}; the top lane "
            f"is the host as it launches them.{cut}"
        ),
        traces=traces,
        layout=layout(
            x=axis("time since the step began [s]", exponentformat="SI"),
            y=axis("", type="category", autorange="reversed"),
            showlegend=False,
            dragmode="pan",
        ),
        table=_longest(spans),
        height=130 + 34 * (len(categories) + 1),
    )


def _lane(category: str, spans: Sequence[LaunchedSpan]) -> dict[str, Any]:
    lane = category_label(category)
    texts = [
        hover(
            [s.span.name, s.operator, s.module, f"{quantity(s.span.duration, 's')} from {quantity(s.span.start, 's')}"]
        )
        for s in spans
    ]
    return _segments(lane, COLOURS[category], [(s.span.start, s.span.start + s.span.duration) for s in spans], texts)


def _host(spans: Sequence[LaunchedSpan]) -> dict[str, Any]:
    """Time from one launch to the next, as one lane."""
    ends = [s.span.launched for s in spans]
    text = [hover([f"launch of {s.span.name} at {quantity(s.span.launched, 's')}", s.module]) for s in spans]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "host",
        "x": [_micro(end) for end in ends],
        "y": ["host launches"] * len(ends),
        "text": text,
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {"symbol": "line-ns-open", "size": 12, "color": GREY},
    }


def _segments(lane: str, colour: str, ends: Sequence[tuple[float, float]], texts: Sequence[str]) -> dict[str, Any]:
    """Thick lines with gaps between them: one path however many."""
    x: list[float | None] = []
    text: list[str] = []
    for (start, end), line in zip(ends, texts, strict=True):
        x += [_micro(start), _micro(end), None]
        text += [line, line, ""]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": lane,
        "x": x,
        "y": [lane if value is not None else None for value in x],
        "text": text,
        "hovertemplate": "%{text}<extra></extra>",
        "line": {"width": 16, "color": colour, "simplify": False},
    }


def _micro(seconds: float) -> float:
    return round(seconds, 8)


def _longest(spans: Sequence[LaunchedSpan]) -> Table:
    ranked = sorted(spans, key=lambda s: -s.span.duration)[:_ROWS]
    rows = [
        (
            f"{s.span.name} of {s.operator}, {s.module}",
            category_label(s.span.category),
            quantity(s.span.start, "s"),
            quantity(s.span.duration, "s"),
        )
        for s in ranked
    ]
    columns = ("kernel", "category", "start", "duration")
    return Table(caption=f"The longest {len(rows)} of {len(spans)} kernels of the step", columns=columns, rows=rows)


def lengths_chart(calls: Sequence[AttentionCall]) -> Chart | None:
    """Sequence length of each attention call in order, by kind; None where there is none."""
    if not calls:
        return None
    lengths = [sequence_length(call) for call in calls]
    kinds = list(dict.fromkeys(call.kind for call in calls))
    return Chart(
        name="lengths",
        title="Sequence lengths over the run",
        says=(
            f"Tokens of each attention call in order, between {min(lengths)} and {max(lengths)}: two repeats of each "
            "stage, 33 of one that decodes token by token."
        ),
        traces=[_kind(kind, calls, lengths) for kind in kinds],
        layout=layout(
            x=axis("attention call, in order"),
            y=axis("sequence length [tokens]", type="log", **_ticks(lengths)),
            shapes=_borders(calls),
            annotations=_stage_names(calls),
            margin={"l": 60, "r": 20, "t": 70, "b": 50},
        ),
        table=_lengths_table(calls),
        height=440,
    )


def _ticks(lengths: Sequence[int]) -> dict[str, Any]:
    """The lengths themselves, where they are few."""
    distinct = sorted(set(lengths))
    return (
        {"tickvals": distinct, "ticktext": [str(length) for length in distinct]} if len(distinct) <= _MOST_TICKS else {}
    )


def _kind(kind: str, calls: Sequence[AttentionCall], lengths: Sequence[int]) -> dict[str, Any]:
    own = [number for number, call in enumerate(calls) if call.kind == kind]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": kind,
        "showlegend": True,
        "x": own,
        "y": [lengths[number] for number in own],
        "text": [hover([calls[n].module, f"queries {calls[n].query_length}, keys {calls[n].key_length}"]) for n in own],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {"color": KIND_COLOURS.get(kind, GREY), "symbol": _KIND_MARKS.get(kind, "circle"), "size": 7},
    }


def _starts(calls: Sequence[AttentionCall]) -> list[tuple[str, int, int]]:
    """Name of each stage, its first call and how many it has."""
    found, at = [], 0
    for name, own in groupby(calls, key=lambda call: call.stage):
        count = len(list(own))
        found.append((name, at, count))
        at += count
    return found


def _borders(calls: Sequence[AttentionCall]) -> list[dict[str, Any]]:
    line = {"width": 1, "color": GREY, "dash": "dot"}
    return [
        {"type": "line", "xref": "x", "yref": "paper", "x0": at - 0.5, "x1": at - 0.5, "y0": 0, "y1": 1, "line": line}
        for _, at, _ in _starts(calls)[1:]
    ]


def _stage_names(calls: Sequence[AttentionCall]) -> list[dict[str, Any]]:
    return [
        {
            "text": hover([name]),
            "x": at + count / 2,
            "y": 1.0,
            "xref": "x",
            "yref": "paper",
            "yanchor": "bottom",
            "xanchor": "left" if number % 2 == 0 else "center",
            "textangle": -20,
            "showarrow": False,
            "font": {"size": 11},
        }
        for number, (name, at, count) in enumerate(_starts(calls))
    ]


def _lengths_table(calls: Sequence[AttentionCall]) -> Table:
    """Calls that are alike together."""
    counted: dict[tuple[str, str, int, int], int] = {}
    for call in calls:
        key = (call.stage, call.kind, call.query_length, call.key_length)
        counted[key] = counted.get(key, 0) + 1
    rows = [(stage, kind, str(q), str(k), str(n)) for (stage, kind, q, k), n in list(counted.items())[: 3 * _ROWS]]
    columns = ("stage", "attention", "queries", "keys", "calls listed")
    return Table(caption="Lengths of attention calls", columns=columns, rows=rows)


def memory_chart(stages: Sequence[StageMemory], report: Report) -> Chart:
    """Memory in use over one run of each stage, one beside the other, and the capacity."""
    held = report.memory.libraries + report.memory.allocator + report.memory.context
    traces = [
        _area("libraries, allocator, driver", GREY, stages, lambda s, i: held),
        _area("weights", SKY, stages, lambda s, i: s.weights),
        _area("activations", ORANGE, stages, lambda s, i: int(s.activations[i])),
        _area("workspaces", GREEN, stages, lambda s, i: int(s.workspaces[i])),
    ]
    capacity = {
        "type": "scatter",
        "mode": "lines",
        "name": "capacity",
        "x": [0, len(stages)],
        "y": [report.memory_capacity] * 2,
        "line": {"dash": "dash", "color": "#c0504d", "width": 2},
        "hovertemplate": hover([f"capacity {quantity(report.memory_capacity, 'B')}"]) + "<extra></extra>",
    }
    return Chart(
        name="memory",
        title="Memory over the run",
        says=(
            f"Memory in use over one run of each stage, {quantity(report.peak_memory, 'B')} where it is most, of "
            f"{quantity(report.memory_capacity, 'B')}."
        ),
        traces=[*traces, capacity],
        layout=layout(
            x=axis(
                "stages in order, each over its calls",
                tickvals=[number + 0.5 for number in range(len(stages))],
                ticktext=[hover([s.stage]) for s in stages],
            ),
            y=axis("memory [B]", exponentformat="SI", rangemode="tozero"),
        ),
        table=_memory_table(stages),
        height=420,
    )


def _area(name: str, colour: str, stages: Sequence[StageMemory], of: Any) -> dict[str, Any]:
    x = [number + float(share) for number, stage in enumerate(stages) for share in stage.share]
    y = [of(stage, i) for stage in stages for i in range(len(stage.share))]
    return {
        "type": "scatter",
        "mode": "lines",
        "stackgroup": "memory",
        "name": name,
        "x": [round(value, 4) for value in x],
        "y": y,
        "line": {"width": 0.6, "color": colour, "shape": "hv"},
        "hovertemplate": f"{name}: %{{y:.4s}}B<extra></extra>",
    }


def _memory_table(stages: Sequence[StageMemory]) -> Table:
    rows = []
    for stage in stages:
        at = int(stage.total.argmax())
        parts = (stage.weights, int(stage.activations[at]), int(stage.workspaces[at]), int(stage.total[at]))
        rows.append((stage.stage, *(quantity(part, "B") for part in parts)))
    columns = ("stage", "weights", "activations", "workspaces", "together")
    return Table(caption="Each stage where it needs most", columns=columns, rows=rows)
