"""Which phase of a language model the main stage of a model resembles."""

from __future__ import annotations

from collections.abc import Mapping

from validation.study.findings import Finding, Tables, models_of, named_table
from validation.study.table import Cell

__all__ = ["main_stages_resemble"]


def main_stages_resemble(tables: Tables, *, models: Mapping[str, str], phase: str) -> Finding:
    """Shares of the models whose main stage is in a phase, ``in_phase``, and lies above the ridge, ``above_ridge``."""
    table = named_table(tables, "prefill_decode")
    rows = {model: next(table.where(model=model, main=True)) for model in models_of(table, **models)}
    return Finding(
        ours="; ".join(_described(model, row) for model, row in rows.items()),
        values={
            "in_phase": sum(row["phase"] == phase for row in rows.values()) / len(rows),
            "above_ridge": sum(bool(row["above_ridge"]) for row in rows.values()) / len(rows),
        },
    )


def _described(model: str, row: Mapping[str, Cell]) -> str:
    intensity = float(row["flops_per_weight_byte"] or 0)
    return f"{model}: {row['queries']} queries, {intensity:.0f} FLOP/B, {row['phase']}"
