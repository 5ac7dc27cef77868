"""Roofline of a run: every kernel a mark as large as its time, under the ceilings of units and memory levels."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from simulator.profile.kernels import Ceiling, KernelPoint

from .drawing import COLOURS, SYMBOLS, axis, category_label, hover, layout, percent, quantity, time_text
from .page import Chart, Table

__all__ = ["bandwidth_chart", "roofline_chart"]

#: Marks that are drawn; what lies beyond is the cheapest, and is counted.
MOST_POINTS = 1000
_LARGEST = 42.0  # diameter of a kernel that takes all time [px]
_SMALLEST = 5.0
_ROWS = 40
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash")


def roofline_chart(points: Sequence[KernelPoint], ceilings: Sequence[Ceiling]) -> Chart:
    """Attained rate of arithmetic over operations by byte, on logarithmic axes."""
    drawn = [p for p in points if p.operations > 0 and p.bytes > 0]
    left_out = _share(points, [p for p in points if p.operations <= 0 or p.bytes <= 0])
    marks = _marks(drawn, points, lambda p: p.intensity, lambda p: p.rate)
    ends = _ends([p.intensity for p in drawn], default=(0.1, 1e4))
    says = (
        "Operations by byte of compulsory traffic, and the rate that each distinct kernel attains; areas are shares of "
        f"kernel time. Kernels that compute nothing, {percent(left_out, 1)} of kernel time, stand in the next figure "
        f"alone.{_beyond(drawn, points)}"
    )
    return Chart(
        name="roofline",
        title="Roofline",
        says=says,
        traces=[*_roofs(ceilings, ends), *marks],
        layout=layout(
            x=axis("operations by byte [FLOP/B]", type="log"),
            y=axis("attained rate [FLOP/s]", type="log", exponentformat="SI extended"),
            legend={"itemsizing": "constant"},
        ),
        table=_table(drawn),
        height=560,
    )


def bandwidth_chart(points: Sequence[KernelPoint], ceilings: Sequence[Ceiling]) -> Chart:
    """Attained bandwidth of every kernel over what it moves, on logarithmic axes."""
    drawn = [p for p in points if p.bytes > 0]
    ends = _ends([p.bytes for p in drawn], default=(1e3, 1e9))
    memory = [c for c in ceilings if c.kind == "memory"]
    lines = [_line(c, [(ends[0], c.rate), (ends[1], c.rate)], at) for at, c in enumerate(memory)]
    return Chart(
        name="bandwidth",
        title="Attained bandwidth",
        says=(
            "Compulsory traffic of one launch of each distinct kernel, and the rate at which it passes; above the DRAM "
            f"lies what caches serve.{_beyond(drawn, points)}"
        ),
        traces=[*lines, *_marks(drawn, points, lambda p: p.bytes, lambda p: p.bandwidth)],
        layout=layout(
            x=axis("compulsory traffic of a launch [B]", type="log", exponentformat="SI extended"),
            y=axis("attained bandwidth [B/s]", type="log", exponentformat="SI extended"),
            legend={"itemsizing": "constant"},
        ),
        table=_table(drawn),
        height=480,
    )


def _marks(
    drawn: Sequence[KernelPoint],
    every: Sequence[KernelPoint],
    x: Callable[[KernelPoint], float],
    y: Callable[[KernelPoint], float],
) -> list[dict[str, Any]]:
    """One trace a category."""
    total = sum(p.total for p in every) or 1.0
    shown = drawn[:MOST_POINTS]
    categories = [name for name in COLOURS if any(p.category == name for p in shown)]
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "name": category_label(category),
            "x": [_digits(x(p)) for p in own],
            "y": [_digits(y(p)) for p in own],
            "text": [_hover(p, total) for p in own],
            "hovertemplate": "%{text}<extra></extra>",
            "marker": {
                "size": [max(_SMALLEST, round(_LARGEST * (p.total / total) ** 0.5, 1)) for p in own],
                "color": COLOURS[category],
                "symbol": SYMBOLS[category],
                "opacity": 0.8,
                "line": {"width": 0.7, "color": "#555555"},
            },
        }
        for category in categories
        for own in [[p for p in shown if p.category == category]]
    ]


def _digits(value: float) -> float:
    return float(f"{value:.5g}")


@functools.lru_cache(maxsize=MOST_POINTS)
def _hover(point: KernelPoint, total: float) -> str:
    """What is said of a point; both figures say the same."""
    shape = ", ".join(f"{name} {value:g}" for name, value in point.shape.items())
    terms = ", ".join(f"{name} {quantity(value, 's', 3)}" for name, value in list(point.terms.items())[:4])
    held = ", ".join(f"{name} {percent(share)}" for name, share in list(point.held_back.items())[:3])
    return hover(
        [
            f"{point.kernel} of {point.operator}",
            f"first in {_cut(point.module, 70)} ({point.stage})",
            *_wrapped(shape, 80),
            f"{point.launches:g} launches of {quantity(point.time, 's')}: {time_text(point.total)}, "
            f"{percent(point.total / total, 1)} of kernel time",
            f"{quantity(point.rate, 'FLOP/s', 3)}, {quantity(point.bandwidth, 'B/s', 3)}, {point.number_format}",
            *_wrapped(f"terms: {terms}", 80),
            *([f"held back by {held}"] if held else []),
            f"basis: {point.basis}",
        ]
    )


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"...{text[3 - most :]}"


def _wrapped(text: str, width: int) -> list[str]:
    """Text in lines of a width, broken at spaces; longer words stand alone."""
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _roofs(ceilings: Sequence[Ceiling], ends: tuple[float, float]) -> list[dict[str, Any]]:
    """Flat lines of units from where the fastest memory reaches them; slopes of memory up to the fastest units."""
    units = [c for c in ceilings if c.kind == "arithmetic"]
    memory = [c for c in ceilings if c.kind == "memory"]
    if not units or not memory:
        return []
    top, fastest, (low, high) = max(c.rate for c in units), max(c.rate for c in memory), ends
    slopes = [
        _line(c, [(low, low * c.rate), (min(high, top / c.rate), min(high * c.rate, top))], at)
        for at, c in enumerate(memory)
    ]
    flats = [
        _line(c, [(min(max(low, c.rate / fastest), high), c.rate), (high, c.rate)], at) for at, c in enumerate(units)
    ]
    return [*slopes, *flats]


def _line(ceiling: Ceiling, ends: Iterable[tuple[float, float]], number: int) -> dict[str, Any]:
    unit = "FLOP/s" if ceiling.kind == "arithmetic" else "B/s"
    x, y = zip(*ends, strict=True)
    text = f"{ceiling.name}: {quantity(ceiling.rate, unit, 3)}"
    return {
        "type": "scatter",
        "mode": "lines",
        "name": hover([text]),
        "x": [_digits(v) for v in x],
        "y": [_digits(v) for v in y],
        "hoverinfo": "name",
        "line": {
            "width": 2 if ceiling.published else 1.2,
            "dash": _DASHES[number % len(_DASHES)],
            "color": "#7a8791" if ceiling.kind == "memory" else "#c0504d",
        },
    }


def _ends(values: Sequence[float], default: tuple[float, float]) -> tuple[float, float]:
    """Where lines begin and end: a little beyond all marks."""
    return (min(values) / 2, max(values) * 2) if values else default


def _share(every: Sequence[KernelPoint], some: Sequence[KernelPoint]) -> float:
    return sum(p.total for p in some) / (sum(p.total for p in every) or 1.0)


def _beyond(drawn: Sequence[KernelPoint], every: Sequence[KernelPoint]) -> str:
    rest = drawn[MOST_POINTS:]
    return f" Not drawn: the cheapest {len(rest)}, {percent(_share(every, rest), 2)} of kernel time." if rest else ""


def _table(drawn: Sequence[KernelPoint]) -> Table:
    rows = [
        (
            f"{p.kernel} of {p.operator}, {p.module}",
            category_label(p.category),
            time_text(p.total),
            f"{p.intensity:.4g}",
            quantity(p.rate, "FLOP/s", 3),
            quantity(p.bandwidth, "B/s", 3),
        )
        for p in drawn[:_ROWS]
    ]
    columns = ("kernel", "category", "time in all", "FLOP/B", "attained rate", "attained bandwidth")
    return Table(caption=f"The costliest {len(rows)} of {len(drawn)} distinct kernels", columns=columns, rows=rows)
