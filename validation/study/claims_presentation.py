"""Claims of a study as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from textwrap import wrap

__all__ = ["claims_text"]

_WIDTH = 110


def claims_text(claims: Sequence[Mapping[str, str]]) -> str:
    """Each claim with the paper's value, ours, the verdict and the reason; figures from memory last and marked so."""
    sourced = [c for c in claims if c["flag"].startswith("SOURCE")]
    others = [c for c in claims if not c["flag"].startswith("SOURCE")]
    parts = [_section("statements that are confirmed by a source", sourced)]
    if others:
        parts.append(_section("figures from memory, unverified", others))
    count = Counter(c["verdict"] for c in sourced)
    summary = ", ".join(f"{count[verdict]} {verdict}" for verdict in ("agree", "disagree", "untestable"))
    return "\n".join([*parts, f"of {len(sourced)} sourced statements: {summary}", ""])


def _section(title: str, claims: Sequence[Mapping[str, str]]) -> str:
    return "\n".join([title, "-" * len(title), *(_lines(claim) for claim in claims)])


def _lines(claim: Mapping[str, str]) -> str:
    lines = [f"[{claim['verdict']}] {claim['claim']}", f"paper: {claim['paper']}", f"ours: {claim['ours']}"]
    if claim.get("why"):
        lines.append(f"why: {claim['why']}")
    indented = [
        wrapped
        for position, line in enumerate(lines)
        for wrapped in wrap(line, _WIDTH, initial_indent="    " if position else "", subsequent_indent="      ")
    ]
    return "\n".join([*indented, ""])
