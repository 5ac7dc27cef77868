"""A projection as a page. Nothing here computes."""

from __future__ import annotations

from collections.abc import Sequence

from simulator.views.html.drawing import time_text
from simulator.views.html.page import Page
from simulator.views.html.printed_page import Range, printed_page, ranges_chart

from .presentation import render_projection
from .projection import Projection

__all__ = ["projection_page"]


def projection_page(projection: Projection, remarks: Sequence[str], command: str) -> Page:
    """Page of a measured trace on another accelerator."""
    p = projection
    interval = (
        ""
        if p.combined_interval is None
        else (f", 80 % interval {time_text(p.combined_interval.low)} to {time_text(p.combined_interval.high)}")
    )
    whole: Range = ("all", p.combined_time, *_ends(p))
    rows: list[Range] = [
        whole,
        *((part.name, part.projected, part.low, part.high) for part in p.parts if part.measured),
    ]
    operators: list[Range] = [
        (f"{at} {row.operator}", row.combined, None, None) for at, row in enumerate(p.operators[:25], start=1)
    ]
    return printed_page(
        lambda console: render_projection(p, console),
        title=f"Measured on {p.source}, projected to {p.target}",
        answer=(
            f"{time_text(p.measured_time)} of device time on {p.source} become {time_text(p.combined_time)} on "
            f"{p.target} ({p.speedup:.3g} times as fast){interval}."
        ),
        charts=[
            ranges_chart(
                "parts",
                rows,
                title="What the answer is made of",
                says="Time on the target by how it is known, with the range of each.",
                unit="time [s]",
                text=time_text,
            ),
            ranges_chart(
                "operators",
                operators,
                title="Operators",
                says="Those that take most time on the target.",
                unit="time [s]",
                text=time_text,
            ),
        ],
        remarks=remarks,
        command=command,
    )


def _ends(p: Projection) -> tuple[float | None, float | None]:
    interval = p.combined_interval
    return (None, None) if interval is None else (interval.low, interval.high)
