"""Traces from events as a reader meets them: an event costs a few machine words, names and operators are kept once."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace

import numpy as np

from tracer.graph import IndexArray
from tracer.trace import GRAPH_LAUNCHES, MODULE_PREFIX, STAGE_PREFIX, KernelKind, RunFacts, Trace, TraceFormatError

from .joins import join_events, module_column, stage_column
from .operator_arguments import RecordedArguments
from .operator_table import Names, OperatorTable

__all__ = ["TraceBuilder"]

#: Longest event that is believed; a longer one comes from a clock that wrapped or a field that was not set. [ns]
LONGEST = 3_600_000_000_000
_UNKNOWN = -1


def _columns(names: str) -> dict[str, array[int]]:
    return {name: array("q") for name in names.split()}


@dataclass(slots=True)
class TraceBuilder:
    """Collects events; times are whole nanoseconds on any common clock.

    Attributes
    ----------
    skipped : Counter
        Reason -> events left out, to which readers add their own.
    skipped_time : defaultdict
        Reason -> their device time. [s]
    """

    skipped: Counter[str] = field(default_factory=Counter)
    skipped_time: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    _operators: OperatorTable = field(default_factory=OperatorTable)
    _modules: Names = field(default_factory=Names)
    _stages: Names = field(default_factory=Names)
    _kernel_names: Names = field(default_factory=Names)
    _host_names: Names = field(default_factory=Names)
    _calls: dict[str, array[int]] = field(
        default_factory=lambda: _columns("operator thread start duration external repeats")
    )
    _kernels: dict[str, array[int]] = field(
        default_factory=lambda: _columns("name kind correlation external device stream start duration repeats")
    )
    _host: dict[str, array[int]] = field(
        default_factory=lambda: _columns("name thread correlation external start duration")
    )
    _module_spans: dict[str, array[int]] = field(default_factory=lambda: _columns("name thread start duration"))
    _stage_spans: dict[str, array[int]] = field(default_factory=lambda: _columns("name thread start duration"))

    def add_call(
        self,
        name: str,
        arguments: RecordedArguments,
        *,
        start: int,
        duration: int,
        thread: int = 0,
        external: int = _UNKNOWN,
    ) -> None:
        """An operator call on the host; `external` is the number that kernels name it by."""
        if self._usable(start, duration, "operator call"):
            operator = self._operators.number(name, arguments)
            _append(self._calls, operator, thread, start, duration, external, 1)

    def add_kernel(
        self,
        name: str,
        *,
        start: int,
        duration: int,
        kind: KernelKind = KernelKind.KERNEL,
        correlation: int = _UNKNOWN,
        external: int = _UNKNOWN,
        device: int = 0,
        stream: int = 0,
    ) -> None:
        """A device event."""
        if self._usable(start, duration, "device event"):
            number = self._kernel_names.number(name)
            _append(self._kernels, number, int(kind), correlation, external, device, stream, start, duration, 1)

    def add_host_call(
        self,
        name: str,
        *,
        start: int,
        duration: int,
        thread: int = 0,
        correlation: int = _UNKNOWN,
        external: int = _UNKNOWN,
    ) -> None:
        """A call into the runtime or driver."""
        if self._usable(start, duration, "runtime call"):
            _append(self._host, self._host_names.number(name), thread, correlation, external, start, duration)

    def add_annotation(self, name: str, *, start: int, duration: int, thread: int = 0) -> None:
        """A named range on the host; those of :data:`STAGE_PREFIX` and :data:`MODULE_PREFIX` are kept."""
        if name.startswith(STAGE_PREFIX) and self._usable(start, duration, "annotation"):
            stage = self._stages.number(name.removeprefix(STAGE_PREFIX))
            _append(self._stage_spans, stage, thread, start, duration)
        elif name.startswith(MODULE_PREFIX):
            self.add_module(name.removeprefix(MODULE_PREFIX), start=start, duration=duration, thread=thread)

    def add_module(self, name: str, *, start: int, duration: int, thread: int = 0) -> None:
        """A range in which a module ran: a whole path, or a name below the modules around it."""
        if self._usable(start, duration, "module"):
            _append(self._module_spans, self._modules.number(name), thread, start, duration)

    def skip(self, reason: str, *, nanoseconds: float = 0.0) -> None:
        """Count an event that is left out."""
        self.skipped[reason] += 1
        if nanoseconds > 0:
            self.skipped_time[reason] += nanoseconds / 1e9

    def _usable(self, start: int, duration: int, what: str) -> bool:
        if 0 <= duration <= LONGEST:
            return True
        self.skip(f"{what} of negative duration" if duration < 0 else f"{what} of more than an hour")
        return False

    def build(self, name: str, facts: RunFacts) -> Trace:
        """The trace.

        Raises
        ------
        TraceFormatError
            There is neither an operator call nor a device event.
        """
        if not len(self._calls["start"]) and not len(self._kernels["start"]):
            counted = "; ".join(f"{n} x {reason}" for reason, n in self.skipped.items())
            raise TraceFormatError(
                f"{name}: no operator call and no device event" + (f" ({counted})" if counted else "")
            )
        joined = join_events(
            calls=_arrays(self._calls),
            kernels=_arrays(self._kernels),
            host=_arrays(self._host),
            graph_launches=np.array([n.startswith(GRAPH_LAUNCHES) for n in self._host_names.all()], dtype=np.bool_),
        )
        for reason, (count, time) in joined.left_out.items():
            self.skipped[reason] += count
            if time:
                self.skipped_time[reason] += time
        calls = joined.calls
        operators, renumbered = self._operators.resolve(calls.operator, num_devices=facts.num_devices)
        modules, module = module_column(_arrays(self._module_spans), self._modules.all(), joined.call_order)
        stage = stage_column(_arrays(self._stage_spans), joined.call_order)
        return Trace(
            name=name,
            facts=facts,
            operators=operators,
            modules=modules,
            stages=self._stages.all(),
            kernel_names=self._kernel_names.all(),
            host_names=self._host_names.all(),
            calls=replace(calls, operator=renumbered, module=module, stage=stage),
            kernels=joined.kernels,
            host=joined.host,
            skipped=dict(self.skipped),
            skipped_time=dict(self.skipped_time),
        )


def _append(columns: dict[str, array[int]], *values: int) -> None:
    for column, value in zip(columns.values(), values, strict=True):
        column.append(value)


def _arrays(columns: dict[str, array[int]]) -> dict[str, IndexArray]:
    return {name: np.array(column, dtype=np.int64) for name, column in columns.items()}
