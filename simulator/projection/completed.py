"""Operators of a trace that miss arguments, with those that the kernels they launched tell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from tracer.events.attribution import Attribution
from tracer.graph import Op
from tracer.named import Grid, experts_of
from tracer.trace import Trace

__all__ = ["completed_operators", "with_operators"]


def completed_operators(attribution: Attribution) -> Mapping[int, Op]:
    """Operators that cannot be predicted as recorded, and can with what the kernels of one of their calls tell."""
    trace = attribution.trace
    operators = attribution.operators
    unknown = np.flatnonzero(~attribution.modelled & (attribution.num_kernels > 1))
    first = {int(operators[place]): place for place in unknown[::-1].tolist()}
    launched = _launched(attribution, set(first.values()))
    found = {number: experts_of(trace.operators[number], launched[place]) for number, place in first.items()}
    return {number: op for number, op in found.items() if op is not None}


def with_operators(trace: Trace, operators: Mapping[int, Op]) -> Trace:
    """Trace with some operators in place of its own, by their numbers."""
    return replace(trace, operators=tuple(operators.get(number, op) for number, op in enumerate(trace.operators)))


def _launched(attribution: Attribution, places: set[int]) -> Mapping[int, list[tuple[str, Grid]]]:
    """Kernels of some answering calls in the order in which they ran, by name and grid."""
    trace, found = attribution.trace, defaultdict(list)
    kernels = trace.kernels
    rows = np.flatnonzero(np.isin(attribution.owner, list(places)))
    for row in rows.tolist():
        grid = trace.grids[kernels.grid[row]] if kernels.grid[row] >= 0 else ()
        found[int(attribution.owner[row])].append((trace.kernel_names[kernels.name[row]], grid))
    return found
