"""Which operator call answers for which device time, and the graph of those calls.

Operators nest: ``aten::linear`` calls ``aten::addmm``, which launches the kernel. The innermost call that can be
predicted answers for a kernel, so that nothing counts twice. What no call answers for is counted by reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracer.graph import Component, IndexArray, Op, OpGraph, Stage, StorageRole, TensorSpec, Workload
from tracer.operators import declaration_of, is_free
from tracer.trace import GRAPH_LAUNCHES, KernelKind, Trace

__all__ = ["ON_LINK", "ApartKernels", "Attribution", "attribute", "graph_of_calls"]

FloatArray = NDArray[np.float64]

_NO_OPERATOR = "kernel of no operator"
_OF_GRAPH = "kernel of a CUDA graph"
_WHOLE_GRAPH = "whole CUDA graph (nsys profile --cuda-graph-trace=node records its kernels)"
#: Reason of device events that the link to the host decides, whatever the device is.
ON_LINK = "copy between host and device"
# Why no operator answers for a device event, by code.
_REASONS = (ON_LINK, _OF_GRAPH, _WHOLE_GRAPH, _NO_OPERATOR)
# Calls that only hold others: nodes of autograd, and what profilers write of themselves.
_BOOKKEEPING = ("autograd::", "torch::autograd::", "profiler::", "torch_cuda::", "Optimizer.")
# Names of such copies: "Memcpy HtoD (Pageable -> Device)", "CopyHostToDevice", "[CUDA memcpy Host-to-Device]", and
# those of oneAPI, where M is the host's memory and D the device's: "Memcpy M2D" (kineto's XpuptiActivityHandlers.cpp).
_TRANSFER = re.compile(
    r"HtoD|DtoH|Host-?to-?Device|Device-?to-?Host|HOST_TO_DEVICE|DEVICE_TO_HOST|\b(?:[MH]2D|D2[MH])\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApartKernels:
    """Device events of one name that no operator answers for, for one reason.

    Attributes
    ----------
    reason, name : str
    events : int
    time : float
        Of all of them. [s]
    """

    reason: str
    name: str
    events: int
    time: float


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Attribution:
    """Calls of a trace that answer for its device time.

    Attributes
    ----------
    trace : Trace
    calls : ndarray of int, shape (num_answering,)
        Entries of the trace's calls, in order.
    modelled : ndarray of bool, shape (num_answering,)
        Whether the call can be predicted; one that cannot answers for what it launches itself.
    device_time : ndarray, shape (num_answering,)
        Of one of the entry's repeats. [s]
    num_kernels : ndarray of int, shape (num_answering,)
        Device events of one of the entry's repeats.
    owner : ndarray of int, shape (num_kernels,)
        Position in `calls` of the call that answers for each device event, -1 for none.
    reason : ndarray of int, shape (num_kernels,)
        Code of why no call answers for a device event, -1 where one does.
    """

    trace: Trace
    calls: IndexArray
    modelled: NDArray[np.bool_]
    device_time: FloatArray
    num_kernels: IndexArray
    owner: IndexArray
    reason: IndexArray

    @property
    def no_kernel(self) -> NDArray[np.bool_]:
        """Device events that are copies over the link to the host or whole graphs, shape (num_kernels,)."""
        return np.isin(self.reason, (_REASONS.index(ON_LINK), _REASONS.index(_WHOLE_GRAPH)))

    @property
    def unattributed(self) -> Mapping[str, tuple[int, float]]:
        """Reason -> (device events, their time [s])."""
        found: dict[str, tuple[int, float]] = {}
        for each in self.apart():
            events, time = found.get(each.reason, (0, 0.0))
            found[each.reason] = (events + each.events, time + each.time)
        return found

    def apart(self) -> tuple[ApartKernels, ...]:
        """Device events that no call answers for, by reason and name; those of a reason from the longest."""
        kernels = self.trace.kernels
        rows = np.flatnonzero(self.reason >= 0)
        keys, place = np.unique(np.stack([self.reason[rows], kernels.name[rows]]), axis=1, return_inverse=True)
        repeats = kernels.repeats[rows]
        events = np.bincount(place.ravel(), weights=repeats, minlength=keys.shape[1])
        time = np.bincount(place.ravel(), weights=kernels.duration[rows] * repeats, minlength=keys.shape[1])
        order = np.lexsort((-time, keys[0]))
        return tuple(
            ApartKernels(
                reason=_REASONS[keys[0, i]],
                name=self.trace.kernel_names[keys[1, i]],
                events=int(events[i]),
                time=float(time[i]),
            )
            for i in order.tolist()
        )

    @property
    def operators(self) -> IndexArray:
        """Index of each answering call's operator in the trace, shape (num_answering,)."""
        return self.trace.calls.operator[self.calls]

    @property
    def repeats(self) -> IndexArray:
        """Calls that each answering entry stands for, shape (num_answering,)."""
        return self.trace.calls.repeats[self.calls]

    @property
    def total_time(self) -> FloatArray:
        """Device time of all repeats of each answering call, shape (num_answering,). [s]"""
        return self.device_time * self.repeats


