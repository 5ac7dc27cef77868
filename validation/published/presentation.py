"""Errors of published figures as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from hw_specs.terminal.tables import counted, hanging, text_table
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
    room = min(max(len(s.name) for group in summaries.values() for s in group), _NAMES)
    tables = [_summary_table(name, group, room) for name, group in summaries.items() if group]
    held = hanging("", f"80 % intervals {coverage_line()}: so were those above")
    parts = [*tables, f"ten worst\n{_worst_table(results)}", f"{held}\n"]
    if unmapped:
        parts.append("".join(f"{line}\n" for line in (f"not predicted: {unmapped.total()}", *counted(unmapped))))
    return "\n".join(parts)


#: Most room for names, and least for titles: all tables have the same columns, one below the other. [columns]
_NAMES, _TITLES = 28, 21
_ERRORS = ("count", "median", "mean", "bias", "<= 10 %", "in 80 % interval", "roofline median")
_CASES = ("model", "device", "case", "execution", "measured", "predicted", "80 % interval", "error")


def _summary_table(name: str, group: Sequence[ErrorSummary], room: int) -> str:
    title = "error of latency" if name == "all" else f"by {name}"
    return text_table((title, *_ERRORS), map(_summary_cells, group), names=max(room, _TITLES))


def _summary_cells(s: ErrorSummary) -> tuple[str, ...]:
    shares = (f"{100 * s.median_ape:.1f} %", f"{100 * s.mape:.1f} %", f"{100 * s.bias:+.1f} %")
    held = (f"{100 * s.within_10_percent:.0f} %", f"{100 * s.coverage:.0f} %", f"{100 * s.roofline_median_ape:.1f} %")
    return (s.name, str(s.count), *shares, *held)


def _worst_table(results: Sequence[CaseResult]) -> str:
    worst = sorted(results, key=lambda r: -abs(r.error))[:10]
    return text_table(_CASES, map(_case_cells, worst), left=4)


def _case_cells(r: CaseResult) -> tuple[str, ...]:
    times = (f"{r.measured:.3g} s", f"{r.predicted:.3g} s", f"{r.low:.3g} to {r.high:.3g} s")
    return (r.model, r.device, r.id, r.execution, *times, f"{100 * r.error:+.1f} %")
