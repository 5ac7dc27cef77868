"""Traces from events as a reader meets them: an event costs a few machine words, names and operators are kept once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tracer.annotations import Annotation
from tracer.storage.column_store import ColumnStore
from tracer.trace import GRAPH_LAUNCHES, MODULE_PREFIX, STAGE_PREFIX, KernelKind, RunFacts, Trace, TraceFormatError

from .graph_captures import with_captures
from .joining.arrows import Arrows
from .joining.numbers import in_process
from .joining.ranks import Columns, keep_ranks_apart
from .joins import join_events, module_column, stage_column
from .operator_arguments import RecordedArguments
from .operator_table import Names, OperatorTable

__all__ = ["TraceBuilder", "are_whole"]

#: Longest event that is believed; a longer one comes from a clock that wrapped or a field that was not set. [ns]
LONGEST = 3_600_000_000_000
_UNKNOWN = -1
_BEYOND = 2**62


def are_whole(*values: object) -> bool:
    """Whether all are integers that the columns of a trace hold, with room for differences."""
    for value in values:  # noqa: SIM110  # a million times a second, where all() with a generator takes twice as long
        if type(value) is not int or not -_BEYOND < value < _BEYOND:
            return False
    return True


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
    _arrows: Arrows = field(default_factory=Arrows)
    _operators: OperatorTable = field(default_factory=OperatorTable)
    _modules: Names = field(default_factory=Names)
    _stages: Names = field(default_factory=Names)
    _kernel_names: Names = field(default_factory=Names)
    _host_names: Names = field(default_factory=Names)
    _calls: ColumnStore = field(default_factory=lambda: ColumnStore("operator thread start duration external repeats"))
    _kernels: ColumnStore = field(
        default_factory=lambda: ColumnStore(
            "name kind correlation external device stream start duration repeats track grid"
        )
    )
    _host: ColumnStore = field(default_factory=lambda: ColumnStore("name thread correlation external start duration"))
    _module_spans: ColumnStore = field(default_factory=lambda: ColumnStore("name thread start duration"))
    _stage_spans: ColumnStore = field(default_factory=lambda: ColumnStore("name thread start duration"))
    _grids: dict[tuple[int, ...], int] = field(default_factory=dict)
    _annotation_names: Names = field(default_factory=Names)
    _annotations: ColumnStore = field(default_factory=lambda: ColumnStore("name thread start duration"))

    def add_call(
        self,
        name: str,
        arguments: RecordedArguments,
        *,
        start: int,
        duration: int,
        thread: int = 0,
        external: int = _UNKNOWN,
        process: int = 0,
    ) -> None:
        """An operator call on the host; `external` is the number that kernels name it by."""
        if self._usable(start, duration, "operator call"):
            operator = self._operators.number(name, arguments)
            if operator < 0:
                self.skip(f"{name} with tensors that no memory holds")
                return
            self._calls.append(operator, thread, start, duration, in_process(external, process), 1)

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
        process: int = 0,
        track: int = 0,
        grid: Sequence[int] = (),
    ) -> None:
        """A device event.

        `track` is where arrows find it, one of the numbers of threads; `grid` its blocks in x, y and z, and the threads
        of each.
        """
        if self._usable(start, duration, "device event"):
            self._arrows.device_event(numbered=correlation >= 0 or external >= 0)
            number = self._kernel_names.number(name)
            correlation, external = in_process(correlation, process), in_process(external, process)
            numbers = (number, int(kind), correlation, external, device, stream)
            shape = self._grids.setdefault(tuple(grid), len(self._grids)) if grid else _UNKNOWN
            self._kernels.append(*numbers, start, duration, 1, track, shape)

    def add_host_call(
        self,
        name: str,
        *,
        start: int,
        duration: int,
        thread: int = 0,
        correlation: int = _UNKNOWN,
        external: int = _UNKNOWN,
        process: int = 0,
    ) -> None:
        """A call into the runtime or driver."""
        if self._usable(start, duration, "runtime call"):
            correlation, external = in_process(correlation, process), in_process(external, process)
            self._host.append(self._host_names.number(name), thread, correlation, external, start, duration)

    def add_arrow(self, name: str, *, track: int, at: int, end: bool) -> None:
        """One end of an arrow from a host or operator call to a device event, at the start of that event."""
        self._arrows.add(name, track, at, end=end)

    def add_annotation(self, name: str, *, start: int, duration: int, thread: int = 0) -> None:
        """A named range on the host; those of :data:`STAGE_PREFIX` and :data:`MODULE_PREFIX` say what runs in it."""
        if name.startswith(STAGE_PREFIX) and self._usable(start, duration, "annotation"):
            stage = self._stages.number(name.removeprefix(STAGE_PREFIX))
            self._stage_spans.append(stage, thread, start, duration)
        elif name.startswith(MODULE_PREFIX):
            self.add_module(name.removeprefix(MODULE_PREFIX), start=start, duration=duration, thread=thread)
        elif self._usable(start, duration, "annotation"):
            self._annotations.append(self._annotation_names.number(name), thread, start, duration)

    def add_module(self, name: str, *, start: int, duration: int, thread: int = 0) -> None:
        """A range in which a module ran: a whole path, or a name below the modules around it."""
        if self._usable(start, duration, "module"):
            self._module_spans.append(self._modules.number(name), thread, start, duration)

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

    def build(self, name: str, facts: RunFacts, tracks: Sequence[str] = ()) -> Trace:
        """The trace; events are handed over to it, so that a builder has one.

        Parameters
        ----------
        name : str
        facts : RunFacts
        tracks : sequence of str
            ``process/thread`` of each thread and track; tells ranks apart that were merged into one file.

        Raises
        ------
        TraceFormatError
            There is neither an operator call nor a device event, or ranks cannot be told apart.
        """
        if not len(self._calls) and not len(self._kernels):
            counted = "; ".join(f"{n} x {reason}" for reason, n in self.skipped.items())
            raise TraceFormatError(
                f"{name}: no operator call and no device event" + (f" ({counted})" if counted else "")
            )
        self._follow_arrows()
        columns, ranks = self._columns(name, tracks)
        if ranks > 1:
            devices = len(np.unique(columns["kernels"]["device"]))
            facts = replace(facts, num_devices=max(facts.num_devices, devices))
        joined = join_events(
            columns,
            graph_launches=np.array([n.startswith(GRAPH_LAUNCHES) for n in self._host_names.all()], dtype=np.bool_),
        )
        for reason, (count, time) in joined.left_out.items():
            self.skipped[reason] += count
            if time:
                self.skipped_time[reason] += time
        calls = joined.calls
        operators, renumbered = self._operators.resolve(calls.operator, num_devices=facts.num_devices)
        modules, module = module_column(self._module_spans.take(), self._modules.all(), joined.call_order)
        stage = stage_column(self._stage_spans.take(), joined.call_order)
        trace = Trace(
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
            backlog=joined.backlog,
            skipped=dict(self.skipped),
            skipped_time=dict(self.skipped_time),
            annotations=tuple(self._named_ranges(joined.origin)),
            grids=tuple(self._grids),
        )
        return with_captures(trace)

    def _columns(self, name: str, tracks: Sequence[str]) -> tuple[dict[str, Columns], int]:
        """Raw columns of all events by what they are, with the numbers of each rank apart, and how many ranks."""
        raw = (self._calls.take(), self._kernels.take(), self._host.take())
        calls, kernels, host, ranks = keep_ranks_apart(name, *raw, tracks)
        return {"calls": calls, "kernels": kernels, "host": host}, ranks

    def _follow_arrows(self) -> None:
        """Number launches and device events that are tied by arrows alone.

        An arrow may come from an operator call itself, which then counts as the launch.
        """
        if not self._arrows.kept:
            return
        correlations = self._kernels.column("correlation")
        found = self._arrows.launches(
            self._kernels.column("track").tolist(), self._kernels.column("start").tolist(), correlations.tolist()
        )
        if not found:
            return
        places = zip(self._host.column("thread").tolist(), self._host.column("start").tolist(), strict=True)
        rows = {place: row for row, place in enumerate(places)}
        for place in found.values():
            if place not in rows:
                rows[place] = len(self._host)
                self.add_host_call("start of an arrow", start=place[1], duration=0, thread=place[0])
        numbers = self._host.column("correlation")
        free = max(int(numbers.max(initial=0)), int(correlations.max(initial=0))) + 1
        for kernel, place in found.items():
            launch = rows[place]
            if numbers[launch] < 0:
                numbers[launch] = free
                free += 1
            correlations[kernel] = numbers[launch]
        self._host.replace("correlation", numbers)
        self._kernels.replace("correlation", correlations)

    def _named_ranges(self, origin: int) -> Iterator[Annotation]:
        """Annotations in the order in which they began."""
        names = self._annotation_names.all()
        rows = zip(*(column.tolist() for column in self._annotations.take().values()), strict=True)
        for name, thread, start, duration in sorted(rows, key=lambda row: (row[2], -row[3])):
            yield Annotation(names[name], (start - origin) / 1e9, duration / 1e9, thread)
