"""Columns of recorded events, one entry an event: operator calls, device events, runtime calls."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .graph import IndexArray

__all__ = [
    "BacklogColumns",
    "CallColumns",
    "HostColumns",
    "KernelColumns",
    "kernels_without_times",
    "no_backlog",
    "no_calls",
    "no_host_calls",
    "no_kernels",
]

FloatArray = NDArray[np.float64]

_TIMES = frozenset({"start", "duration"})


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CallColumns:
    """Operator calls on the host; every array has shape (num_calls,).

    Attributes
    ----------
    operator, module, stage : array of int
        Indices into the trace's operators, modules and stages; -1 where module or stage is not known.
    parent : array of int
        Call within which this one ran, -1 at the outermost level. A parent comes before its children.
    thread : array of int
    start, duration : array
        [s]
    repeats : array of int
        Calls that the entry stands for.
    """

    operator: IndexArray
    module: IndexArray
    stage: IndexArray
    parent: IndexArray
    thread: IndexArray
    start: FloatArray
    duration: FloatArray
    repeats: IndexArray

    def __len__(self) -> int:
        """Number of entries."""
        return len(self.operator)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class KernelColumns:
    """What ran on the device; every array has shape (num_kernels,).

    Attributes
    ----------
    name : array of int
        Index into the trace's :attr:`~tracer.trace.Trace.kernel_names`.
    kind : array of int
        :class:`~tracer.trace.KernelKind`.
    call : array of int
        Innermost operator call that launched it, -1 where not known.
    launch : array of int
        Host call that launched it, -1 where not known.
    correlation : array of int
        Number by which the source ties launch and kernel, -1 where there is none.
    device, stream : array of int
    start, duration : array
        Of one of the repeats. [s]
    repeats : array of int
        Kernels that the entry stands for.
    grid : array of int
        Index into the trace's :attr:`~tracer.trace.Trace.grids`, -1 where not known.
    """

    name: IndexArray
    kind: IndexArray
    call: IndexArray
    launch: IndexArray
    correlation: IndexArray
    device: IndexArray
    stream: IndexArray
    start: FloatArray
    duration: FloatArray
    repeats: IndexArray
    grid: IndexArray

    def __len__(self) -> int:
        """Number of entries."""
        return len(self.name)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class HostColumns:
    """Calls into the device's runtime or driver; every array has shape (num_host_calls,).

    Attributes
    ----------
    name : array of int
        Index into the trace's :attr:`~tracer.trace.Trace.host_names`.
    call : array of int
        Innermost operator call around it, -1 where none.
    thread, correlation : array of int
    start, duration : array
        [s]
    """

    name: IndexArray
    call: IndexArray
    thread: IndexArray
    correlation: IndexArray
    start: FloatArray
    duration: FloatArray

    def __len__(self) -> int:
        """Number of entries."""
        return len(self.name)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class BacklogColumns:
    """Device events that were launched before the trace began: they are no part of it, but kept the device busy.

    Attributes
    ----------
    device : array of int, shape (num_events,)
    start, duration : array, shape (num_events,)
        On the clock of the trace. [s]
    """

    device: IndexArray
    start: FloatArray
    duration: FloatArray

    def __len__(self) -> int:
        """Number of entries."""
        return len(self.device)


def kernels_without_times(
    *,
    name: IndexArray,
    duration: FloatArray,
    repeats: IndexArray,
    kind: IndexArray | None = None,
    call: IndexArray | None = None,
    grid: IndexArray | None = None,
) -> KernelColumns:
    """Columns of a table of sums: entries for `repeats` events each, of a mean `duration` [s], without starts."""
    unknown, nothing = np.full(len(name), -1, dtype=np.int64), np.zeros(len(name), dtype=np.int64)
    return KernelColumns(
        name=name,
        kind=nothing if kind is None else kind,
        call=unknown if call is None else call,
        launch=unknown,
        correlation=unknown,
        device=nothing,
        stream=nothing,
        start=np.full(len(name), np.nan),
        duration=duration,
        repeats=repeats,
        grid=unknown if grid is None else grid,
    )


def no_calls() -> CallColumns:
    """Columns of no operator calls."""
    return CallColumns(**_empty(CallColumns))


def no_kernels() -> KernelColumns:
    """Columns of no device events."""
    return KernelColumns(**_empty(KernelColumns))


def no_host_calls() -> HostColumns:
    """Columns of no runtime calls."""
    return HostColumns(**_empty(HostColumns))


def no_backlog() -> BacklogColumns:
    """Columns of no device events of before the trace."""
    return BacklogColumns(**_empty(BacklogColumns))


def _empty(kind: type) -> dict[str, Any]:
    return {f.name: np.zeros(0, np.float64 if f.name in _TIMES else np.int64) for f in fields(kind)}
