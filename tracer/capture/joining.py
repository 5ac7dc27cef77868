"""Several traces as one: a pipeline is profiled stage by stage."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from tracer.event_columns import CallColumns, HostColumns, KernelColumns
from tracer.graph import IndexArray
from tracer.trace import RunFacts, Trace

__all__ = ["join_traces"]


def join_traces(name: str, facts: RunFacts, traces: Sequence[Trace]) -> Trace:
    """Events of all traces, each trace starting where the one before it ended.

    Calls, launches and correlations keep apart: those of a later trace are numbered after those of the earlier ones.

    Parameters
    ----------
    name : str
    facts : RunFacts
        Of the whole; those of the parts are dropped.
    traces : sequence of Trace
        At least one.
    """
    names, numbers = _shared_names(traces)
    parts = list(zip(traces, _moves(traces), numbers, strict=True))
    return Trace(
        name=name,
        facts=facts,
        **names,
        calls=_concatenated(CallColumns, [_calls(*part) for part in parts]),
        kernels=_concatenated(KernelColumns, [_kernels(*part) for part in parts]),
        host=_concatenated(HostColumns, [_host(*part) for part in parts]),
        skipped=_summed([trace.skipped for trace in traces]),
        skipped_time=_summed([trace.skipped_time for trace in traces]),
    )


_NAMES = ("operators", "modules", "stages", "kernel_names", "host_names")
_Numbers = Mapping[str, IndexArray]


@dataclass(frozen=True, slots=True)
class _Move:
    """What is added to the numbers and times of one trace."""

    calls: int
    launches: int
    correlation: int
    time: float


def _moves(traces: Sequence[Trace]) -> Iterator[_Move]:
    calls, launches, correlation, time = 0, 0, 0, 0.0
    for trace in traces:
        yield _Move(calls, launches, correlation, time)
        calls += len(trace.calls)
        launches += len(trace.host)
        numbers = np.concatenate((trace.kernels.correlation, trace.host.correlation))
        correlation += int(numbers.max(initial=-1)) + 1
        time += _end(trace)


def _end(trace: Trace) -> float:
    """When the last event of a trace ends. [s]"""
    ends = [group.start + group.duration for group in (trace.calls, trace.kernels, trace.host)]
    return float(np.nanmax(np.concatenate([np.zeros(1), *ends])))


def _shared_names(traces: Sequence[Trace]) -> tuple[dict[str, Any], list[_Numbers]]:
    """Distinct names of every kind, and for each trace the new number of each of its names."""
    distinct: dict[str, Any] = {}
    numbers: list[dict[str, IndexArray]] = [{} for _ in traces]
    for kind in _NAMES:
        index: dict[Hashable, int] = {}
        for trace, own in zip(traces, numbers, strict=True):
            own[kind] = np.array([index.setdefault(v, len(index)) for v in getattr(trace, kind)], dtype=np.int64)
        distinct[kind] = tuple(index)
    return distinct, list(numbers)


def _calls(trace: Trace, move: _Move, numbers: _Numbers) -> dict[str, Any]:
    columns = trace.calls
    return {
        **_plain(columns),
        "operator": numbers["operators"][columns.operator],
        "module": _renumbered(columns.module, numbers["modules"]),
        "stage": _renumbered(columns.stage, numbers["stages"]),
        "parent": _moved(columns.parent, move.calls),
        "start": columns.start + move.time,
    }


def _kernels(trace: Trace, move: _Move, numbers: _Numbers) -> dict[str, Any]:
    columns = trace.kernels
    return {
        **_plain(columns),
        "name": numbers["kernel_names"][columns.name],
        "call": _moved(columns.call, move.calls),
        "launch": _moved(columns.launch, move.launches),
        "correlation": _moved(columns.correlation, move.correlation),
        "start": columns.start + move.time,
    }


def _host(trace: Trace, move: _Move, numbers: _Numbers) -> dict[str, Any]:
    columns = trace.host
    return {
        **_plain(columns),
        "name": numbers["host_names"][columns.name],
        "call": _moved(columns.call, move.calls),
        "correlation": _moved(columns.correlation, move.correlation),
        "start": columns.start + move.time,
    }


def _renumbered(values: IndexArray, numbers: IndexArray) -> IndexArray:
    """New numbers of `values`, of which -1 stays."""
    padded = np.append(numbers, -1)
    renumbered: IndexArray = padded[values]
    return renumbered


def _moved(values: IndexArray, by: int) -> IndexArray:
    return np.where(values < 0, values, values + by)


def _plain(columns: Any) -> dict[str, Any]:
    return {f.name: getattr(columns, f.name) for f in fields(columns)}


def _concatenated(kind: type[Any], parts: Sequence[dict[str, Any]]) -> Any:
    return kind(**{f.name: np.concatenate([part[f.name] for part in parts]) for f in fields(kind)})


def _summed(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    total: dict[str, Any] = {}
    for part in parts:
        for reason, value in part.items():
            total[reason] = total.get(reason, 0) + value
    return total
