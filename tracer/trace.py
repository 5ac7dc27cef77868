"""A measured run: operator calls, what they launched on the device, and what the host spent, as columns.

A trace is what a profiler saw. Distinct operators are kept once, as in :class:`~tracer.graph.OpGraph`; calls, kernels
and host calls are columns, one entry an event. Times are seconds from the first event. A source without a timeline
(a table of totals) has NaN starts and ``repeats`` above one. What a reader could not use is counted by reason in
:attr:`Trace.skipped`, with its device time in :attr:`Trace.skipped_time`.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .annotations import Annotation
from .event_columns import BacklogColumns, CallColumns, HostColumns, KernelColumns, no_backlog
from .graph import AttributeValue, IndexArray, Op, impossible_tensor

__all__ = [
    "GRAPH_LAUNCHES",
    "MODULE_PREFIX",
    "STAGE_PREFIX",
    "HostCall",
    "KernelEvent",
    "KernelKind",
    "RunFacts",
    "Trace",
    "TraceFormatError",
]

FloatArray = NDArray[np.float64]

#: Annotations (``torch.profiler.record_function``, NVTX ranges) that say which stage or module runs:
#: ``stage:denoiser``, ``module:unet.down_blocks.0.resnets.0.conv1``.
STAGE_PREFIX = "stage:"
MODULE_PREFIX = "module:"


#: Runtime calls that start many kernels at once, so that none belongs to the operator around the call.
GRAPH_LAUNCHES = ("cudaGraphLaunch", "hipGraphLaunch", "cuGraphLaunch")


class TraceFormatError(ValueError):
    """A file is not the trace that it should be, or a trace contradicts itself."""


class KernelKind(enum.IntEnum):
    """What a device event is."""

    KERNEL = 0
    MEMCPY = 1
    MEMSET = 2
    HOST = 3
    GRAPH = 4


#: Most events that an entry stands for, and longest time of all entries, that are believed. [s]
MOST_REPEATS, LONGEST_RUN = 10**9, 1e10


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """Circumstances of a run, as far as its source tells them.

    Attributes
    ----------
    format : str
        Trace format that it was read from, or ``roofcast`` for a capture of our own.
    device : str
        Marketing name of the device, empty where not known.
    num_devices : int
        Devices that took part; 1 where the source does not say.
    framework : str
        Framework and build: ``torch 2.7.1+cu128``.
    settings : tuple of (str, value)
        Everything else by name: clocks [Hz], power [W], temperature [degC], driver, throttle reasons.
    """

    format: str = ""
    device: str = ""
    num_devices: int = 1
    framework: str = ""
    settings: tuple[tuple[str, AttributeValue], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelEvent:
    """One device event: a row of :class:`KernelColumns` with its names."""

    name: str
    kind: KernelKind
    operator: Op | None
    module: str
    stage: str
    start: float
    duration: float
    device: int
    stream: int
    correlation: int
    repeats: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HostCall:
    """One call into the runtime: a row of :class:`HostColumns` with its names."""

    name: str
    operator: Op | None
    start: float
    duration: float
    thread: int
    correlation: int


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Trace:
    """A measured run.

    Attributes
    ----------
    name : str
    facts : RunFacts
    operators : tuple of Op
        Distinct operators; tensors name no storage, `module` and `stage` are empty. `outputs` is empty where
        the source does not tell them and they cannot be inferred.
    modules, stages : tuple of str
    kernel_names, host_names : tuple of str
    calls : CallColumns
    kernels : KernelColumns
    host : HostColumns
    skipped : mapping of str to int
        Reason -> events that were left out.
    skipped_time : mapping of str to float
        Reason -> device time of those events, as far as it is known. [s]
    backlog : BacklogColumns
        Device events launched before the trace began, which are among those left out.
    source : str
        File that it was read from, for messages; no part of what is equal or stored.
    annotations : tuple of Annotation
        Named ranges of the host's time other than those of stages and modules.
    grids : tuple of tuple of int
        Distinct (blocks in x, y, z, threads of a block in x, y, z) of device events.

    Raises
    ------
    TraceFormatError
        Columns differ in length, an index points nowhere, or a duration is negative or not finite.
    """

    name: str
    facts: RunFacts
    operators: tuple[Op, ...]
    modules: tuple[str, ...]
    stages: tuple[str, ...]
    kernel_names: tuple[str, ...]
    host_names: tuple[str, ...]
    calls: CallColumns
    kernels: KernelColumns
    host: HostColumns
    skipped: Mapping[str, int] = field(default_factory=dict)
    skipped_time: Mapping[str, float] = field(default_factory=dict)
    backlog: BacklogColumns = field(default_factory=no_backlog)
    source: str = ""
    annotations: tuple[Annotation, ...] = ()
    grids: tuple[tuple[int, ...], ...] = ()

    def __post_init__(self) -> None:
        """Refuse columns that contradict one another."""
        for label, columns in (
            ("calls", self.calls),
            ("kernels", self.kernels),
            ("host", self.host),
            ("backlog", self.backlog),
        ):
            _check_columns(self.name, label, columns)
        for label, column, lowest, size in self._references():
            if len(column) and not (column.min() >= lowest and column.max() < size):
                raise TraceFormatError(f"{self.name}: column {label} points outside the trace")
        if wrong := impossible_tensor(self.operators):
            raise TraceFormatError(f"{self.name}: {wrong}")
        if (self.calls.parent >= np.arange(len(self.calls))).any():
            raise TraceFormatError(f"{self.name}: column calls.parent names a later call")

    def _references(self) -> tuple[tuple[str, IndexArray, int, int], ...]:
        """(column, values, least value, bound) of every column of indices."""
        calls, kernels, host = self.calls, self.kernels, self.host
        return (
            ("calls.operator", calls.operator, 0, len(self.operators)),
            ("calls.module", calls.module, -1, len(self.modules)),
            ("calls.stage", calls.stage, -1, len(self.stages)),
            ("calls.parent", calls.parent, -1, len(calls)),
            ("kernels.name", kernels.name, 0, len(self.kernel_names)),
            ("kernels.kind", kernels.kind, 0, len(KernelKind)),
            ("kernels.call", kernels.call, -1, len(calls)),
            ("kernels.launch", kernels.launch, -1, len(host)),
            ("kernels.grid", kernels.grid, -1, len(self.grids)),
            ("host.name", host.name, 0, len(self.host_names)),
            ("host.call", host.call, -1, len(calls)),
        )

    @property
    def label(self) -> str:
        """What messages call it: its file with the whole name, else its name."""
        return self.source or self.name

    @property
    def unread(self) -> str:
        """What the reader left out, in parentheses; empty where it was nothing."""
        counted = "; ".join(f"{count} x {reason}, not read" for reason, count in self.skipped.items())
        return f" ({counted})" if counted else ""

    @property
    def device_time(self) -> float:
        """Sum of the durations of all device events; those that overlap on several streams count each. [s]"""
        return float((self.kernels.duration * self.kernels.repeats).sum())

    @property
    def has_timeline(self) -> bool:
        """Whether most device events have start times; a few may lack one, where two clocks contradict each other."""
        return 2 * int(np.count_nonzero(np.isfinite(self.kernels.start))) > len(self.kernels)

    def kernel_events(self) -> Iterator[KernelEvent]:
        """Device events one by one."""
        columns = self.kernels
        for i in range(len(columns)):
            call = int(columns.call[i])
            yield KernelEvent(
                name=self.kernel_names[columns.name[i]],
                kind=KernelKind(int(columns.kind[i])),
                operator=self._operator_of(call),
                module=self.module_of(call),
                stage=self.stage_of(call),
                start=float(columns.start[i]),
                duration=float(columns.duration[i]),
                device=int(columns.device[i]),
                stream=int(columns.stream[i]),
                correlation=int(columns.correlation[i]),
                repeats=int(columns.repeats[i]),
            )

    def host_calls(self) -> Iterator[HostCall]:
        """Runtime calls one by one."""
        columns = self.host
        for i in range(len(columns)):
            yield HostCall(
                name=self.host_names[columns.name[i]],
                operator=self._operator_of(int(columns.call[i])),
                start=float(columns.start[i]),
                duration=float(columns.duration[i]),
                thread=int(columns.thread[i]),
                correlation=int(columns.correlation[i]),
            )

    def module_of(self, call: int) -> str:
        """Module path of a call, empty where not known."""
        index = -1 if call < 0 else int(self.calls.module[call])
        return self.modules[index] if index >= 0 else ""

    def stage_of(self, call: int) -> str:
        """Stage of a call, empty where not known."""
        index = -1 if call < 0 else int(self.calls.stage[call])
        return self.stages[index] if index >= 0 else ""

    def _operator_of(self, call: int) -> Op | None:
        return None if call < 0 else self.operators[int(self.calls.operator[call])]

    def __eq__(self, other: object) -> bool:
        """Equal names, operators, facts and columns; used by tests of serialisation."""
        if not isinstance(other, Trace):
            return NotImplemented
        plain = (
            "name",
            "facts",
            "operators",
            "modules",
            "stages",
            "kernel_names",
            "host_names",
            "annotations",
            "grids",
        )
        return (
            all(getattr(self, name) == getattr(other, name) for name in plain)
            and dict(self.skipped) == dict(other.skipped)
            and dict(self.skipped_time) == dict(other.skipped_time)
            and all(
                _equal_columns(getattr(self, name), getattr(other, name))
                for name in ("calls", "kernels", "host", "backlog")
            )
        )

    __hash__ = None  # type: ignore[assignment]


def _check_columns(trace: str, label: str, columns: Any) -> None:
    lengths = {len(getattr(columns, f.name)) for f in fields(columns)}
    if len(lengths) > 1:
        raise TraceFormatError(f"{trace}: columns of {label} differ in length")
    if not (np.isfinite(columns.duration).all() and (columns.duration >= 0).all()):
        raise TraceFormatError(f"{trace}: a duration of {label} is negative or not finite")
    start = getattr(columns, "start", None)
    if start is not None and np.isinf(start).any():
        raise TraceFormatError(f"{trace}: a start of {label} is infinite")
    repeats = getattr(columns, "repeats", None)
    if repeats is None:
        return
    if (repeats < 1).any():
        raise TraceFormatError(f"{trace}: an entry of {label} stands for less than one event")
    if repeats.max(initial=1) > MOST_REPEATS:
        raise TraceFormatError(
            f"{trace}: an entry of {label} stands for {repeats.max()} events; at most {MOST_REPEATS} are believed"
        )
    if float((columns.duration * repeats).sum()) > LONGEST_RUN:
        raise TraceFormatError(f"{trace}: {label} take more than {LONGEST_RUN:.0e} s together")


def _equal_columns(a: Any, b: Any) -> bool:
    return all(np.array_equal(getattr(a, f.name), getattr(b, f.name), equal_nan=True) for f in fields(a))