def attribute(trace: Trace, can_predict: Callable[[Op], bool]) -> Attribution:
    """Device time by answering call.

    Parameters
    ----------
    trace : Trace
        One without device events (an execution trace) gets its outermost predictable calls, without times, and the
        innermost of those that nothing can predict.
    can_predict : callable
        Whether an operator has a formula.
    """
    able = np.array([can_predict(op) for op in trace.operators], dtype=np.bool_)
    able = able[trace.calls.operator] if len(able) else np.zeros(len(trace.calls), dtype=np.bool_)
    whole = np.array([_encloses(op.name) for op in trace.operators], dtype=np.bool_)
    whole = able & whole[trace.calls.operator] if len(whole) else able
    if not len(trace.kernels):
        return _without_device(trace, able)
    transfers = np.array([_TRANSFER.search(name) is not None for name in trace.kernel_names], dtype=np.bool_)
    on_link = transfers[trace.kernels.name]
    launching, kernel_call = np.unique(np.where(on_link, -1, trace.kernels.call), return_inverse=True)
    host_time = _host_time(trace)
    enclosing = _enclosing(launching, whole, trace.calls.parent)
    answering = _answering(enclosing, able, trace.calls.parent, host_time)[kernel_call]
    calls, owner = np.unique(answering, return_inverse=True)
    if len(calls) and calls[0] < 0:
        calls, owner = calls[1:], owner - 1
    time = trace.kernels.duration * trace.kernels.repeats
    known = owner >= 0
    repeats = trace.calls.repeats[calls]
    return Attribution(
        trace=trace,
        calls=calls,
        modelled=able[calls],
        device_time=np.bincount(owner[known], weights=time[known], minlength=len(calls)) / repeats,
        num_kernels=np.rint(
            np.bincount(owner[known], weights=trace.kernels.repeats[known], minlength=len(calls)) / repeats
        ).astype(np.int64),
        owner=owner,
        reason=_reason(trace, ~known, on_link),
    )


def _enclosing(launching: IndexArray, whole: NDArray[np.bool_], parent: IndexArray) -> IndexArray:
    """Outermost call around each launching one whose work holds that of what it calls, itself where there is none."""
    result = launching.copy()
    for place, call in enumerate(launching.tolist()):
        above = call
        while above >= 0:
            if whole[above]:
                result[place] = above
            above = int(parent[above])
    return result


def _answering(
    launching: IndexArray, able: NDArray[np.bool_], parent: IndexArray, host_time: Mapping[int, float]
) -> IndexArray:
    """Answering call of each launching call: itself or the nearest around it that can be predicted.

    A call around others that answer for themselves does not answer for the rest: its prediction would count the
    work of those again. Then the launching call stands for itself, unpredicted. Where the host is the device, such a
    call's own time is what it spent on calling the others, and goes to the one of them that took longest.
    """
    direct = {call for call in launching.tolist() if call >= 0 and able[call]}
    around = _ancestors(direct, parent)
    longest = _longest_beneath(direct - around, parent, host_time)
    result = []
    for call in launching.tolist():
        if call in longest:
            result.append(longest[call])
            continue
        candidate = call
        while candidate >= 0 and not able[candidate]:
            candidate = int(parent[candidate])
        climbed_past = candidate != call and candidate in around
        result.append(call if candidate < 0 or climbed_past else candidate)
    return np.array(result, dtype=np.int64)


