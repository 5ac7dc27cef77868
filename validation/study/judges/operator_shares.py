"""Shares of kinds of operators in the kernel time."""

from __future__ import annotations

from collections.abc import Mapping

from validation.study.attribution import ATTRIBUTIONS
from validation.study.findings import Finding, Tables, listed, models_of, named_table

__all__ = ["largest_share"]


def largest_share(tables: Tables, *, part: str, models: Mapping[str, str], attention: str, attribution: str) -> Finding:
    """Largest share of a part in the kernel time of models of one kind: ``share``."""
    shares = _shares(tables, part, models, attention, attribution)
    (other,) = (name for name in ATTRIBUTIONS if name != attribution)
    others = _shares(tables, part, models, attention, other)
    return Finding(
        ours=f"up to {max(shares.values()):.0%} by {attribution} ({listed(shares)})",
        values={"share": max(shares.values())},
        evidence=f"Counted by {other} it would be {listed(others)}.",
    )


def _shares(tables: Tables, part: str, models: Mapping[str, str], attention: str, attribution: str) -> dict[str, float]:
    table = named_table(tables, "operator_breakdown")
    return {
        model: table.total("share", model=model, attention=attention, attribution=attribution, part=part)
        for model in models_of(table, **models)
    }
