"""Kernels of no operator with the operators of a graph that their names tell: products, convolutions, attention, norms.

Each is one kernel; of norms and softmax those that have a block a row.

Attention is that of the library whose kernel it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hw_specs import number_format
from simulator.projection.named import called
from tracer.events.kernel_names import ATTENTION, PRODUCT, named_work
from tracer.graph import IndexArray, Op, OpGraph
from tracer.named import attention_operator, row_operator
from tracer.named.kernel import blocks_of
from tracer.named.products import tile_of
from tracer.operators import ATTENTIONS, CONVOLUTIONS, PRODUCTS, Kind, canonical_name, kind_of
from tracer.trace import KernelKind, Trace

from .merged import merged
from .taken import ShapesTaken, apart_of, best_of, launching

__all__ = ["of_kernels"]

# Share of the kernels of a name and grid below which an operator is not what they do.
_RARE = 0.1
_MOST = 0.5
_BY_ROWS = frozenset({Kind.LAYER_NORM, Kind.RMS_NORM, Kind.RESIDUAL_RMS_NORM, Kind.SOFTMAX})
# Formats that tensors of another one are multiplied in without being converted.
_AS_WIDE = {"tf32": "fp32"}
# Tiles over outputs that their last rows and columns do not explain.
_COVERED = 1.6


def of_kernels(trace: Trace, graph: OpGraph) -> tuple[Trace, ShapesTaken]:
    """Trace whose products and attention have operators of a graph."""
    kernels = trace.kernels
    forms = [[op for op in ops if _work(op)] for ops in (launching(graph), merged(graph))]
    works = np.array([_named_work(name) for name in trace.kernel_names])
    order = np.lexsort((kernels.start, kernels.device))
    free = order[(kernels.call[order] < 0) & (kernels.kind[order] == KernelKind.KERNEL)]
    rows = free[np.isin(works[kernels.name[free]], list({_work(op) for op in forms[0]}))]
    own = works[kernels.name[rows]].tolist()
    ops, keys, runs, placed = best_of([(form, [_work(op) for op in form]) for form in forms], own)
    placed = _fitting(trace, rows, placed, ops)
    kept = np.flatnonzero(placed >= 0)
    names = [trace.kernel_names[name] for name in kernels.name[rows[kept]].tolist()]
    given = [_as_named(ops[place], name) for place, name in zip(placed[kept].tolist(), names, strict=True)]
    numbers = {op: len(trace.operators) + place for place, op in enumerate(dict.fromkeys(given))}
    number = np.array([numbers[op] for op in given], dtype=np.int64)
    time = kernels.duration * kernels.repeats
    return called(trace, rows[kept], number, list(numbers)), ShapesTaken(
        runs=runs,
        calls=len(kept),
        share=float(time[rows[kept]].sum() / time.sum()) if time.sum() else 0.0,
        apart=apart_of(own, keys * runs, placed),
        strange={},
        elements=_covered(trace, rows[kept].tolist(), given),
    )


def _as_named(op: Op, kernel: str) -> Op:
    """An operator, attention in general as the one that launches the kernel."""
    name = attention_operator(kernel) if kind_of(op.name) is Kind.ATTENTION else ""
    return replace(op, name=name) if name else op


def _fitting(trace: Trace, rows: IndexArray, placed: IndexArray, ops: Sequence[Op]) -> IndexArray:
    """Places without those of operators that a kernel is not, since two kinds of work tell little of themselves.

    That is one that kernels of its name and grid rarely are, and one in another number format than its name says, where
    the names of most agree.
    """
    kernels = trace.kernels
    names = [trace.kernel_names[name] for name in kernels.name[rows].tolist()]
    alike = list(zip(names, kernels.grid[rows].tolist(), strict=True))
    of = [ops[place] if place >= 0 else None for place in placed.tolist()]
    total, each = Counter(alike), Counter(zip(alike, of, strict=True))
    rare = [each[kernel, op] < _RARE * total[kernel] for kernel, op in zip(alike, of, strict=True)]
    other = np.array([op is not None and _other_format(name, op) for name, op in zip(names, of, strict=True)])
    wrong = np.array(rare) | (other & bool(other.sum() < _MOST * (placed >= 0).sum()))
    return np.where(wrong, -1, placed)


def _other_format(name: str, op: Op) -> bool:
    """Whether a kernel says another number format than that of an operator's first tensor."""
    said = _AS_WIDE.get(found := named_work(name).number_format, found)
    return bool(said and op.inputs) and said != number_format(op.inputs[0].dtype)


def _named_work(kernel: str) -> str:
    """What the name of a kernel says that it does, as :func:`_work` calls it; empty where that is nothing here."""
    kind = named_work(kernel).kind
    return kind if kind in (PRODUCT, ATTENTION) else canonical_name(row_operator(kernel))


def _work(op: Op) -> str:
    """Product, attention, or the name of an operator that works row by row; empty for all else."""
    kind = kind_of(op.name)
    if kind in PRODUCTS | CONVOLUTIONS:
        return PRODUCT
    return ATTENTION if kind in ATTENTIONS else canonical_name(op.name) if kind in _BY_ROWS else ""


def _covered(trace: Trace, rows: list[int], ops: list[Op]) -> float | None:
    """Median of the elements that tiles of products cover over those of operators, where it is more than rounding.

    Fewer say nothing: a persistent kernel has a block a core.
    """
    ratios = []
    for row, op in zip(rows, ops, strict=True):
        grid = trace.grids[trace.kernels.grid[row]] if trace.kernels.grid[row] >= 0 else ()
        tile = tile_of(trace.kernel_names[trace.kernels.name[row]]) if _work(op) == PRODUCT else None
        if grid and tile and op.outputs:
            ratios.append(blocks_of(grid) * tile[0] * tile[1] / max(op.outputs[0].numel, 1))
    median = float(np.median(ratios)) if ratios else 0.0
    return median if median > _COVERED else None
