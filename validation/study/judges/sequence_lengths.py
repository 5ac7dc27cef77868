"""How sequence lengths of attention change within a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from validation.study.findings import Finding, Tables, UntestableError, listed, named_table

__all__ = ["length_changes"]


def length_changes(tables: Tables, *, model: str, stages: Mapping[str, str]) -> Finding:
    """Largest ratio of two self-attention calls in a row, ``step``, and of any two, ``range``, in a model's stage.

    `stages` names the stage of each model to show; `model` is the one that is judged.
    """
    table = named_table(tables, "sequence_lengths")
    found = {}
    for name, stage in stages.items():
        rows = [row for row in table.where(model=name, stage=stage, repeat=0) if row["kind"] != "cross"]
        if rows:
            found[name] = [int(row["sequence_length"] or 0) for row in rows]
    if model not in found:
        raise UntestableError(f"{model} is not in the suite")
    step = largest_step(found[model])
    ranges = {name: max(lengths) / min(lengths) for name, lengths in found.items()}
    return Finding(
        ours=f"{step:g}x from one call to the next; whole range {listed(ranges, '{:g}x')}",
        values={"step": step, "range": ranges[model]},
    )


def largest_step(lengths: Sequence[int]) -> float:
    """Largest ratio between two calls in a row."""
    return max((max(pair) / min(pair) for pair in pairwise(lengths)), default=1.0)
