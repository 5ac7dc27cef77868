"""Chrome traces without categories, in which the names of processes and threads say what ran where.

* The XLA profiler (JAX, TensorFlow, PyTorch/XLA): ``*.trace.json.gz`` beside the ``*.xplane.pb`` of the same run.
  Processes are ``/device:GPU:0`` with a thread for each stream, ``/device:TPU:0`` with a thread ``XLA Ops`` beside
  summaries of the same time, and ``/host:CPU`` (openxla/xprof, ``trace_events_to_json``).
* ``rocprof`` before version 3: ``results.json``, where processes are ``GPU0`` and times text.

Operators are in neither: kernels and XLA operations have names alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tracer.events.builder import TraceBuilder
from tracer.events.operator_table import Names
from tracer.storage.json_stream import JsonStream, Progress, text_chunks
from tracer.trace import KernelKind, RunFacts, Trace, TraceFormatError

__all__ = ["read", "recognises"]

_HEAD = 1 << 15
_DEVICE = re.compile(r"^(?:/device:(?:GPU|TPU|CUSTOM)\b|GPU ?\d+\b)")
_SIGN = re.compile(r'"(?:/device:(?:GPU|TPU|CUSTOM)|/host:(?:CPU|metadata)|GPU\d+"|CPU HIP API")')
# Threads of a TPU that show the time of its operations once more: by step, by program, by layer.
_SUMMARIES = re.compile(r"^(?:Steps|XLA Modules|TensorFlow|Framework|XLA TraceMe|Source|Launch Stats|Async|Sparsecore)")
_COPY = re.compile(r"memcpy|copyhost|copydevice", re.IGNORECASE)
# Latest time that is one, in microseconds.
_LATEST = 2**51


def recognises(path: Path) -> bool:
    """Whether the file begins as a Chrome trace without categories that names such processes."""
    head = next(text_chunks(path, _HEAD), "")
    return (
        head.lstrip()[:1] in ("{", "[")
        and '"traceEvents"' in head
        and '"process_name"' in head
        and _SIGN.search(head) is not None
        and re.search(r'"cat"\s*:\s*"\w', head) is None
    )


def read(path: Path, progress: Progress | None = None) -> Trace:
    """The trace; names of processes and threads come before their events.

    Raises
    ------
    TraceFormatError
        The file is cut off, is not JSON, or has nothing that ran on a device.
    """
    reader = _Reader()
    with JsonStream(path, progress) as stream:
        for key, value in stream.members("traceEvents"):
            if key == "traceEvents" and isinstance(value, dict):
                reader.event(value)
    return reader.build(path)


class _Reader:
    """Events by the process that they are of."""

    def __init__(self) -> None:
        self._builder = TraceBuilder()
        self._processes: dict[str, str] = {}
        self._threads: dict[tuple[str, str], str] = {}
        self._devices = Names()
        self._streams = Names()

    def event(self, event: Mapping[str, Any]) -> None:
        """One element of the list of events."""
        process, thread = str(event.get("pid")), str(event.get("tid"))
        arguments = event.get("args")
        arguments = arguments if isinstance(arguments, dict) else {}
        if event.get("ph") == "M":
            self._name(str(event.get("name")), process, thread, str(arguments.get("name", "")))
        elif event.get("ph") == "X":
            self._whole(event, process, thread, arguments)

    def _name(self, what: str, process: str, thread: str, name: str) -> None:
        if what == "process_name":
            self._processes[process] = name
        elif what == "thread_name":
            self._threads[process, thread] = name

    def _whole(self, event: Mapping[str, Any], process: str, thread: str, arguments: Mapping[str, Any]) -> None:
        device, of = self._processes.get(process, ""), self._threads.get((process, thread), "")
        start, duration = _nanoseconds(event.get("ts")), _nanoseconds(event.get("dur"))
        if not _DEVICE.match(device):
            self._builder.skip(f"event of the host ({device or 'a process without a name'})")
        elif _SUMMARIES.match(of):
            self._builder.skip(f"summary of device time ({of})")
        elif start is None or duration is None:
            self._builder.skip("device event without a time")
        else:
            name = str(event.get("name", ""))
            correlation = str(arguments.get("correlation_id", ""))
            self._builder.add_kernel(
                name,
                start=start,
                duration=duration,
                kind=KernelKind.MEMCPY if _COPY.search(name) else KernelKind.KERNEL,
                correlation=int(correlation) if correlation.isdecimal() and len(correlation) < 19 else -1,
                device=self._devices.number(device),
                stream=self._streams.number(f"{process}/{thread}"),
            )

    def build(self, path: Path) -> Trace:
        """The trace of all events."""
        devices = self._devices.all()
        if not devices:
            names = ", ".join(sorted(set(self._processes.values()) - {""})) or "none"
            raise TraceFormatError(f"{path}: nothing that ran on a device; processes: {names[:200]}")
        facts = RunFacts(format="chrome_processes", num_devices=len(devices))
        return self._builder.build(re.sub(r"(\.trace)?\.json(\.gz)?$", "", path.name) or path.name, facts)


def _nanoseconds(microseconds: Any) -> int | None:
    """Whole nanoseconds of a time, also one given as text."""
    try:
        value = float(microseconds)
    except (TypeError, ValueError, OverflowError):
        return None
    return round(value * 1000) if math.isfinite(value) and abs(value) < _LATEST else None
