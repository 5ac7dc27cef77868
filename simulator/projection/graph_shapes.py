"""Shapes of a trace that was recorded without them, from the graph of the same workload.

Operators of both are lined up by what they are and in their order (:mod:`simulator.projection.lined_up`): those of
kinds that libraries give names of their own (``aten::cudnn_convolution`` is ``aten::conv2d``) by kind, all others by
name. What has no place in the graph stays without shapes, and is counted by name. Attention of which the trace alone
names the kernel has the graph's shapes and that kernel.

A trace of kernels alone (CUDA graphs, Nsight and ROCm files) has no operators to line up. Its products, convolutions
and attention, which their names tell, belong to those of the graph in the same way: one kernel each, in their order.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from hw_specs import number_format
from simulator.work import declared
from tracer.events.kernel_names import ATTENTION, PRODUCT, named_work
from tracer.events.nesting import outermost_known
from tracer.graph import GraphError, IndexArray, Op, OpGraph
from tracer.named import named_kernel
from tracer.named.kernel import blocks_of
from tracer.named.products import tile_of
from tracer.operators import ATTENTIONS, CONVOLUTIONS, PRODUCTS, Kind, canonical_name, is_free, kind_of
from tracer.storage.graph_file import load_graph
from tracer.trace import KernelKind, Trace

from .host_runs import has_shapes
from .lined_up import line_up
from .named import called
from .operator_times import can_predict

__all__ = ["ShapesTaken", "lent_shapes", "with_shapes_of"]

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
_Key = Kind | str
# What all kinds of attention are lined up as.
_ATTENTION = Kind.ATTENTION
# Elements above which the rounding to whole blocks is no matter, and how far it goes.
_LARGE, _ROUNDED = 100_000, 0.05
_MOST = 0.5
# Axis of the heads of queries, keys and values before that of their positions.
_HEADS = -3
# Share of the kernels of a name and grid below which an operator is not what they do.
_RARE = 0.1
# Formats that tensors of another one are multiplied in without being converted.
_AS_WIDE = {"tf32": "fp32"}
# Operators that a line names.
_NAMED = 5
# Tiles over outputs that their last rows and columns do not explain.
_COVERED = 1.6


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapesTaken:
    """What a graph gave to a trace.

    Attributes
    ----------
    runs : int
        Times that the trace runs the graph: calls of most operators over those of the graph.
    calls : int
        Calls, or kernels of no operator, with shapes of the graph.
    share : float
        Share of the device time that they took. [1]
    apart : mapping of str to (int, int, int)
        Operator of both -> its calls in the trace, those in as many runs of the graph, and those lined up, where some
        are not.
    strange : mapping of str to float
        What the graph does not have -> share of the device time, the largest first. [1]
    elements : float or None
        Elements that the trace's elementwise kernels walk, by their names and grids, over those of the graph's tensors,
        the median: away from 1 where the graph has another batch. Without operators, those that tiles of products
        cover. None where there are no such kernels. [1]
    """

    runs: int
    calls: int
    share: float
    apart: Mapping[str, tuple[int, int, int]]
    strange: Mapping[str, float]
    elements: float | None

    @property
    def other_batch(self) -> bool:
        """Whether the graph's tensors are not as large as the trace's."""
        return self.elements is not None and abs(self.elements - 1.0) > _ROUNDED

    def lines(self) -> tuple[str, ...]:
        """What to say of it."""
        said = [
            f"recorded without shapes: {self.calls} calls, {self.share:.1%} of the device time, have those of the "
            f"graph, run {self.runs} times"
        ]
        if self.other_batch:
            said.append(
                f"the trace's kernels go through {self.elements:.3g} times as many elements as tensors of the graph "
                "have: give the graph of its batch"
            )
        for name, (calls, own, found) in self.apart.items():
            said.append(
                f"{name}: {found} of {calls} calls lined up with the graph's {own}, the others are without shapes"
            )
        some = list(self.strange.items())[:_NAMED]
        if some:
            rest = f", and {len(self.strange) - len(some)} more" if len(self.strange) > len(some) else ""
            names = ", ".join(f"{name} ({share:.1%})" for name, share in some)
            said.append(f"not in the graph: {names}{rest} of the device time")
        return tuple(said)

    def to_dict(self) -> dict[str, Any]:
        """Plain form for JSON."""
        return asdict(self)


def with_shapes_of(trace: Trace, graph: OpGraph) -> tuple[Trace, ShapesTaken] | None:
    """Trace whose operators have the shapes of a graph's; None where it has shapes of its own.

    Parameters
    ----------
    trace : Trace
    graph : OpGraph
        Of one run, such as a training step or a forward pass; its batch is that of the trace.
    """
    if _recorded(trace):
        return None
    if not _has_operators(trace):
        return _of_kernels(trace, graph)
    ops = _launching(graph)
    keys = [_key(op.name) for op in ops]
    calls = _found(trace, set(keys))
    own = [_key(trace.operators[number].name) for number in trace.calls.operator[calls].tolist()]
    runs = _runs(own, keys)
    placed = line_up(own, keys, runs)
    kept = np.flatnonzero(placed >= 0)
    given = [ops[place] for place in placed[kept].tolist()]
    shaped = _with(trace, calls[kept], _as_called(trace, calls[kept], given))
    return shaped, ShapesTaken(
        runs=runs,
        calls=len(kept),
        share=_share(trace, calls[kept]),
        apart=_apart(own, keys * runs, placed),
        strange=_strange(trace, calls),
        elements=_elements(shaped, len(trace.operators)),
    )


def _runs(own: Sequence[_Key], keys: Sequence[_Key]) -> int:
    """Runs of the graph: what the calls of most operators say, whole or rounded."""
    calls, of_graph = Counter(own), Counter(keys)
    ratios = [calls[key] / count for key, count in of_graph.items() if calls[key]]
    whole = Counter(int(ratio) for ratio in ratios if ratio == int(ratio))
    if whole:
        return whole.most_common(1)[0][0]
    return max(math.ceil(float(np.median(ratios))), 1) if ratios else 1


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


def _apart(own: Sequence[_Key], keys: Sequence[_Key], placed: IndexArray) -> dict[str, tuple[int, int, int]]:
    """Calls in the trace and in the graph and those lined up, of what is not lined up whole."""
    calls, of_graph = Counter(own), Counter(keys)
    found = Counter(key for key, place in zip(own, placed.tolist(), strict=True) if place >= 0)
    return {_label(key): (calls[key], of_graph[key], found[key]) for key in of_graph if found[key] < calls[key]}


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


def lent_shapes(trace: Trace, path: Path) -> tuple[Trace, tuple[str, ...]]:
    """Trace with the shapes of a graph file, and what is said of them.

    Raises
    ------
    GraphError
        The trace has shapes of its own, or the file is no graph.
    """
    shaped = with_shapes_of(trace, load_graph(path))
    if shaped is None:
        raise GraphError(f"{trace.label}: has shapes of its own; --graph lends them to a trace that has none")
    return shaped[0], shaped[1].lines()


def _has_operators(trace: Trace) -> bool:
    """Whether operators launched most of the device time."""
    time = trace.kernels.duration * trace.kernels.repeats
    return not len(time) or float(time[trace.kernels.call >= 0].sum()) >= _MOST * float(time.sum())


def _of_kernels(trace: Trace, graph: OpGraph) -> tuple[Trace, ShapesTaken]:
    """Trace whose products and attention have operators of a graph."""
    kernels = trace.kernels
    kinds = np.array([named_work(name).kind for name in trace.kernel_names])
    order = np.lexsort((kernels.start, kernels.device))
    free = order[(kernels.call[order] < 0) & (kernels.kind[order] == KernelKind.KERNEL)]
    rows = free[np.isin(kinds[kernels.name[free]], (PRODUCT, ATTENTION))]
    ops = [op for op in _launching(graph) if _work(op)]
    own, keys = kinds[kernels.name[rows]].tolist(), [_work(op) for op in ops]
    runs = _runs(own, keys)
    placed = _fitting(trace, rows, line_up(own, keys, runs), ops)
    kept = np.flatnonzero(placed >= 0)
    given = [ops[place] for place in placed[kept].tolist()]
    numbers = {op: len(trace.operators) + place for place, op in enumerate(dict.fromkeys(given))}
    number = np.array([numbers[op] for op in given], dtype=np.int64)
    time = kernels.duration * kernels.repeats
    return called(trace, rows[kept], number, list(numbers)), ShapesTaken(
        runs=runs,
        calls=len(kept),
        share=float(time[rows[kept]].sum() / time.sum()) if time.sum() else 0.0,
        apart=_apart(own, keys * runs, placed),
        strange={},
        elements=_covered(trace, rows[kept].tolist(), given),
    )


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


def _work(op: Op) -> str:
    """Product or attention, as names of kernels tell them; empty for all else."""
    kind = kind_of(op.name)
    return PRODUCT if kind in PRODUCTS | CONVOLUTIONS else ATTENTION if kind in ATTENTIONS else ""


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


def _recorded(trace: Trace) -> bool:
    """Whether most calls that launched something have shapes; messages between ranks have them in any case."""
    launching = np.unique(trace.kernels.call[trace.kernels.call >= 0])
    if not len(launching):
        return has_shapes(trace)
    shaped = np.array([bool(op.inputs) for op in trace.operators], dtype=np.bool_)
    return bool(shaped[trace.calls.operator[launching]].mean() > _MOST)


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


def _launching(graph: OpGraph) -> list[Op]:
    """Operators of a run that launch something."""
    runs = [stage.operators.tolist() * stage.repeats for stage in graph.stages]
    able = [can_predict(op) and not is_free(op.name) for op in graph.operators]
    return [graph.operators[number] for run in runs for number in run if able[number]]


def _found(trace: Trace, keys: set[_Key]) -> IndexArray:
    """Outermost calls of the trace that are operators of the graph, in the order in which they began."""
    known = np.array([_key(op.name) in keys for op in trace.operators], dtype=np.bool_)
    level = outermost_known(known[trace.calls.operator], trace.calls.parent)
    rows = np.flatnonzero(level == np.arange(len(level)))
    ordered: IndexArray = rows[np.argsort(trace.calls.start[rows], kind="stable")]
    return ordered


def _key(name: str) -> _Key:
    kind = kind_of(name)
    if kind in ATTENTIONS:
        return _ATTENTION
    return kind if kind in _KINDS and kind is not None else canonical_name(name)


def _label(key: _Key) -> str:
    return key.name.lower() if isinstance(key, Kind) else key
