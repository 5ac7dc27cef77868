"""Errors of published figures as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from simulator.uncertainty.intervals import coverage_line

from .case import CaseError
from .errors import CaseResult, ErrorSummary

__all__ = ["published_text"]


def published_text(
    results: Sequence[CaseResult], unmapped: Counter[str], summaries: dict[str, list[ErrorSummary]]
) -> str:
    """Errors by each grouping, the ten worst, and what could not be predicted.

    Raises
    ------
    CaseError
        Nothing could be predicted.
    """
    if not results:
        reasons = "; ".join(f"{reason} ({count})" for reason, count in unmapped.most_common())
        raise CaseError(f"no row could be predicted: {reasons or 'there are none'}")
    header = (
        f"{'':<28} {'count':>5} {'median':>8} {'mean':>8} {'bias':>8} {'<= 10 %':>8} "
        f"{'in 80 % interval':>17} {'roofline median':>16}"
    )
    lines: list[str] = []
    for name, group in ((name, group) for name, group in summaries.items() if group):
        lines += [f"by {name}" if name != "all" else "error of latency", header]
        lines += [_summary_line(summary) for summary in group] + [""]
    worst = sorted(results, key=lambda r: -abs(r.error))[:10]
    heading = f"{'case':<16} {'model':<18} {'device':<18} {'execution':<16}"
    lines += ["ten worst", f"{heading} measured  predicted       80 % interval   error"]
    lines += [
        f"{r.id:<16} {r.model:<18} {r.device:<18} {r.execution:<16} {r.measured:>7.3g} s {r.predicted:>8.3g} s "
        f"{r.low:>7.3g} to {r.high:>7.3g} s {100 * r.error:>+6.1f} %"
        for r in worst
    ]
    lines += ["", f"80 % intervals {coverage_line()}: so were those above"]
    if unmapped:
        lines += ["", f"not predicted: {sum(unmapped.values())}"]
        lines += [f"{count:>6}  {reason}" for reason, count in unmapped.most_common()]
    return "\n".join(lines) + "\n"


def _summary_line(s: ErrorSummary) -> str:
    return (
        f"{s.name:<28} {s.count:>5} {100 * s.median_ape:>6.1f} % {100 * s.mape:>6.1f} % {100 * s.bias:>+6.1f} % "
        f"{100 * s.within_10_percent:>6.0f} % {100 * s.coverage:>15.0f} % {100 * s.roofline_median_ape:>14.1f} %"
    )
