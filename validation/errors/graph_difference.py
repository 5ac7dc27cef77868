"""Whether a traced graph has the operators that really ran: counts by operator and input shapes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from simulator.projection.operator_times import can_predict
from simulator.work import declared
from tracer.events.nesting import outermost_known
from tracer.graph import IndexArray, Op, OpGraph
from tracer.library.graphs import graph_of, pipeline_of
from tracer.operators import ATTENTIONS, Kind, canonical_name, is_free, kind_of
from tracer.storage.graph_file import load_graph
from tracer.trace import Trace
from tracer.workloads import resolve

__all__ = ["DifferentOperator", "GraphDifference", "against_graph", "graph_to_compare"]

# Axis of the heads of queries, keys and values before that of their positions.
_HEADS = -3
_Key = tuple[str, tuple[tuple[int, ...], ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferentOperator:
    """An operator that ran more or less often than the graph says.

    Attributes
    ----------
    operator : str
    shapes : tuple of tuple of int
        Of the input tensors.
    in_graph, in_trace : int
        Calls.
    device_time : float
        Measured for all of its calls in the trace. [s]
    """

    operator: str
    shapes: tuple[tuple[int, ...], ...]
    in_graph: int
    in_trace: int
    device_time: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphDifference:
    """Result of :func:`against_graph`. Views and allocations are left out on both sides.

    Attributes
    ----------
    calls_in_graph, calls_in_trace, matched : int
        Calls, and how many of them both have.
    missing : tuple of DifferentOperator
        Calls that ran and are not in the graph, from the longest.
    extra : tuple of DifferentOperator
        Calls of the graph that did not run.
    matched_time_share : float
        Share of the measured device time of operators whose calls the graph has.
    """

    calls_in_graph: int
    calls_in_trace: int
    matched: int
    missing: tuple[DifferentOperator, ...]
    extra: tuple[DifferentOperator, ...]
    matched_time_share: float

    def to_dict(self) -> dict[str, Any]:
        """Plain form for JSON."""
        return asdict(self)


def against_graph(trace: Trace, graph: OpGraph, *, repeats: Mapping[str, int] | None = None) -> GraphDifference:
    """Compare the operators of a trace with those of the meta-traced graph of the same workload.

    Operators nest in a trace; the outermost one that the graph knows counts, and what it calls does not.

    Parameters
    ----------
    trace : Trace
    graph : OpGraph
    repeats : mapping of str to int, optional
        Runs of a stage in the trace where they are fewer than the graph's; taken from the trace's facts
        (``runs.STAGE``) where those tell.
    """
    expected = _expected(graph, {**_runs(trace), **(repeats or {})})
    names = {name for name, _ in expected}
    found, time = _found(trace, names)
    missing = [(key, n - expected[key]) for key, n in found.items() if n > expected[key]]
    extra = [(key, n - found[key]) for key, n in expected.items() if n > found[key]]
    matched = {key: min(n, expected[key]) for key, n in found.items()}
    total = sum(time.values())
    covered = sum(time[key] * matched[key] / found[key] for key in found)

    def rows(keys: Iterable[tuple[_Key, int]]) -> Iterator[DifferentOperator]:
        for key, _ in keys:
            yield DifferentOperator(
                operator=key[0],
                shapes=key[1],
                in_graph=expected[key],
                in_trace=found[key],
                device_time=time[key],
            )

    return GraphDifference(
        calls_in_graph=sum(expected.values()),
        calls_in_trace=sum(found.values()),
        matched=sum(matched.values()),
        missing=tuple(sorted(rows(missing), key=lambda row: -row.device_time)),
        extra=tuple(sorted(rows(extra), key=lambda row: (row.operator, row.shapes))),
        matched_time_share=covered / total if total else 0.0,
    )


def graph_to_compare(source: str, trace: Trace) -> OpGraph:
    """Graph of a file, or of a workload with the settings that the trace's facts name (``workload.NAME``).

    Raises
    ------
    GraphError
        The file is no graph, or the workload refuses the settings.
    UnknownWorkloadError
        There is neither such a file nor such a workload.
    """
    if Path(source).is_file():
        return load_graph(Path(source))
    facts = {name: value for name, value in trace.facts.settings if name.startswith("workload.")}
    asked = {name.removeprefix("workload."): value for name, value in facts.items()}
    taken = {name: asked[name] for name in resolve(pipeline_of(source), {}).__dataclass_fields__ if name in asked}
    return graph_of(source, {name: value for name, value in taken.items() if value is not None})


def _runs(trace: Trace) -> dict[str, int]:
    """Runs of each stage that a capture of our own counted."""
    settings = {name: value for name, value in trace.facts.settings if name.startswith("runs.")}
    return {name.removeprefix("runs."): value for name, value in settings.items() if type(value) is int}


def _expected(graph: OpGraph, runs: Mapping[str, int]) -> Counter[_Key]:
    """Calls by operator and shapes; of a stage whose shapes grow only those of its first and last run are known."""
    count: Counter[_Key] = Counter()
    for stage in graph.stages:
        times = runs.get(stage.name, stage.repeats)
        halves = [(stage.operators, times)] if stage.grown is None else [(stage.operators, 1), (stage.grown, times - 1)]
        for operators, weight in halves:
            for index in operators.tolist():
                op = graph.operators[index]
                if _launches(op):
                    count[_key(op)] += weight
    return count


def _found(trace: Trace, names: set[str]) -> tuple[Counter[_Key], defaultdict[_Key, float]]:
    """Calls of the trace at the level of the graph's operators, and the device time beneath each."""
    calls = trace.calls
    known = np.array([_name(op) in names for op in trace.operators], dtype=np.bool_)
    level = outermost_known(known[calls.operator] if len(known) else np.zeros(len(calls), np.bool_), calls.parent)
    launching = np.unique(trace.kernels.call[trace.kernels.call >= 0])
    # A call outside all that the graph knows, which launches something itself.
    strange = [call for call in launching.tolist() if level[call] < 0]
    rows = [*np.flatnonzero(level == np.arange(len(level))).tolist(), *strange]
    time = _time_beneath(trace, level)
    count: Counter[_Key] = Counter()
    spent: defaultdict[_Key, float] = defaultdict(float)
    for row in rows:
        op = trace.operators[calls.operator[row]]
        if _launches(op):
            count[_key(op)] += int(calls.repeats[row])
            spent[_key(op)] += time.get(row, 0.0)
    return count, spent


def _time_beneath(trace: Trace, level: IndexArray) -> dict[int, float]:
    kernels = trace.kernels
    rows = np.flatnonzero(kernels.call >= 0)
    answering = np.where(level[kernels.call[rows]] >= 0, level[kernels.call[rows]], kernels.call[rows])
    spent: defaultdict[int, float] = defaultdict(float)
    time = kernels.duration[rows] * kernels.repeats[rows]
    for call, seconds in zip(answering.tolist(), time.tolist(), strict=True):
        spent[call] += seconds
    return spent


def _launches(op: Op) -> bool:
    return not is_free(op.name) and (can_predict(op) or not op.name.startswith("aten::"))


def _key(op: Op) -> _Key:
    """Name and shapes; tensors without extents are left out, since graphs and profilers record scalars differently."""
    return _name(op), tuple(t.shape for t in op.inputs if t.shape)


def _name(op: Op) -> str:
    """Canonical name; of attention whose tensors lie alike one for all kernels, which a graph leaves open."""
    alike = kind_of(op.name) in ATTENTIONS and declared(op).heads_axis == _HEADS
    return Kind.ATTENTION.name.lower() if alike else canonical_name(op.name)
