"""Calls of a trace that answer for device time, grouped by distinct operator."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from simulator.lowering import category_of
from tracer.events.attribution import Attribution

__all__ = ["UNMODELLED", "OperatorGroup", "operator_groups"]

#: Category of calls that have no prediction.
UNMODELLED = "unmodelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorGroup:
    """Calls of one operator in modules of one category.

    Attributes
    ----------
    operator : int
        Index into the trace's operators.
    category : str
    calls : int
    kernels : int
        Device events of one call, the median over calls.
    measured : float
        Device time of all calls. [s]
    kernel : str
        Name of the kernel that took most of it.
    """

    operator: int
    category: str
    calls: int
    kernels: int
    measured: float
    kernel: str


def operator_groups(attribution: Attribution) -> list[OperatorGroup]:
    """Groups of the answering calls, in the order of their first call."""
    trace = attribution.trace
    positions: defaultdict[tuple[int, str], list[int]] = defaultdict(list)
    categories: dict[tuple[int, int], str] = {}
    modules = trace.calls.module[attribution.calls].tolist()
    for position, key in enumerate(zip(attribution.operators.tolist(), modules, strict=True)):
        if key not in categories:
            name = trace.modules[key[1]] if key[1] >= 0 else ""
            categories[key] = category_of(trace.operators[key[0]], name)
        positions[key[0], categories[key]].append(position)
    kernels = _main_kernels(attribution)
    total, repeats = attribution.total_time, attribution.repeats
    return [
        OperatorGroup(
            operator=operator,
            category=category,
            calls=int(repeats[rows].sum()),
            kernels=int(np.median(attribution.num_kernels[rows])),
            measured=float(total[rows].sum()),
            kernel=kernels.get(operator, ""),
        )
        for (operator, category), rows in positions.items()
    ]


def _main_kernels(attribution: Attribution) -> dict[int, str]:
    """Name of the kernel that took most time, for each operator."""
    trace = attribution.trace
    known = np.flatnonzero(attribution.owner >= 0)
    operator = attribution.operators[attribution.owner[known]]
    time = trace.kernels.duration[known] * trace.kernels.repeats[known]
    spent: defaultdict[int, defaultdict[int, float]] = defaultdict(lambda: defaultdict(float))
    for op, name, seconds in zip(operator.tolist(), trace.kernels.name[known].tolist(), time.tolist(), strict=True):
        spent[op][name] += seconds
    return {op: trace.kernel_names[max(names, key=lambda n: names[n])] for op, names in spent.items()}
