"""Errors of predicted memory as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from hw_specs.terminal.tables import counted, hanging, text_table

from .errors import MemoryResult, MemorySummary, summarise_memory

__all__ = ["memory_summaries", "memory_text", "memory_to_dict"]

_WHAT_IS_NOT_MODELLED = (
    "reserved: what the allocator keeps of freed blocks is not modelled, so that predictions are lower bounds",
    "allocated: tensors live until they are last read here; variables of Python hold some for longer (most in the "
    "decoder of CogVideoX), and compiled code keeps pools of its own",
)
#: Of the worst figures, so many are listed.
_WORST = 5


def memory_summaries(results: Sequence[MemoryResult]) -> dict[str, list[MemorySummary]]:
    """Errors by what is counted, and of what the framework's allocator holds by model, execution and quantisation."""
    held = [result for result in results if result.counted == "allocated"]
    return {
        "what is counted": summarise_memory(results, lambda r: r.counted),
        "model": summarise_memory(held, lambda r: r.model),
        "execution": summarise_memory(held, lambda r: r.execution),
        "quantization": summarise_memory(held, lambda r: r.quantization),
    }


def memory_text(results: Sequence[MemoryResult], left_out: Counter[str]) -> str:
    """Tables of errors and the rows that are in none; nothing where no row states memory."""
    if not results and not left_out:
        return ""
    tables = [
        text_table((f"by {name}", *_ERRORS), map(_cells, g), names=_NAMES)
        for name, g in memory_summaries(results).items()
    ]
    worst = sorted(results, key=lambda r: -abs(r.error))[:_WORST]
    said = [hanging("", line) + "\n" for line in _WHAT_IS_NOT_MODELLED]
    parts = ["", "memory: predicted against published\n", *tables]
    parts += [text_table(_FIGURES, map(_figure_cells, worst), left=4), "".join(said)]
    if left_out:
        parts.append("".join(f"{line}\n" for line in (f"memory not compared: {left_out.total()}", *counted(left_out))))
    return "\n".join(parts)


def memory_to_dict(results: Sequence[MemoryResult], left_out: Mapping[str, int]) -> dict[str, Any]:
    """Plain form for JSON: rows, rows that are left out by reason, and summaries."""
    return {
        "rows": [asdict(result) for result in results],
        "unmapped": dict(left_out),
        "summary": {name: [asdict(s) for s in group] for name, group in memory_summaries(results).items()},
    }


#: Room for names, which keeps the tables in line. [columns]
_NAMES = 28
_ERRORS = ("count", "median", "mean", "bias", "<= 10 %")
_FIGURES = ("worst", "device", "case", "execution", "measured", "predicted", "error")


def _cells(s: MemorySummary) -> tuple[str, ...]:
    shares = (f"{100 * s.median_ape:.1f} %", f"{100 * s.mape:.1f} %", f"{100 * s.bias:+.1f} %")
    return (s.name, str(s.count), *shares, f"{100 * s.within_10_percent:.0f} %")


def _figure_cells(r: MemoryResult) -> tuple[str, ...]:
    sizes = (f"{r.measured / 2**30:.2f} GiB", f"{r.predicted / 2**30:.2f} GiB")
    return (r.model, r.device, r.id, r.execution, *sizes, f"{100 * r.error:+.1f} %")
