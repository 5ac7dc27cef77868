"""Part of a trace: what the host did within some spans of time, and the device events that it launched there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracer.graph import IndexArray
from tracer.trace import Trace, TraceFormatError

__all__ = ["selected"]

_NONE = -1
Mask = NDArray[np.bool_]


def selected(trace: Trace, spans: Sequence[tuple[float, float]], name: str) -> Trace:
    """Calls that began within some spans of the host's time, and device events that they or the host launched there.

    A device event of which neither operator nor launch is known belongs to the span that it began in.

    Parameters
    ----------
    trace : Trace
    spans : sequence of (float, float)
        Begin and end of each. [s]
    name : str
        What the part is called.

    Raises
    ------
    TraceFormatError
        The trace has no timeline.
    """
    if not np.isfinite(trace.calls.start).all():
        raise TraceFormatError(f"{trace.label}: has no timeline, so that it cannot be cut into parts")
    calls, host = (_within(columns.start, spans) for columns in (trace.calls, trace.host))
    kernels = _device_events(trace, calls, host, spans)
    call_of, launch_of = _renumbered(calls), _renumbered(host)
    return replace(
        trace,
        name=f"{trace.name} ({name})",
        calls=_kept(trace.calls, calls, parent=call_of),
        kernels=_kept(trace.kernels, kernels, call=call_of, launch=launch_of),
        host=_kept(trace.host, host, call=call_of),
    )


def _within(start: NDArray[np.float64], spans: Sequence[tuple[float, float]]) -> Mask:
    inside = np.zeros(len(start), dtype=np.bool_)
    for begin, end in spans:
        inside |= (start >= begin) & (start < end)
    return inside


def _device_events(trace: Trace, calls: Mask, host: Mask, spans: Sequence[tuple[float, float]]) -> Mask:
    kernels = trace.kernels
    by_call, by_launch = _at(calls, kernels.call), _at(host, kernels.launch)
    stray = _within(kernels.start, spans)
    chosen: Mask = np.where(kernels.call >= 0, by_call, np.where(kernels.launch >= 0, by_launch, stray))
    return chosen


def _at(mask: Mask, index: IndexArray) -> Mask:
    """Entries of a mask, False where the index is -1."""
    return np.concatenate([mask, [False]])[index]


def _renumbered(mask: Mask) -> IndexArray:
    """New number of each entry that stays, -1 of those that go; the last is for entries that name none."""
    return np.append(np.where(mask, np.cumsum(mask) - 1, _NONE), _NONE).astype(np.int64)


def _kept(columns: Any, mask: Mask, **references: IndexArray) -> Any:
    """Columns of the entries that stay, those that name other entries by their new numbers."""
    plain = {f.name: getattr(columns, f.name)[mask] for f in fields(columns)}
    return replace(columns, **(plain | {name: new[plain[name]] for name, new in references.items()}))
