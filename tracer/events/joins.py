"""Joins of recorded events: calls nest by their times, kernels meet their launches, both meet the operator around them.

All times are whole nanoseconds of one clock until the last step, so that nothing is decided by rounding.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracer.graph import IndexArray
from tracer.trace import CallColumns, HostColumns, KernelColumns

from .nesting import enclosing, nest
from .operator_table import Names

__all__ = ["JoinedEvents", "join_events", "module_column", "stage_column"]

_Raw = Mapping[str, IndexArray]
_NONE = -1
# How far a kernel may seem to start before its launch, by the drift of two clocks. [ns]
_DRIFT = 1_000_000
_EARLIER = "device event launched before the trace began"
_CLOCK = "start time before the launch (clock)"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class JoinedEvents:
    """Columns of a trace but for names, stages and modules.

    Attributes
    ----------
    calls, kernels, host : columns
    call_order : mapping
        Raw columns of the calls in the order of `calls`.
    left_out : mapping of str to (int, float)
        Reason -> (events, their device time [s]).
    """

    calls: CallColumns
    kernels: KernelColumns
    host: HostColumns
    call_order: _Raw
    left_out: Mapping[str, tuple[int, float]]


def join_events(*, calls: _Raw, kernels: _Raw, host: _Raw, graph_launches: NDArray[np.bool_]) -> JoinedEvents:
    """Join raw columns.

    Parameters
    ----------
    calls : mapping
        ``operator thread start duration external repeats``.
    kernels : mapping
        ``name kind correlation external device stream start duration repeats``.
    host : mapping
        ``name thread correlation external start duration``.
    graph_launches : array of bool
        Whether each name of a host call launches many kernels at once, which then belong to no operator.
    """
    calls = _nested_order(calls)
    host = _ordered(host, np.lexsort((host["start"], host["thread"])))
    kernels = _ordered(kernels, np.lexsort((kernels["stream"], kernels["device"], kernels["start"])))
    origin = min(int(c["start"].min()) for c in (calls, kernels, host) if len(c["start"]))
    call_of = _Numbers(calls["external"])
    around = enclosing(calls["thread"], calls["start"], calls["duration"], host["thread"], host["start"])
    host_call = np.where(around >= 0, around, call_of.find(host["external"]))
    launch = _Numbers(host["correlation"]).find(kernels["correlation"])
    earlier = _launched_earlier(kernels, host, launch)
    left_out = {}
    if earlier.any():
        left_out[_EARLIER] = (int(earlier.sum()), float(kernels["duration"][earlier].sum()) / 1e9)
    kernels, launch = _ordered(kernels, np.flatnonzero(~earlier)), launch[~earlier]
    by_graph = (launch >= 0) & _take(_take(graph_launches, host["name"]), launch)
    launched = np.where(launch >= 0, _take(host_call, launch), _NONE)
    call = np.where(launched >= 0, launched, call_of.find(kernels["external"]))
    start = _believable(kernels["start"] - origin, host["start"] - origin, launch)
    if np.isnan(start).any():
        left_out[_CLOCK] = (int(np.isnan(start).sum()), 0.0)
    return JoinedEvents(
        calls=_call_columns(calls, origin),
        kernels=KernelColumns(
            **{name: kernels[name] for name in ("name", "kind", "correlation", "device", "stream", "repeats")},
            call=np.where(by_graph, _NONE, call),
            launch=launch,
            start=start / 1e9,
            duration=kernels["duration"] / 1e9,
        ),
        host=HostColumns(
            **{name: host[name] for name in ("name", "thread", "correlation")},
            call=host_call,
            start=(host["start"] - origin) / 1e9,
            duration=host["duration"] / 1e9,
        ),
        call_order=calls,
        left_out=left_out,
    )


def stage_column(spans: _Raw, calls: _Raw) -> IndexArray:
    """Name number of the innermost span around each call, -1 for none."""
    spans = _nested_order(spans)
    inside = enclosing(spans["thread"], spans["start"], spans["duration"], calls["thread"], calls["start"])
    column: IndexArray = np.where(inside >= 0, _take(spans["name"], inside), _NONE)
    return column


def module_column(spans: _Raw, names: tuple[str, ...], calls: _Raw) -> tuple[tuple[str, ...], IndexArray]:
    """Distinct module paths, and the path of each call: the names of the spans around it, from the outermost.

    A name that begins as the path around it does is a whole path already.
    """
    spans = _nested_order(spans)
    parents = nest(spans["thread"], spans["start"], spans["duration"]).tolist()
    path_of: list[str] = []
    for number, parent in zip(spans["name"].tolist(), parents, strict=True):
        outer = path_of[parent] if parent >= 0 else ""
        name = names[number]
        path_of.append(name if not outer or name.startswith(outer) else f"{outer}.{name}")
    inside = enclosing(spans["thread"], spans["start"], spans["duration"], calls["thread"], calls["start"])
    paths = Names()
    column = np.full(len(inside), _NONE, dtype=np.int64)
    for call in np.flatnonzero(inside >= 0).tolist():
        column[call] = paths.number(path_of[inside[call]])
    return paths.all(), column


def _call_columns(calls: _Raw, origin: int) -> CallColumns:
    unknown = np.full(len(calls["start"]), _NONE, dtype=np.int64)
    return CallColumns(
        **{name: calls[name] for name in ("operator", "thread", "repeats")},
        module=unknown,
        stage=unknown,
        parent=nest(calls["thread"], calls["start"], calls["duration"]),
        start=(calls["start"] - origin) / 1e9,
        duration=calls["duration"] / 1e9,
    )


def _launched_earlier(kernels: _Raw, host: _Raw, launch: IndexArray) -> NDArray[np.bool_]:
    """Kernels that were still queued when the trace began: their launches and operators are not in it."""
    numbered = host["correlation"][host["correlation"] >= 0]
    if not len(numbered):
        return np.zeros(len(launch), dtype=np.bool_)
    correlation = kernels["correlation"]
    earlier: NDArray[np.bool_] = (launch < 0) & (correlation >= 0) & (correlation < numbered.min())
    return earlier


def _believable(start: IndexArray, launched: IndexArray, launch: IndexArray) -> NDArray[np.float64]:
    """Start times, NaN where the device's clock contradicts the host's."""
    early = (launch >= 0) & (start < _take(launched, launch) - _DRIFT)
    return np.where(early, np.nan, start.astype(np.float64))


def _nested_order(raw: _Raw) -> _Raw:
    return _ordered(raw, np.lexsort((-raw["duration"], raw["start"], raw["thread"])))


def _ordered(raw: _Raw, order: IndexArray) -> _Raw:
    return {name: column[order] for name, column in raw.items()}


def _take(values: Any, index: IndexArray) -> Any:
    """Values at an index; anything where the index is -1, also of an empty array."""
    if not len(values):
        return np.zeros(len(index), dtype=values.dtype)
    return values[np.maximum(index, 0)]


class _Numbers:
    """Positions of the numbers by which events name one another; of repeated numbers the last."""

    def __init__(self, numbers: IndexArray) -> None:
        self._order = np.argsort(numbers, kind="stable")
        self._sorted = numbers[self._order]

    def find(self, wanted: IndexArray) -> IndexArray:
        """Position of each number, -1 where it is unknown or -1 itself."""
        if not len(self._sorted):
            return np.full(len(wanted), _NONE, dtype=np.int64)
        place = np.maximum(np.searchsorted(self._sorted, wanted, side="right") - 1, 0)
        found = (self._sorted[place] == wanted) & (wanted >= 0)
        result: IndexArray = np.where(found, self._order[place], _NONE)
        return result
