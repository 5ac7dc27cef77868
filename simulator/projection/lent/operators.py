"""Calls of a trace with the shapes of a graph's operators.

Both are lined up by what they are and in their order: those of kinds that libraries give names of their own
(``aten::cudnn_convolution`` is ``aten::conv2d``) by kind, all others by name. What has no place in the graph stays
without shapes, and is counted by name. Attention of which the trace alone names the kernel has the graph's shapes and
that kernel.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from simulator.work import declared
from tracer.events.nesting import outermost_known
from tracer.graph import IndexArray, Op, OpGraph
from tracer.named import named_kernel
from tracer.operators import ATTENTIONS, Kind, canonical_name, kind_of
from tracer.trace import KernelKind, Trace

from .merged import merged
from .taken import Key, ShapesTaken, apart_of, best_of, launching

__all__ = ["of_operators"]

# Kinds of which frameworks and libraries have several operators; of all others the name tells what is done.
_KINDS = frozenset(
    {
        Kind.CONVOLUTION,
        Kind.CONVOLUTION_BACKWARD,
        Kind.BATCH_NORM,
        Kind.BATCH_NORM_BACKWARD,
        Kind.LAYER_NORM,
        Kind.LAYER_NORM_BACKWARD,
    }
)
# What all kinds of attention are lined up as.
_ATTENTION = Kind.ATTENTION
# Elements above which the rounding to whole blocks is no matter.
_LARGE = 100_000
# Axis of the heads of queries, keys and values before that of their positions.
_HEADS = -3


def of_operators(trace: Trace, graph: OpGraph) -> tuple[Trace, ShapesTaken]:
    """Trace whose calls are of the operators of a graph, and what they are.

    Those are the graph's own, or with products of one input merged, whichever more calls line up with.
    """
    plain = launching(graph)
    calls = _found(trace, {_key(op.name) for op in plain})
    own = [_key(trace.operators[number].name) for number in trace.calls.operator[calls].tolist()]
    ops, keys, runs, placed = best_of([(ops, [_key(op.name) for op in ops]) for ops in (plain, merged(graph))], own)
    kept = np.flatnonzero(placed >= 0)
    given = [ops[place] for place in placed[kept].tolist()]
    shaped = _with(trace, calls[kept], _as_called(trace, calls[kept], given))
    return shaped, ShapesTaken(
        runs=runs,
        calls=len(kept),
        share=_share(trace, calls[kept]),
        apart=apart_of(own, keys * runs, placed),
        strange=_strange(trace, calls),
        elements=_elements(shaped, len(trace.operators)),
    )


def _with(trace: Trace, calls: IndexArray, given: Sequence[Op]) -> Trace:
    """Trace in which some calls are of other operators."""
    numbers: dict[Op, int] = {}
    of_call = trace.calls.operator.copy()
    of_call[calls] = [numbers.setdefault(op, len(trace.operators) + len(numbers)) for op in given]
    return replace(trace, operators=(*trace.operators, *numbers), calls=replace(trace.calls, operator=of_call))


def _as_called(trace: Trace, calls: IndexArray, given: Sequence[Op]) -> list[Op]:
    """Operators of a graph, those of attention by the name of the kernel that the trace called within."""
    named = np.array([_names_its_kernel(op) for op in trace.operators], dtype=np.bool_)
    above = trace.calls.parent
    inner: dict[int, str] = {}
    for call in np.flatnonzero(named[trace.calls.operator])[::-1].tolist():
        name, around = trace.operators[trace.calls.operator[call]].name, call
        while around >= 0:
            inner[around], around = name, int(above[around])
    return [_renamed(op, inner.get(call, "")) for op, call in zip(given, calls.tolist(), strict=True)]


def _names_its_kernel(op: Op) -> bool:
    """Whether a call says which kernel computes attention, of tensors that lie as in a call that does not."""
    kind = kind_of(op.name)
    return kind in ATTENTIONS and kind is not _ATTENTION and declared(op).heads_axis == _HEADS


def _renamed(op: Op, name: str) -> Op:
    return replace(op, name=name) if name and kind_of(op.name) is _ATTENTION else op


def _share(trace: Trace, calls: IndexArray) -> float:
    """Share of the device time beneath some calls. [1]"""
    given = np.zeros(len(trace.calls), dtype=np.bool_)
    given[calls] = True
    around = outermost_known(given, trace.calls.parent)
    kernels = trace.kernels
    time = kernels.duration * kernels.repeats
    beneath = (kernels.call >= 0) & (around[np.maximum(kernels.call, 0)] >= 0) if len(around) else kernels.call > 0
    return float(time[beneath].sum() / time.sum()) if time.sum() else 0.0


def _strange(trace: Trace, calls: IndexArray) -> dict[str, float]:
    """Share of the device time of outermost calls that launch something and are none of some, by operator. [1]"""
    known = np.zeros(len(trace.calls), dtype=np.bool_)
    known[calls] = True
    inside = outermost_known(known, trace.calls.parent)
    kernels = trace.kernels
    time = kernels.duration * kernels.repeats
    found: defaultdict[str, float] = defaultdict(float)
    for row in np.flatnonzero((kernels.call >= 0) & (kernels.kind < KernelKind.MEMCPY)).tolist():
        call = int(kernels.call[row])
        if inside[call] < 0:
            found[trace.operators[trace.calls.operator[call]].name] += float(time[row])
    total = float(time.sum())
    return {name: spent / total for name, spent in sorted(found.items(), key=lambda each: -each[1]) if total}


def _elements(trace: Trace, first: int) -> float | None:
    """Median of elements by names and grids over those of operators from `first` on."""
    kernels, calls = trace.kernels, trace.calls
    from_graph = outermost_known(calls.operator >= first, calls.parent)
    rows = np.flatnonzero((kernels.call >= 0) & (kernels.grid >= 0))
    around = from_graph[kernels.call[rows]]
    ratios = []
    for row, call in zip(rows[around >= 0].tolist(), around[around >= 0].tolist(), strict=True):
        named = named_kernel(trace.kernel_names[kernels.name[row]], trace.grids[kernels.grid[row]])
        outputs = trace.operators[calls.operator[call]].outputs
        if named is not None and named.size and outputs and outputs[0].numel >= _LARGE:
            ratios.append(named.size / outputs[0].numel)
    return float(np.median(ratios)) if ratios else None


def _found(trace: Trace, keys: set[Key]) -> IndexArray:
    """Outermost calls of the trace that are operators of the graph, in the order in which they began."""
    known = np.array([_key(op.name) in keys for op in trace.operators], dtype=np.bool_)
    level = outermost_known(known[trace.calls.operator], trace.calls.parent)
    rows = np.flatnonzero(level == np.arange(len(level)))
    ordered: IndexArray = rows[np.argsort(trace.calls.start[rows], kind="stable")]
    return ordered


def _key(name: str) -> Key:
    kind = kind_of(name)
    if kind in ATTENTIONS:
        return _ATTENTION
    return kind if kind in _KINDS and kind is not None else canonical_name(name)
