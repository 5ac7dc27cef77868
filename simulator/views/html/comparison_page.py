"""A run against its reference as a page. Nothing here computes."""

from __future__ import annotations

from collections.abc import Sequence

from simulator.comparison import Comparison, Speedup
from simulator.views.comparison import print_comparison

from .drawing import category_label, time_text
from .page import Page
from .printed_page import Range, printed_page, ranges_chart, with_ends

__all__ = ["comparison_page"]


def comparison_page(comparison: Comparison, remarks: Sequence[str], command: str) -> Page:
    """Page of the speed-up of a run and of its parts."""
    c, whole = comparison, comparison.whole
    interval = whole.interval
    ends = "" if interval is None else f", 80 % interval {interval.low:.3g} to {interval.high:.3g}"
    rows = [
        _range("whole run", whole),
        *(_range(name, part) for name, part in c.by_stage.items()),
        *(_range(category_label(name), part) for name, part in c.by_category.items()),
    ]
    chart = ranges_chart(
        "speed-ups",
        rows,
        title="Speed-up",
        says="Time of the reference over that of the run: of the whole, of stages, of categories of work.",
        unit="speed-up",
        text=lambda value: f"{value:.3g}",
        line=1.0,
    )
    return printed_page(
        lambda console: print_comparison(c, console),
        title=f"{c.model}: {c.accelerator} against {c.reference}",
        answer=(
            f"{c.model} on {c.accelerator} takes {time_text(whole.latency)}, its reference "
            f"{time_text(whole.reference)}: {whole.ratio:.3g} times as fast{ends}."
        ),
        charts=[chart],
        remarks=remarks,
        command=command,
    )


def _range(name: str, part: Speedup) -> Range:
    return with_ends(name, part.ratio, part.interval)