def _longest_beneath(calls: set[int], parent: IndexArray, host_time: Mapping[int, float]) -> dict[int, int]:
    """For every call around some of `calls`, the one of them that took longest; empty without times of the host."""
    best: dict[int, int] = {}
    for call in sorted(calls, key=lambda c: host_time.get(c, 0.0)) if host_time else ():
        above = int(parent[call])
        while above >= 0:
            best[above] = call
            above = int(parent[above])
    return best


def _host_time(trace: Trace) -> dict[int, float]:
    """Time of each call that is itself an event of the device, because the device is the host. [s]"""
    rows = np.flatnonzero((trace.kernels.kind == KernelKind.HOST) & (trace.kernels.call >= 0))
    return dict(zip(trace.kernels.call[rows].tolist(), trace.kernels.duration[rows].tolist(), strict=True))


def _ancestors(calls: set[int], parent: IndexArray) -> set[int]:
    found: set[int] = set()
    for call in calls:
        above = int(parent[call])
        while above >= 0 and above not in found:
            found.add(above)
            above = int(parent[above])
    return found


def _without_device(trace: Trace, able: NDArray[np.bool_]) -> Attribution:
    # Composites that may do nothing: what they call, if anything, answers.
    hollow = np.array([_may_do_nothing(op.name) for op in trace.operators], dtype=np.bool_)
    wanted = able & ~(hollow[trace.calls.operator] if len(hollow) else able)
    covered = np.zeros(len(wanted), dtype=np.bool_)
    for call, above in enumerate(trace.calls.parent.tolist()):
        if above >= 0:
            covered[call] = covered[above] or wanted[above]
    answering = wanted & ~covered
    calls = np.flatnonzero(answering | _unknown(trace, answering, covered))
    return Attribution(
        trace=trace,
        calls=calls,
        modelled=answering[calls],
        device_time=np.zeros(len(calls)),
        num_kernels=np.zeros(len(calls), dtype=np.int64),
        owner=np.zeros(0, dtype=np.int64),
        reason=np.zeros(0, dtype=np.int64),
    )


