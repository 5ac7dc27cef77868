"""Errors of predicted memory as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from .errors import MemoryResult, MemorySummary, summarise_memory

__all__ = ["memory_summaries", "memory_text", "memory_to_dict"]

_WHAT_IS_NOT_MODELLED = (
    "reserved: what the allocator keeps of freed blocks is not modelled, so that predictions are lower bounds",
    "allocated: tensors live until they are last read here; variables of Python hold some for longer (most in the",
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
    lines = ["", "memory: predicted against published", ""]
    for name, group in memory_summaries(results).items():
        lines += [f"{'by ' + name:<28} {'count':>5} {'median':>8} {'mean':>8} {'bias':>8} {'<= 10 %':>8}"]
        lines += [_summary_line(summary) for summary in group] + [""]
    lines += [_result_line(r) for r in sorted(results, key=lambda r: -abs(r.error))[:_WORST]]
    lines += ["", *_WHAT_IS_NOT_MODELLED]
    if left_out:
        lines += ["", f"memory not compared: {left_out.total()}"]
        lines += [f"{count:>6}  {reason}" for reason, count in left_out.most_common()]
    return "\n".join(lines) + "\n"


def memory_to_dict(results: Sequence[MemoryResult], left_out: Mapping[str, int]) -> dict[str, Any]:
    """Plain form for JSON: rows, rows that are left out by reason, and summaries."""
    return {
        "rows": [asdict(result) for result in results],
        "unmapped": dict(left_out),
        "summary": {name: [asdict(s) for s in group] for name, group in memory_summaries(results).items()},
    }


def _summary_line(s: MemorySummary) -> str:
    return (
        f"{s.name:<28} {s.count:>5} {100 * s.median_ape:>6.1f} % {100 * s.mape:>6.1f} % {100 * s.bias:>+6.1f} % "
        f"{100 * s.within_10_percent:>6.0f} %"
    )


def _result_line(r: MemoryResult) -> str:
    return (
        f"{r.id:<16} {r.model:<18} {r.device:<18} {r.execution:<16} {r.measured / 2**30:>7.2f} GiB "
        f"{r.predicted / 2**30:>8.2f} GiB {100 * r.error:>+6.1f} %"
    )
