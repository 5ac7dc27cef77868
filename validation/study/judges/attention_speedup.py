"""How much faster fused attention makes attention."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import geometric_mean

from validation.study.findings import Finding, Tables, listed, models_of, named_table

__all__ = ["ratio_of_speedups"]


def ratio_of_speedups(tables: Tables, *, models: Mapping[str, str], over: Mapping[str, str]) -> Finding:
    """Geometric mean of the speed-up of attention modules over one kind of models, over that of another: ``ratio``."""
    table = named_table(tables, "flash_speedup")
    first, second = (
        {model: table.number("speedup_attention_module", model=model) for model in models_of(table, **kind)}
        for kind in (models, over)
    )
    ratio = geometric_mean(first.values()) / geometric_mean(second.values())
    pairs = [a / b for a in first.values() for b in second.values()]
    return Finding(
        ours=f"{ratio:.2f}x ({min(pairs):.2f}x to {max(pairs):.2f}x over pairs of models)",
        values={"ratio": ratio},
        evidence=f"Speed-up of attention modules: {listed(first, '{:.2f}x')} against {listed(second, '{:.2f}x')}.",
    )
