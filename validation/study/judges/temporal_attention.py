"""Attention over time against attention over space, in one inference of the video model."""

from __future__ import annotations

from validation.study.attribution import ATTRIBUTIONS
from validation.study.findings import Finding, Tables, named_table
from validation.study.sections.temporal_attention import ALL_STAGES
from validation.study.study import ATTENTION

__all__ = ["temporal_flops", "temporal_share", "temporal_time"]


def _total(tables: Tables, column: str, *, attention: str, attribution: str, stage: str = ALL_STAGES) -> float:
    table = named_table(tables, "temporal_totals")
    return table.number(column, attention=attention, attribution=attribution, stage=stage)


def temporal_share(tables: Tables, *, attention: str, attribution: str) -> Finding:
    """Share of temporal attention in the attention time: ``share``."""
    share = _total(tables, "temporal_share", attention=attention, attribution=attribution)
    others = _others(tables, "temporal_share", "{:.0%}", attention, attribution)
    return Finding(ours=f"{share:.0%} ({attention}, by {attribution}); {others}", values={"share": share})


def temporal_time(tables: Tables, *, attention: str, attribution: str) -> Finding:
    """Time of temporal over that of spatial attention: ``ratio``."""
    ratio = _total(tables, "temporal_over_spatial_time", attention=attention, attribution=attribution)
    others = _others(tables, "temporal_over_spatial_time", "{:.2f}x", attention, attribution)
    return Finding(ours=f"{ratio:.2f}x ({attention}, by {attribution}); {others}", values={"ratio": ratio})


def temporal_flops(tables: Tables) -> Finding:
    """FLOPs of the products of spatial attention over those of temporal attention: ``ratio``."""
    ratio = _total(tables, "spatial_over_temporal_flops", attention="naive", attribution="operator")
    return Finding(ours=f"{ratio:.1f}x fewer", values={"ratio": ratio})


def _others(tables: Tables, column: str, form: str, attention: str, attribution: str) -> str:
    """The same quantity under the other conditions, and in the decoder alone."""
    conditions = ((a, b) for a in ATTENTION for b in reversed(ATTRIBUTIONS) if (a, b) != (attention, attribution))
    shown = [f"{form.format(_total(tables, column, attention=a, attribution=b))} ({a}, by {b})" for a, b in conditions]
    decoder = _total(tables, column, attention="flash", attribution="operator", stage="decoder")
    return ", ".join((*shown, f"{form.format(decoder)} (decoder alone, flash, by operator)"))
