"""Shapes of a trace that was recorded without them, from the graph of the same workload.

Operators of both are lined up by what they are and in their order: those of kinds that libraries give names of their
own (``aten::cudnn_convolution`` is ``aten::conv2d``) by kind, all others by name. Of each, the trace must have as many
calls as the graph or a multiple, one after another; where it has not, those calls stay without shapes and are counted.

A trace of kernels alone (CUDA graphs, Nsight and ROCm files) has no operators to line up. Its products, convolutions
and attention, which their names tell, belong to those of the graph in the same way: one kernel each, in their order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tracer.events.kernel_names import ATTENTION, PRODUCT, named_work
from tracer.events.nesting import outermost_known
from tracer.graph import GraphError, Op, OpGraph
from tracer.named import named_kernel
from tracer.named.kernel import blocks_of
from tracer.named.products import tile_of
from tracer.operators import ATTENTIONS, CONVOLUTIONS, PRODUCTS, Kind, canonical_name, is_free, kind_of
from tracer.storage.graph_file import load_graph
from tracer.trace import KernelKind, Trace

from .host_runs import has_shapes
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
# Elements above which the rounding to whole blocks is no matter, and how far it goes.
_LARGE, _ROUNDED = 100_000, 0.05
_MOST = 0.5
# Tiles over outputs that their last rows and columns do not explain.
_COVERED = 1.6


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapesTaken:
    """What a graph gave to a trace.

    Attributes
    ----------
    runs : int
        Times that the trace runs the graph: most operators' calls over the graph's.
    calls : int
        Calls, or kernels of no operator, with shapes of the graph.
    apart : mapping of str to (int, int)
        Operator -> calls in the trace and in the graph, where one is no multiple of the other.
    elements : float or None
        Elements that the trace's elementwise kernels walk, by their names and grids, over those of the graph's tensors,
        the median: away from 1 where the graph has another batch. Without operators, those that tiles of products
        cover. None where there are no such kernels. [1]
    """

    runs: int
    calls: int
    apart: Mapping[str, tuple[int, int]]
    elements: float | None

    @property
    def other_batch(self) -> bool:
        """Whether the graph's tensors are not as large as the trace's."""
        return self.elements is not None and abs(self.elements - 1.0) > _ROUNDED

    def lines(self) -> tuple[str, ...]:
        """What to say of it."""
        said = [f"recorded without shapes: {self.calls} calls have those of the graph, run {self.runs} times"]
        if self.other_batch:
            said.append(
                f"the trace's kernels go through {self.elements:.3g} times as many elements as tensors of the graph "
                "have: give the graph of its batch"
            )
        for name, (calls, own) in self.apart.items():
            said.append(f"{name}: {calls} calls are no multiple of the graph's {own}, left without shapes")
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
    expected = _expected(graph)
    found = _found(trace, set(expected))
    operators, of_call = list(trace.operators), trace.calls.operator.copy()
    numbers: dict[Op, int] = {}
    apart: dict[str, tuple[int, int]] = {}
    given, runs = 0, []
    for key, ops in expected.items():
        calls = found.get(key, [])
        if len(calls) % len(ops):
            apart[_label(key)] = (len(calls), len(ops))
            continue
        runs.append(len(calls) // len(ops))
        given += len(calls)
        for place, call in enumerate(calls):
            op = ops[place % len(ops)]
            of_call[call] = numbers.setdefault(op, len(operators) + len(numbers))
    operators.extend(numbers)
    shaped = replace(trace, operators=tuple(operators), calls=replace(trace.calls, operator=of_call))
    most = max(set(runs), key=runs.count) if runs else 0
    return shaped, ShapesTaken(runs=most, calls=given, apart=apart, elements=_elements(shaped, len(trace.operators)))


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
    kernels, apart, runs = trace.kernels, {}, []
    kinds = np.array([named_work(name).kind for name in trace.kernel_names])
    order = np.lexsort((kernels.start, kernels.device))
    free = order[(kernels.call[order] < 0) & (kernels.kind[order] == KernelKind.KERNEL)]
    ops = [op for op in _launching(graph) if _work(op)]
    rows: list[int] = []
    given: list[Op] = []
    for work in (PRODUCT, ATTENTION):
        own = [op for op in ops if _work(op) == work]
        of_work = free[kinds[kernels.name[free]] == work].tolist()
        if not own or len(of_work) % len(own):
            apart[work] = (len(of_work), len(own))
            continue
        runs.append(len(of_work) // len(own))
        rows.extend(of_work)
        given.extend(own * runs[-1])
    numbers = {op: place for place, op in enumerate(dict.fromkeys(given))}
    number = np.array([len(trace.operators) + numbers[op] for op in given], dtype=np.int64)
    shaped = called(trace, np.array(rows, dtype=np.int64), number, list(numbers))
    apart = {name: counts for name, counts in apart.items() if any(counts)}
    elements = _covered(trace, rows, given)
    return shaped, ShapesTaken(runs=max(runs, default=0), calls=len(rows), apart=apart, elements=elements)


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


def _expected(graph: OpGraph) -> Mapping[_Key, list[Op]]:
    """Operators of a graph that launch something, in their order, by what they are."""
    found: defaultdict[_Key, list[Op]] = defaultdict(list)
    for op in _launching(graph):
        found[_key(op.name)].append(op)
    return found


def _launching(graph: OpGraph) -> list[Op]:
    """Operators of a run that launch something."""
    runs = [stage.operators.tolist() * stage.repeats for stage in graph.stages]
    able = [can_predict(op) and not is_free(op.name) for op in graph.operators]
    return [graph.operators[number] for run in runs for number in run if able[number]]


def _found(trace: Trace, keys: set[_Key]) -> Mapping[_Key, list[int]]:
    """Outermost calls of the trace that are operators of the graph, in the order in which they began."""
    known = np.array([_key(op.name) in keys for op in trace.operators], dtype=np.bool_)
    level = outermost_known(known[trace.calls.operator], trace.calls.parent)
    rows = np.flatnonzero(level == np.arange(len(level)))
    found: defaultdict[_Key, list[int]] = defaultdict(list)
    for call in rows[np.argsort(trace.calls.start[rows], kind="stable")].tolist():
        found[_key(trace.operators[trace.calls.operator[call]].name)].append(call)
    return found


def _key(name: str) -> _Key:
    kind = kind_of(name)
    return kind if kind in _KINDS and kind is not None else canonical_name(name)


def _label(key: _Key) -> str:
    return key.name.lower() if isinstance(key, Kind) else key