def _unknown(trace: Trace, answering: NDArray[np.bool_], covered: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Innermost calls that nothing answers for and that may run something on a device, shape (num_calls,).

    A call that may do nothing, or that calls what answers or is counted itself, is left to those.
    """
    silent = np.array([_runs_nothing(op.name) for op in trace.operators], dtype=np.bool_)
    open_ = ~(answering | covered | (silent[trace.calls.operator] if len(silent) else answering))
    speaks = answering | open_
    parent = trace.calls.parent
    holds = np.zeros(len(parent), dtype=np.bool_)
    for call in range(len(parent) - 1, -1, -1):
        if parent[call] >= 0 and (speaks[call] or holds[call]):
            holds[parent[call]] = True
    return open_ & ~holds


def _runs_nothing(name: str) -> bool:
    """Whether a call by itself launches nothing: a view, a composite that may be empty, or a part of a profiler."""
    return is_free(name) or _may_do_nothing(name) or name.startswith(_BOOKKEEPING)


def _encloses(name: str) -> bool:
    declared = declaration_of(name)
    return declared is not None and declared.encloses


def _may_do_nothing(name: str) -> bool:
    declared = declaration_of(name)
    return declared is not None and declared.may_do_nothing


def _reason(trace: Trace, rows: NDArray[np.bool_], on_link: NDArray[np.bool_]) -> IndexArray:
    """Code of why no call answers for each device event of some rows, -1 for all others."""
    launches = np.array([name.startswith(GRAPH_LAUNCHES) for name in trace.host_names], dtype=np.bool_)
    launch = trace.kernels.launch
    of_graph = np.zeros(len(launch), dtype=np.bool_)
    known = launch >= 0
    of_graph[known] = launches[trace.host.name[launch[known]]]
    code = np.full(len(launch), _REASONS.index(_NO_OPERATOR))
    code[of_graph] = _REASONS.index(_OF_GRAPH)
    code[trace.kernels.kind == KernelKind.GRAPH] = _REASONS.index(_WHOLE_GRAPH)
    code[on_link] = _REASONS.index(ON_LINK)
    return np.where(rows, code, -1)


def graph_of_calls(attribution: Attribution) -> tuple[OpGraph, IndexArray]:
    """Graph of the answering calls and of those that only cost the host, in the order of the run.

    A trace does not say which call reads what another wrote, so every tensor has a storage of its own: there are no
    edges, and peak memory cannot be told. Entries that stand for several calls are repeated.

    Parameters
    ----------
    attribution : Attribution

    Returns
    -------
    graph : OpGraph
        One stage for each stage of the trace that has calls (``trace`` where none is named).
    positions : ndarray of int
        Position in ``attribution.calls`` of each call of the graph, stage after stage, -1 for the host's.
    """
    trace = attribution.trace
    rows, positions = _rows(attribution)
    stages, order = [], []
    builder = _GraphColumns(trace)
    stage_of = trace.calls.stage[rows]
    for number in sorted(set(stage_of.tolist())):
        selected = stage_of == number
        name = trace.stages[number] if number >= 0 else "trace"
        stages.append(builder.stage(name, rows[selected]))
        order.append(positions[selected])
    graph = OpGraph(
        name=trace.name,
        workload=Workload(dtype=_usual_dtype(trace)),
        operators=trace.operators,
        modules=(*trace.modules, ""),
        stages=tuple(stages),
        components=(Component("trace", 0, 0),),
        storage_bytes=np.array(builder.storage_bytes, dtype=np.int64),
        storage_roles=np.full(len(builder.storage_bytes), int(StorageRole.ACTIVATION), dtype=np.int64),
        sources=(f"trace {trace.name} ({trace.facts.format})",),
    )
    return graph, np.concatenate(order) if order else np.zeros(0, dtype=np.int64)


def _rows(attribution: Attribution) -> tuple[IndexArray, IndexArray]:
    """Calls of the graph and their positions among the answering ones, each repeated as often as it ran."""
    trace = attribution.trace
    silent = np.array([is_free(op.name) for op in trace.operators], dtype=np.bool_)
    inside = np.zeros(len(trace.calls), dtype=np.bool_)
    stops = np.zeros(len(trace.calls), dtype=np.bool_)
    stops[attribution.calls] = True
    views = silent[trace.calls.operator] if len(silent) else stops
    for call, above in enumerate(trace.calls.parent.tolist()):
        if above >= 0:
            inside[call] = inside[above] or stops[above] or views[above]
    position = np.full(len(trace.calls), -1, dtype=np.int64)
    position[attribution.calls] = np.arange(len(attribution.calls))
    rows = np.flatnonzero(stops | (views & ~inside))
    repeated = np.repeat(rows, trace.calls.repeats[rows])
    return repeated, position[repeated]


class _GraphColumns:
    """Stages whose tensors all have storages of their own."""

    def __init__(self, trace: Trace) -> None:
        self.storage_bytes: list[int] = []
        self._trace = trace

    def stage(self, name: str, rows: IndexArray) -> Stage:
        """One run of a stage with these calls."""
        operators = self._trace.calls.operator[rows]
        modules = self._trace.calls.module[rows]
        ops = [self._trace.operators[i] for i in operators]
        return Stage(
            name=name,
            component="trace",
            repeats=1,
            operators=operators,
            modules=np.where(modules < 0, len(self._trace.modules), modules),
            inputs=self._storages([t for op in ops for t in op.inputs]),
            outputs=self._storages([t for op in ops for t in op.outputs]),
        )

    def _storages(self, tensors: list[TensorSpec]) -> IndexArray:
        first = len(self.storage_bytes)
        self.storage_bytes.extend(t.nbytes for t in tensors)
        return np.arange(first, len(self.storage_bytes), dtype=np.int64)


def _usual_dtype(trace: Trace) -> str:
    """Floating-point dtype that most operators' first input has."""
    found = [op.inputs[0].dtype for op in trace.operators if op.inputs and "float" in op.inputs[0].dtype]
    return max(set(found), key=found.count) if found else "float32"
