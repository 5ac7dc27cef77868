"""Kernels of CUDA graphs and the operators that were captured: a graph runs what one capture launched, in its order.

While a stream is captured (``cudaStreamBeginCapture`` to ``cudaStreamEndCapture``), operators launch into the graph
and nothing runs. A launch of the graph later starts as many device events, of the same kinds in the same order as long
as all are on one stream. Where a trace holds both, the device events belong to the operators of the capture, which then
stand for as many calls as the graph was launched. A graph whose launches fit captures of different operators, or none,
is left as it is: its kernels belong to no operator.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tracer.graph import IndexArray
from tracer.trace import GRAPH_LAUNCHES, KernelKind, Trace

__all__ = ["with_captures"]

_BEGIN = re.compile(r"(?:cuda|hip|cu)StreamBeginCapture")
_END = re.compile(r"(?:cuda|hip|cu)StreamEndCapture")
# Calls that start one device event each, and what it is.
_LAUNCH = re.compile(r"(?:cuda|hip|cu)\w*Launch\w*Kernel|(?:cuda|hip|cu)LaunchCooperative|hipModuleLaunch")
_COPY = re.compile(r"(?:cuda|hip|cu)Memcpy\w*Async")
_SET = re.compile(r"(?:cuda|hip|cu)Memset\w*Async")
_NOTHING = -1


@dataclass(frozen=True, slots=True, eq=False)
class _Capture:
    """What one capture launched: kinds of device events, their operator calls, and all calls made meanwhile."""

    kinds: tuple[int, ...]
    calls: tuple[int, ...]
    within: IndexArray
    end: float

    def fits(self, kinds: Sequence[int], before: float) -> bool:
        """Whether a graph launched later may be it."""
        return self.end <= before and self.kinds == tuple(kinds)


def with_captures(trace: Trace) -> Trace:
    """Trace in which device events of a graph belong to the operators of its capture, where the trace has it."""
    captures = list(_captures(trace))
    if not captures:
        return trace
    call, launches = trace.kernels.call.copy(), np.zeros(len(trace.calls), dtype=np.int64)
    for launch, rows in _graph_launches(trace).items():
        capture = _only(captures, trace, rows, float(trace.host.start[launch]))
        if capture is not None:
            call[rows] = capture.calls
            launches[capture.within] += 1
    repeats = np.where(launches > 0, trace.calls.repeats * launches, trace.calls.repeats)
    return replace(trace, kernels=replace(trace.kernels, call=call), calls=replace(trace.calls, repeats=repeats))


def _only(captures: Sequence[_Capture], trace: Trace, rows: IndexArray, before: float) -> _Capture | None:
    """Last of the captures that fit the device events of a launch, where all that fit have the same operators."""
    if len(np.unique(trace.kernels.stream[rows])) > 1:
        return None
    kinds = trace.kernels.kind[rows].tolist()
    fitting = [capture for capture in captures if capture.fits(kinds, before)]
    operators = trace.calls.operator
    different = {tuple(int(operators[c]) if c >= 0 else _NOTHING for c in capture.calls) for capture in fitting}
    return fitting[-1] if len(different) == 1 else None


def _graph_launches(trace: Trace) -> Mapping[int, IndexArray]:
    """Device events of each launch of a graph, in the order in which they ran."""
    of_graph = np.array([name.startswith(GRAPH_LAUNCHES) for name in trace.host_names], dtype=np.bool_)
    kernels = trace.kernels
    rows = np.flatnonzero(kernels.launch >= 0)
    rows = rows[of_graph[trace.host.name[kernels.launch[rows]]]]
    found: defaultdict[int, list[int]] = defaultdict(list)
    for row in rows[np.argsort(kernels.start[rows], kind="stable")].tolist():
        found[int(kernels.launch[row])].append(row)
    return {launch: np.array(events, dtype=np.int64) for launch, events in found.items()}


def _captures(trace: Trace) -> Iterator[_Capture]:
    """Captures in the order in which they ended; host calls are sorted by thread and start."""
    names = [_meaning(name) for name in trace.host_names]
    open_since: dict[int, int] = {}
    found = []
    for row, (name, thread) in enumerate(zip(trace.host.name.tolist(), trace.host.thread.tolist(), strict=True)):
        if names[name] == "begin":
            open_since[thread] = row
        elif names[name] == "end" and thread in open_since:
            found.append(_capture(trace, open_since.pop(thread), row, names))
    yield from sorted(found, key=lambda capture: capture.end)


def _capture(trace: Trace, first: int, last: int, names: Sequence[str | int]) -> _Capture:
    host = trace.host
    launches = [row for row in range(first + 1, last) if isinstance(names[host.name[row]], int)]
    begin, end = host.start[first], host.start[last]
    calls = trace.calls
    within = np.flatnonzero((calls.thread == host.thread[first]) & (calls.start >= begin) & (calls.start < end))
    return _Capture(
        kinds=tuple(int(names[host.name[row]]) for row in launches),
        calls=tuple(host.call[launches].tolist()),
        within=within,
        end=float(end),
    )


def _meaning(name: str) -> str | int:
    """What a host call does: begins or ends a capture, starts a device event of some kind; empty for all else."""
    if _BEGIN.match(name):
        return "begin"
    if _END.match(name):
        return "end"
    kinds = ((_LAUNCH, KernelKind.KERNEL), (_COPY, KernelKind.MEMCPY), (_SET, KernelKind.MEMSET))
    return next((int(kind) for pattern, kind in kinds if pattern.match(name)), "")
