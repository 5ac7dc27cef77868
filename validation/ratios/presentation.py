"""Ratios as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from hw_specs.terminal.tables import counted, hanging, text_table
from validation.published.case import CaseError

from .ratio import Ratio, RatioSummary, summarise
from .tables import Ratios

__all__ = ["left_out_lines", "ratio_text", "to_list"]


def to_list(ratios: Sequence[Ratio]) -> list[dict[str, Any]]:
    """Plain form for JSON: ``change, count, median_ape, bias, ranked_right`` of each kind of change."""
    return [asdict(summary) for summary in summarise(ratios)]


def ratio_text(found: Ratios, worst: int = 0) -> str:
    """Errors by kind of change, the worst pairs of each if wanted, and what was not compared.

    Raises
    ------
    CaseError
        There is no ratio.
    """
    left_out = list(left_out_lines(found))
    if not found.ratios:
        raise CaseError(f"no two runs to compare: {_reasons(found) or 'there are none'}")
    summaries = summarise(found.ratios)
    lines = [hanging("", "error of the ratio of two runs that differ in one thing: predicted/measured - 1"), ""]
    table = text_table(("change", "pairs", "median", "bias", "ranked right"), map(_cells, summaries))
    lines += table.splitlines()
    for summary in summaries if worst else ():
        lines += ["", f"worst of {summary.change}"]
        lines += [line for ratio in _worst(found.ratios, summary.change, worst) for line in _ratio_lines(ratio)]
    return "\n".join([*lines, *([""] if left_out else []), *left_out]) + "\n"


def left_out_lines(found: Ratios) -> Iterator[str]:
    """What is in no ratio, counted by reason; nothing where there is nothing."""
    for what, counts in (("runs", found.runs_left_out), ("rows of calls", found.rows_left_out)):
        if counts:
            yield f"not compared: {counts.total()} {what}"
            yield from counted(counts)


def _reasons(found: Ratios) -> str:
    counts: Counter[str] = found.runs_left_out + found.rows_left_out
    return "; ".join(f"{reason} ({count})" for reason, count in counts.most_common())


def _cells(s: RatioSummary) -> tuple[str, ...]:
    shares = (f"{100 * s.median_ape:.1f} %", f"{100 * s.bias:+.1f} %", f"{100 * s.ranked_right:.1f} %")
    return (s.change, str(s.count), *shares)


def _worst(ratios: Sequence[Ratio], change: str, count: int) -> list[Ratio]:
    mine = [ratio for ratio in ratios if ratio.change == change]
    return sorted(mine, key=lambda ratio: -abs(ratio.error))[:count]


def _ratio_lines(ratio: Ratio) -> Iterator[str]:
    said = f"{ratio.slower} over {ratio.faster}: measured {ratio.measured:.3g}, predicted {ratio.predicted:.3g}"
    yield hanging(f"{100 * ratio.error:>+7.1f} %  ", said)
    yield hanging(" " * 11, f"{ratio.subject}; {ratio.source}")
