"""Joins of recorded events: calls nest by their times, kernels meet their launches, both meet the operator around them.

All times are whole nanoseconds of one clock until the last step, so that nothing is decided by rounding.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracer.event_columns import BacklogColumns, CallColumns, HostColumns, KernelColumns
from tracer.graph import IndexArray
from tracer.storage.column_store import reordered, widened

from .joining.clocks import believable, far_away
from .joining.launches import is_coarse, match_launches
from .joining.numbers import local_number
from .nesting import enclosing, nest
from .operator_table import Names

__all__ = ["JoinedEvents", "join_events", "module_column", "stage_column"]

_Raw = Mapping[str, IndexArray]
_NONE = -1
_EARLIER = "device event launched before the trace began"
_COARSE = "start time that has lost its last digits"
_REPEATED = "device event that is in the file twice"
# Durations that rounding to whole microseconds leaves alone. [ns]
_WHOLE = 2_000
_CLOCK = "start time before the launch (clock)"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class JoinedEvents:
    """Columns of a trace but for names, stages and modules.

    Attributes
    ----------
    calls, kernels, host, backlog : columns
    call_order : mapping
        Raw columns of the calls in the order of `calls`.
    left_out : mapping of str to (int, float)
        Reason -> (events, their device time [s]).
    origin : int
        Time of the first event, from which all others count. [ns]
    """

    calls: CallColumns
    kernels: KernelColumns
    host: HostColumns
    backlog: BacklogColumns
    call_order: _Raw
    left_out: Mapping[str, tuple[int, float]]
    origin: int


def join_events(columns: dict[str, _Raw], *, graph_launches: NDArray[np.bool_]) -> JoinedEvents:
    """Join raw columns, which are taken out of the dictionary so that nothing holds them twice.

    Parameters
    ----------
    columns : dict
        ``calls``: ``operator thread start duration external repeats``; ``kernels``: ``name kind correlation external
        device stream start duration repeats grid``; ``host``: ``name thread correlation external start duration``.
    graph_launches : array of bool
        Whether each name of a host call launches many kernels at once, which then belong to no operator.
    """
    left_out: dict[str, tuple[int, float]] = {}
    _leave_out_far(columns, left_out)
    calls = _nested_order(columns.pop("calls"))
    host = columns.pop("host")
    host = reordered(host, np.lexsort((host["start"], host["thread"])))
    kernels = columns.pop("kernels")
    kernels = reordered(kernels, np.lexsort((kernels["stream"], kernels["device"], kernels["start"])))
    kernels = _once(kernels, left_out)
    origin = min((int(c["start"].min()) for c in (calls, kernels, host) if len(c["start"])), default=0)
    found = match_launches(calls, kernels, host, graph_launches)
    if found.earlier.any():
        left_out[_EARLIER] = _counted(kernels, found.earlier)
    backlog = reordered(kernels, np.flatnonzero(found.earlier))
    kernels, launch = reordered(kernels, np.flatnonzero(~found.earlier)), found.launch[~found.earlier]
    start = believable(kernels["start"] - origin, host["start"] - origin, launch)
    if is_coarse(host):
        start[:] = np.nan
    if np.isnan(start).any():
        left_out[_COARSE if is_coarse(host) else _CLOCK] = (int(np.isnan(start).sum()), 0.0)
    return JoinedEvents(
        calls=_call_columns(calls, origin),
        kernels=KernelColumns(
            **_widened(kernels, "name kind correlation device stream repeats grid"),
            call=found.call[~found.earlier],
            launch=launch,
            start=start / 1e9,
            duration=kernels["duration"] / 1e9,
        ),
        host=HostColumns(
            **_widened(host, "name thread correlation"),
            call=found.host_call,
            start=(host["start"] - origin) / 1e9,
            duration=host["duration"] / 1e9,
        ),
        backlog=BacklogColumns(
            device=backlog["device"],
            start=(backlog["start"] - origin) / 1e9,
            duration=backlog["duration"] / 1e9,
        ),
        call_order=calls,
        left_out=left_out,
        origin=origin,
    )


def _leave_out_far(columns: dict[str, _Raw], left_out: dict[str, tuple[int, float]]) -> None:
    """Keep events apart from those whose start time was not set, which are counted."""
    kinds = {"calls": "operator call", "kernels": "device event", "host": "runtime call"}
    far = far_away([columns[kind]["start"] for kind in kinds])
    for (kind, what), rows in zip(kinds.items(), far, strict=True):
        if rows.any():
            count, time = _counted(columns[kind], rows)
            known = time if kind == "kernels" else 0.0
            left_out[f"{what} hours away from all others (start time not set)"] = (count, known)
            columns[kind] = reordered(columns[kind], np.flatnonzero(~rows))


def _once(kernels: _Raw, left_out: dict[str, tuple[int, float]]) -> _Raw:
    """Sorted device events without those that stand in the file more than once, which are counted.

    No stream runs a kernel twice at one time; where times are whole microseconds, short ones may seem to.
    """
    again = np.zeros(len(kernels["start"]), dtype=bool)
    again[1:] = (kernels["duration"][1:] > _WHOLE) & (local_number(kernels["correlation"][1:]) > 0)
    for name in ("start", "duration", "correlation", "name", "device", "stream"):
        again[1:] &= kernels[name][1:] == kernels[name][:-1]
    if not again.any():
        return kernels
    left_out[_REPEATED] = _counted(kernels, again)
    return reordered(kernels, np.flatnonzero(~again))


def _counted(columns: _Raw, rows: NDArray[np.bool_]) -> tuple[int, float]:
    """How many rows, and their time. [s]"""
    return int(rows.sum()), float(columns["duration"][rows].sum()) / 1e9


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
    unknown = np.broadcast_to(np.int64(_NONE), calls["start"].shape)
    return CallColumns(
        **_widened(calls, "operator thread repeats"),
        module=unknown,
        stage=unknown,
        parent=nest(calls["thread"], calls["start"], calls["duration"]),
        start=(calls["start"] - origin) / 1e9,
        duration=calls["duration"] / 1e9,
    )


def _widened(raw: _Raw, names: str) -> dict[str, IndexArray]:
    return {name: widened(raw[name]) for name in names.split()}


def _nested_order(raw: _Raw) -> _Raw:
    return reordered(raw, np.lexsort((-raw["duration"], raw["start"], raw["thread"])))


def _take(values: Any, index: IndexArray) -> Any:
    """Values at an index; anything where the index is -1, also of an empty array."""
    if not len(values):
        return np.zeros(len(index), dtype=values.dtype)
    return values[np.maximum(index, 0)]
