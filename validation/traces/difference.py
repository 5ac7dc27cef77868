"""Two measured traces side by side: which operators changed, and which only one of them has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from simulator.projection.operator_times import can_predict
from tracer.events.attribution import attribute
from tracer.events.device_idle import device_idle
from tracer.trace import Trace, TraceFormatError

__all__ = ["ChangedOperator", "TraceDifference", "difference_of"]

_Key = tuple[str, tuple[tuple[int, ...], ...], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedOperator:
    """Calls of one operator, or device events of no operator, in both traces.

    Attributes
    ----------
    operator : str
        Or why it belongs to none, and the name of the kernel.
    shapes : tuple of tuple of int
        Of the input tensors; empty for all shapes together.
    dtype : str
        Of the first input; empty for all together.
    calls_before, calls : int
        In the reference and in the trace.
    before, after : float
        Device time of all calls in the reference and in the trace. [s]
    share : float
        Part of the reference's device time that `before` is; of the trace's that `after` is where `before` is 0.
    """

    operator: str
    shapes: tuple[tuple[int, ...], ...]
    dtype: str
    calls_before: int
    calls: int
    before: float
    after: float
    share: float

    @property
    def change(self) -> float:
        """``after - before``. [s]"""
        return self.after - self.before


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceDifference:
    """Result of :func:`difference_of`. Times in seconds.

    Attributes
    ----------
    before, after : str
        Reference, and the trace that is held against it.
    time_before, time : float
        Device time.
    elapsed_before, elapsed, idle_before, idle : float or None
        Of the devices; None without a timeline.
    by_operator : tuple of ChangedOperator
        All shapes of an operator together, those of both traces, from the largest change.
    by_shapes : tuple of ChangedOperator
        Each operator with its shapes, those of both traces, from the largest change.
    only_before, only_after : tuple of ChangedOperator
        Operators that only one has, from the longest.
    """

    before: str
    after: str
    time_before: float
    time: float
    elapsed_before: float | None
    elapsed: float | None
    idle_before: float | None
    idle: float | None
    by_operator: tuple[ChangedOperator, ...]
    by_shapes: tuple[ChangedOperator, ...]
    only_before: tuple[ChangedOperator, ...]
    only_after: tuple[ChangedOperator, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain form for JSON."""
        return asdict(self)


@dataclass(slots=True)
class _Total:
    """Calls and their device time. [s]"""

    calls: int = 0
    time: float = 0.0


def difference_of(trace: Trace, reference: Trace) -> TraceDifference:
    """What a trace has more, less, longer or shorter than a reference, such as the same run before a change.

    Operators answer for device time as in :func:`tracer.events.attribution.attribute`; nothing is predicted.

    Raises
    ------
    TraceFormatError
        One of them has no device events.
    """
    for each in (reference, trace):
        if not len(each.kernels):
            raise TraceFormatError(f"{each.label}: has no device events, so no times to set side by side{each.unread}")
    mine, theirs = _totals(trace), _totals(reference)
    names, reference_names = _by_name(mine), _by_name(theirs)
    rows = _rows(names, reference_names, reference.device_time, trace.device_time)
    with_shapes = _rows(mine, theirs, reference.device_time, trace.device_time)
    (elapsed, idle), (elapsed_before, idle_before) = _elapsed(trace), _elapsed(reference)
    return TraceDifference(
        before=reference.name,
        after=trace.name,
        time_before=reference.device_time,
        time=trace.device_time,
        elapsed_before=elapsed_before,
        elapsed=elapsed,
        idle_before=idle_before,
        idle=idle,
        by_operator=_both(rows),
        by_shapes=_both(with_shapes),
        only_before=tuple(sorted((r for r in rows if not r.calls), key=lambda row: -row.before)),
        only_after=tuple(sorted((r for r in rows if not r.calls_before), key=lambda row: -row.after)),
    )


def _both(rows: Iterable[ChangedOperator]) -> tuple[ChangedOperator, ...]:
    return tuple(sorted((r for r in rows if r.calls and r.calls_before), key=lambda row: -abs(row.change)))


def _totals(trace: Trace) -> dict[_Key, _Total]:
    """Calls and device time by operator with its shapes, and of kernels of no operator by name."""
    found: defaultdict[_Key, _Total] = defaultdict(_Total)
    attribution = attribute(trace, can_predict)
    operators = attribution.operators
    calls = np.bincount(operators, weights=attribution.repeats, minlength=len(trace.operators))
    times = np.bincount(operators, weights=attribution.total_time, minlength=len(trace.operators))
    for index in np.flatnonzero(calls).tolist():
        op = trace.operators[index]
        total = found[op.name, tuple(t.shape for t in op.inputs), op.inputs[0].dtype if op.inputs else ""]
        total.calls += int(calls[index])
        total.time += float(times[index])
    for each in attribution.apart():
        total = found[f"{each.reason}: {each.name}", (), ""]
        total.calls += each.events
        total.time += each.time
    return found


def _by_name(totals: Mapping[_Key, _Total]) -> dict[_Key, _Total]:
    found: defaultdict[_Key, _Total] = defaultdict(_Total)
    for (name, _, _), total in totals.items():
        found[name, (), ""].calls += total.calls
        found[name, (), ""].time += total.time
    return found


def _rows(
    mine: Mapping[_Key, _Total], theirs: Mapping[_Key, _Total], time_before: float, time: float
) -> list[ChangedOperator]:
    rows = []
    for key in dict.fromkeys([*theirs, *mine]):
        before, after = theirs.get(key, _Total()), mine.get(key, _Total())
        share = before.time / time_before if before.calls and time_before else after.time / time if time else 0.0
        rows.append(
            ChangedOperator(
                operator=key[0],
                shapes=key[1],
                dtype=key[2],
                calls_before=before.calls,
                calls=after.calls,
                before=before.time,
                after=after.time,
                share=share,
            )
        )
    return rows


def _elapsed(trace: Trace) -> tuple[float | None, float | None]:
    idle = device_idle(trace)
    return (None, None) if idle is None else (idle.elapsed, idle.idle)
