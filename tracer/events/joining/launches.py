"""Which host call launched each device event, and which operator call both belong to.

Correlations tie device events to host calls, external ids either to the operator call around them. Both are broken in
ways of their own, and times decide:

* correlation 0 is none (RCCL, ROCm/roctracer#100), and a correlation may stand for several device events whose external
  ids tell them apart (pytorch/kineto#1416);
* an external id that equals the correlation numbers the launch, because no operator was around it
  (pytorch/kineto#1001); on ROCm all of them may;
* numbers repeat where a profiler was started again;
* a launch may seem to begin just after its operator ended, for clocks are read in microseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracer.events.nesting import enclosing
from tracer.graph import IndexArray

from .numbers import Numbered, launch_of, local_number, process_of

__all__ = ["DRIFT", "Launches", "is_coarse", "match_launches"]

_Raw = Mapping[str, IndexArray]
_Truth = NDArray[np.bool_]
_NONE = -1
#: How far a kernel may seem to start before its launch, by the drift of two clocks. [ns]
DRIFT = 1_000_000
# How far a launch may lie outside of its operator, by rounding. [ns]
_ROUNDING = 2_000


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Launches:
    """What was matched, by position in sorted columns.

    Attributes
    ----------
    host_call : array of int, shape (num_host_calls,)
        Operator call around each host call, -1 for none.
    launch, call : array of int, shape (num_kernels,)
        Host call that launched each device event, and its operator call; -1 where not known.
    earlier : array of bool, shape (num_kernels,)
        Launched before the trace began: neither launch nor operator are in it.
    """

    host_call: IndexArray
    launch: IndexArray
    call: IndexArray
    earlier: NDArray[np.bool_]


def match_launches(calls: _Raw, kernels: _Raw, host: _Raw, graph_launches: _Truth) -> Launches:
    """Match device events, host calls and operator calls.

    Parameters
    ----------
    calls, kernels, host : mapping
        Columns as :func:`tracer.events.joins.join_events` takes them; calls sorted for
        :func:`~tracer.events.nesting.enclosing`, device events by their start.
    graph_launches : array of bool
        Whether each name of a host call launches many kernels at once, which then belong to no operator.
    """
    calls_by_id = Numbered(calls["external"], calls["start"])
    around = enclosing(calls["thread"], calls["start"], calls["duration"], host["thread"], host["start"])
    named = calls_by_id.latest(host["external"], host["start"])
    operators = _Spans(calls)
    trusted = _ids_name_operators(host, around, operators.hold(named, host["start"]), named)
    host_call = _operator_of_host(host, around, named, operators, trusted=trusted)
    launch = launch_of(
        kernels["correlation"], kernels["start"], Numbered(host["correlation"], host["start"]), drift=DRIFT
    )
    by_number = Numbered(host["external"], host["start"]).latest(kernels["external"], kernels["start"] + DRIFT)
    launch = np.where((launch < 0) & (_local(kernels["correlation"]) <= 0), by_number, launch)
    launched = np.where(launch >= 0, _take(host_call, launch), _NONE)
    own = _own_operator(kernels, launched, calls_by_id, operators) if trusted else np.full(len(launch), _NONE)
    by_graph = (launch >= 0) & _take(_take(graph_launches, host["name"]), launch)
    call = np.where((own >= 0) & ((launched < 0) | _differs(launch, launched, own, operators)), own, launched)
    return Launches(
        host_call=host_call,
        launch=launch,
        call=np.where(by_graph, _NONE, call),
        earlier=_launched_earlier(kernels, host, (launch < 0) & (own < 0)),
    )


def is_coarse(host: _Raw) -> bool:
    """Whether most host calls of a thread begin at the same time as another: their times have lost digits.

    Parameters
    ----------
    host : mapping
        Columns of host calls, sorted by thread and start.
    """
    same = (host["thread"][1:] == host["thread"][:-1]) & (host["start"][1:] == host["start"][:-1])
    return 5 * int(np.count_nonzero(same)) > 3 * len(host["start"])


class _Spans:
    """From when to when each operator call ran."""

    def __init__(self, calls: _Raw) -> None:
        self._start = calls["start"]
        self._end = calls["start"] + calls["duration"]

    def hold(self, call: IndexArray, at: IndexArray) -> _Truth:
        """Whether a call holds an instant, but for rounding; not where there is no call."""
        since, until = _take(self._start, call) - _ROUNDING, _take(self._end, call) + _ROUNDING
        held: _Truth = (call >= 0) & (since <= at) & (at <= until)
        return held

    def include(self, outer: IndexArray, inner: IndexArray) -> _Truth:
        """Whether a call ran at least as long on both sides as another."""
        start, end = _take(self._start, outer), _take(self._end, outer)
        around: _Truth = (start <= _take(self._start, inner)) & (end >= _take(self._end, inner))
        return around


def _names_launch(events: _Raw) -> _Truth:
    """Whether an external id is no more than the correlation again."""
    same: _Truth = (events["external"] >= 0) & (events["external"] == events["correlation"])
    return same


def _ids_name_operators(host: _Raw, around: IndexArray, held: _Truth, named: IndexArray) -> bool:
    """Whether external ids of host calls mostly name operators that ran at the time."""
    known = (around >= 0) & (named >= 0) & ~_names_launch(host)
    return bool(2 * np.count_nonzero(held & known) >= np.count_nonzero(known))


def _operator_of_host(
    host: _Raw, around: IndexArray, named: IndexArray, operators: _Spans, *, trusted: bool
) -> IndexArray:
    """The innermost operator around each host call, or the one that it names where only rounding speaks against."""
    if not trusted:
        return around
    if is_coarse(host):
        return np.where(~_names_launch(host) & (named >= 0), named, around)
    own = ~_names_launch(host) & (named >= 0)
    held = operators.hold(named, host["start"])
    alone = (around < 0) & (named >= 0) & (held | own)
    beside = (around >= 0) & own & held & ~operators.include(named, around)
    chosen: IndexArray = np.where(alone | beside, named, around)
    return chosen


def _own_operator(kernels: _Raw, launched: IndexArray, calls_by_id: Numbered, operators: _Spans) -> IndexArray:
    """Operator call that each device event names itself, -1 for none; all -1 where such names contradict launches."""
    named = calls_by_id.latest(kernels["external"], kernels["start"])
    named = np.where(_names_launch(kernels), _NONE, named)
    known = (named >= 0) & (launched >= 0)
    agree = known & (operators.include(named, launched) | operators.include(launched, named))
    believed = 2 * np.count_nonzero(agree) >= np.count_nonzero(known)
    return named if believed else np.full(len(named), _NONE, dtype=np.int64)


def _differs(launch: IndexArray, launched: IndexArray, own: IndexArray, operators: _Spans) -> _Truth:
    """Device events that share a launch with others, but name another operator than the one around it."""
    if not len(launch) or launch.max() < 0:
        return np.zeros(len(launch), dtype=np.bool_)
    shared = (launch >= 0) & (np.bincount(np.maximum(launch, 0), weights=launch >= 0)[np.maximum(launch, 0)] > 1)
    other: _Truth = shared & (own >= 0) & (launched >= 0) & ~operators.include(own, launched)
    return other


def _launched_earlier(kernels: _Raw, host: _Raw, unknown: _Truth) -> _Truth:
    """Kernels that were still queued when the trace began: numbered before the first host call of their process."""
    earlier = np.zeros(len(unknown), dtype=np.bool_)
    numbered = host["correlation"][_local(host["correlation"]) > 0]
    process = process_of(kernels["correlation"])
    for number in np.unique(process_of(numbered)).tolist():
        first = numbered[process_of(numbered) == number].min()
        earlier |= (
            unknown & (process == number) & (_local(kernels["correlation"]) > 0) & (kernels["correlation"] < first)
        )
    return earlier


def _local(numbers: IndexArray) -> IndexArray:
    """Number within its process, -1 for none."""
    local: IndexArray = np.where(numbers < 0, _NONE, local_number(numbers))
    return local


def _take(values: Any, index: IndexArray) -> Any:
    """Values at an index; anything where the index is -1, also of an empty array."""
    if not len(values):
        return np.zeros(len(index), dtype=values.dtype)
    return values[np.maximum(index, 0)]
