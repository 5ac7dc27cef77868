"""A predicted timeline in the Trace Event Format, to be opened in Perfetto beside a measured one.

Categories, arguments and ids are those that PyTorch's profiler writes (Kineto, ``output_json.cpp``), so that whatever
reads its traces reads this one: operators and launches on the host's thread, kernels on a stream of the device, arrows
from launches to kernels, counters of bandwidth, arithmetic and power. Of stages that run many times the first run is
shown, one stage after another; an annotation around each says how often it runs and how long all of that takes.
Times are whole nanoseconds, written as microseconds with three decimals.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hw_specs import Accelerator
from simulator.cost.energies import kernel_energies
from simulator.cost.hardware.power import UnknownPowerError, power_model
from simulator.kernels import KernelTables
from simulator.profile.steps import LaunchedSpan, spans_of
from simulator.schedule.timeline import StageTimeline
from simulator.simulation import Simulation
from tracer.graph import Op
from tracer.operators import COLLECTIVES, kind_of
from tracer.trace import STAGE_PREFIX

from .argument_lists import profiler_type, recorded_from

__all__ = ["chrome_trace"]

_DEVICE, _STREAM, _HOST, _THREAD = 0, 7, 1, 1
Event = dict[str, Any]


def chrome_trace(simulation: Simulation) -> str:
    """Text of the file."""
    events = list(_metadata(simulation))
    at = 0.0
    rates, number = _Rates.of(simulation), 0
    for stage in simulation.timeline.stages:
        if not len(stage.execution):
            continue
        writer = _StageWriter(simulation, stage, rates, at, number)
        events += writer.events()
        at, number = writer.end, number + len(stage.execution)
    report = simulation.report
    content = {
        "schemaVersion": 1,
        "displayTimeUnit": "ms",
        "deviceProperties": [{"id": _DEVICE, "name": report.accelerator}],
        **({} if report.sharing is None else {"distributedInfo": {"rank": 0, "world_size": report.sharing.devices}}),
        "predicted": {"model": report.model, "latency": report.latency, "fidelity": report.fidelity},
        "traceEvents": events,
    }
    return json.dumps(content, allow_nan=False, separators=(",", ":")) + "\n"


def _metadata(simulation: Simulation) -> Iterator[Event]:
    """Names of the tracks, the host above the device."""
    host = simulation.report.host
    driver = "none" if host is None else str(host["name"])
    names = ((_HOST, "host", driver), (_DEVICE, "device", simulation.report.accelerator))
    for order, (process, label, name) in enumerate(names):
        common: Event = {"ph": "M", "ts": 0, "pid": process, "tid": 0}
        yield {**common, "name": "process_name", "args": {"name": f"predicted {label}: {name}"}}
        yield {**common, "name": "process_labels", "args": {"labels": label}}
        yield {**common, "name": "process_sort_index", "args": {"sort_index": order}}
    for process, thread, name in ((_HOST, _THREAD, "thread 1 (issues)"), (_DEVICE, _STREAM, "stream 7")):
        yield {"ph": "M", "ts": 0, "pid": process, "tid": thread, "name": "thread_name", "args": {"name": name}}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Rates:
    """What each kernel does in a second: traffic, arithmetic, and the power that it draws where that is known."""

    bandwidth: NDArray[np.float64]
    flops: NDArray[np.float64]
    power: NDArray[np.float64] | None
    idle_power: float

    @classmethod
    def of(cls, simulation: Simulation) -> _Rates:
        table, time = simulation.kernels, simulation.costs.time[:, 0]
        seconds = np.where(time > 0, time, np.inf)
        power, idle = _power(table, simulation.accelerator, seconds)
        flops = table.matrix_flops + table.vector_flops
        return cls(bandwidth=table.bytes / seconds, flops=flops / seconds, power=power, idle_power=idle)


def _power(
    table: KernelTables, accelerator: Accelerator, seconds: NDArray[np.float64]
) -> tuple[NDArray[np.float64] | None, float]:
    """Mean power of the board during each kernel, no more than its limit, and while it waits. [W]"""
    try:
        model = power_model(accelerator)
    except UnknownPowerError:
        return None, 0.0
    known = model.parameters
    power = known.idle + known.active + kernel_energies(table, accelerator, known) / seconds
    return np.minimum(power, np.inf if model.board is None else model.board), known.idle


class _StageWriter:
    """Events of the first run of a stage that begins at some time. [s]"""

    def __init__(self, simulation: Simulation, stage: StageTimeline, rates: _Rates, at: float, number: int) -> None:
        self._simulation, self._stage, self._rates, self._at, self._number = simulation, stage, rates, at, number
        self._spans = spans_of(simulation, stage)
        last = max(span.span.start + span.span.duration for span in self._spans)
        self.end = at + max(last, float(stage.first_launched[-1]))

    def events(self) -> Iterator[Event]:
        """The stage, operators with their launches, kernels with arrows, counters."""
        yield from self._annotations()
        yield from self._operators()
        for index, launched in enumerate(self._spans):
            yield from self._launch(index, launched)
        yield from self._counters()

    def _time(self, seconds: float) -> int:
        """Nanoseconds since the trace began, of a time since the stage did."""
        return round((self._at + seconds) * 1e9)

    def _whole(self, name: str, category: str, track: tuple[int, int], ends: tuple[float, float], args: Event) -> Event:
        start, end = self._time(ends[0]), self._time(ends[1])
        return {
            "ph": "X",
            "cat": category,
            "name": name,
            "pid": track[0],
            "tid": track[1],
            "ts": start / 1000,
            "dur": (end - start) / 1000,
            "args": args,
        }

    def _annotations(self) -> Iterator[Event]:
        stage = self._stage.launches.stage
        name, args = f"{STAGE_PREFIX}{stage.name}", {"repeats": stage.repeats, "all repeats [s]": self._stage.latency}
        issued = float(self._stage.first_launched[-1])
        end = self.end - self._at
        yield self._whole(name, "user_annotation", (_HOST, _THREAD), (0.0, issued), args)
        first = self._spans[0].span.start
        yield self._whole(name, "gpu_user_annotation", (_DEVICE, _STREAM), (first, max(end, first)), args)

    def _operators(self) -> Iterator[Event]:
        """Calls that launch something, each from the launch before it to its own last one."""
        begin = 0.0
        for first, last in _calls(self._spans):
            span = self._spans[last].span
            op = self._operator(span.call)
            args = {"External id": self._number + first + 1, "module": self._spans[last].module, **_arguments(op)}
            yield self._whole(op.name, "cpu_op", (_HOST, _THREAD), (begin, span.launched), args)
            begin = span.launched

    def _operator(self, call: int) -> Op:
        graph, stage = self._simulation.launches.graph, self._stage.launches.stage
        op: Op = graph.operators[int(stage.operators[call])]
        return op

    def _launch(self, index: int, launched: LaunchedSpan) -> Iterator[Event]:
        """A launch, its kernel and the arrow between them."""
        span, row, correlation = launched.span, launched.row, self._number + index + 1
        external = self._number + _first_of_call(self._spans, index) + 1
        before = self._spans[index - 1].span.launched if index else 0.0
        issue = (max(before, span.launched - self._launch_time()), span.launched)
        ids = {"External id": external, "correlation": correlation}
        yield self._whole("launch", "runtime", (_HOST, _THREAD), issue, ids)
        table = self._simulation.kernels
        args = {
            **ids,
            "device": _DEVICE,
            "stream": _STREAM,
            "category": span.category,
            "operator": launched.operator,
            "module": launched.module,
            "bound": str(self._simulation.costs.bound_names()[row, 0]),
            "FLOP": float(table.matrix_flops[row] + table.vector_flops[row]),
            "bytes": float(table.bytes[row]),
            **_message(self._operator(span.call)),
        }
        yield self._whole(span.name, "kernel", (_DEVICE, _STREAM), (span.start, span.start + span.duration), args)
        arrow = {"cat": "ac2g", "name": "ac2g", "id": correlation}
        start = self._time(issue[0]) / 1000
        yield {**arrow, "ph": "s", "pid": _HOST, "tid": _THREAD, "ts": start}
        yield {**arrow, "ph": "f", "bp": "e", "pid": _DEVICE, "tid": _STREAM, "ts": self._time(span.start) / 1000}

    def _launch_time(self) -> float:
        issuing = self._simulation.issuing
        return 0.0 if issuing is None else issuing[self._stage.launches.mode].launch

    def _counters(self) -> Iterator[Event]:
        """Rates from the start of each kernel on, and nothing where the device idles."""
        rates = self._rates
        for index, launched in enumerate(self._spans):
            row, span = launched.row, launched.span
            end = span.start + span.duration
            follows = self._spans[index + 1].span.start if index + 1 < len(self._spans) else None
            power = None if rates.power is None else float(rates.power[row])
            yield from self._counter(span.start, float(rates.bandwidth[row]), float(rates.flops[row]), power)
            if follows is None or self._time(follows) > self._time(end):
                yield from self._counter(end, 0.0, 0.0, None if power is None else rates.idle_power)

    def _counter(self, at: float, bandwidth: float, flops: float, power: float | None) -> Iterator[Event]:
        shown = {"bandwidth [GB/s]": bandwidth / 1e9, "arithmetic [TFLOP/s]": flops / 1e12, "power [W]": power}
        for name, value in shown.items():
            if value is not None:
                args = {name.partition(" ")[0]: round(value, 3)}
                yield {"ph": "C", "name": name, "pid": _DEVICE, "tid": 0, "ts": self._time(at) / 1000, "args": args}


def _calls(spans: list[LaunchedSpan]) -> Iterator[tuple[int, int]]:
    """First and last launch of each call."""
    first = 0
    for index in range(1, len(spans) + 1):
        if index == len(spans) or spans[index].span.call != spans[first].span.call:
            yield first, index - 1
            first = index


def _first_of_call(spans: list[LaunchedSpan], index: int) -> int:
    call = spans[index].span.call
    while index and spans[index - 1].span.call == call:
        index -= 1
    return index


def _arguments(op: Op) -> Event:
    """Arguments of a call, as the profiler records them: shapes, types, strides, and values of all but tensors."""
    found = recorded_from(op)
    return {
        "Input Dims": found.shapes,
        "Input type": found.types,
        "Input Strides": found.strides,
        "Concrete Inputs": found.values,
    }


def _message(op: Op) -> Event:
    """What the profiler says of a message between ranks at its kernel (``ParamCommsUtils.hpp``)."""
    if kind_of(op.name) not in COLLECTIVES:
        return {}
    given, gotten = (sum(tensor.numel for tensor in tensors) for tensors in (op.inputs, op.outputs))
    return {
        "Collective name": op.name.partition("::")[2].rstrip("_"),
        "In msg nelems": given,
        "Out msg nelems": gotten,
        "dtype": profiler_type(op.inputs[0].dtype).removeprefix("c10::"),
        "Group size": op.attribute("group_size"),
    }
