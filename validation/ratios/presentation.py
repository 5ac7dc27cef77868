"""Ratios as text, in 80 columns."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from validation.published.case import CaseError

from .ratio import Ratio, RatioSummary, summarise
from .tables import Ratios

__all__ = ["left_out_lines", "ratio_text", "to_list"]

_WIDTH = 80


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
    lines = ["error of the ratio of two runs that differ in one thing: predicted/measured - 1", ""]
    lines += [f"{'change':<16} {'pairs':>7} {'median':>9} {'bias':>9} {'ranked right':>14}", *map(_line, summaries)]
    for summary in summaries if worst else ():
        lines += ["", f"worst of {summary.change}"]
        lines += [line for ratio in _worst(found.ratios, summary.change, worst) for line in _ratio_lines(ratio)]
    return "\n".join([*lines, *([""] if left_out else []), *left_out]) + "\n"


def left_out_lines(found: Ratios) -> Iterator[str]:
    """What is in no ratio, counted by reason; nothing where there is nothing."""
    for what, counts in (("runs", found.runs_left_out), ("rows of calls", found.rows_left_out)):
        if counts:
            yield f"not compared: {counts.total()} {what}"
            for reason, count in counts.most_common():
                yield from _wrapped(f"{count:>6}  ", reason)


def _reasons(found: Ratios) -> str:
    counts: Counter[str] = found.runs_left_out + found.rows_left_out
    return "; ".join(f"{reason} ({count})" for reason, count in counts.most_common())


def _line(s: RatioSummary) -> str:
    error, bias, right = 100 * s.median_ape, 100 * s.bias, 100 * s.ranked_right
    return f"{s.change:<16} {s.count:>7} {error:>7.1f} % {bias:>+7.1f} % {right:>12.1f} %"


def _worst(ratios: Sequence[Ratio], change: str, count: int) -> list[Ratio]:
    mine = [ratio for ratio in ratios if ratio.change == change]
    return sorted(mine, key=lambda ratio: -abs(ratio.error))[:count]


def _ratio_lines(ratio: Ratio) -> Iterator[str]:
    said = f"{ratio.slower} over {ratio.faster}: measured {ratio.measured:.3g}, predicted {ratio.predicted:.3g}"
    yield from _wrapped(f"{100 * ratio.error:>+7.1f} %  ", said)
    yield from _wrapped(" " * 11, f"{ratio.subject}; {ratio.source}")


def _wrapped(head: str, text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=head, subsequent_indent=" " * len(head))
