"""Claims of a study as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from textwrap import wrap

from hw_specs.terminal.tables import hanging, width_of

__all__ = ["claims_text"]

#: Widest that lines are. [columns]
_WIDTH = 110


def claims_text(claims: Sequence[Mapping[str, str]]) -> str:
    """Each claim with the paper's value, ours, the verdict and the reason."""
    title = "statements that are confirmed by a source"
    count = Counter(c["verdict"] for c in claims)
    summary = ", ".join(f"{count[verdict]} {verdict}" for verdict in ("agree", "explained", "disagree", "untestable"))
    lines = [title, "-" * len(title), *(_lines(claim) for claim in claims)]
    return "\n".join([*lines, hanging("", f"of {len(claims)} sourced statements: {summary}"), ""])


def _lines(claim: Mapping[str, str]) -> str:
    lines = [f"[{claim['verdict']}] {claim['claim']}", f"paper: {claim['paper']}", f"ours: {claim['ours']}"]
    if claim.get("elsewhere"):
        lines.append(claim["elsewhere"])
    if claim.get("why"):
        lines.append(f"why: {claim['why']}")
    width = min(width_of(_WIDTH), _WIDTH)
    indented = [
        wrapped
        for position, line in enumerate(lines)
        for wrapped in wrap(line, width, initial_indent="    " if position else "", subsequent_indent="      ")
    ]
    return "\n".join([*indented, ""])
