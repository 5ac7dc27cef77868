"""``xplane.pb`` of JAX, TensorFlow and PyTorch/XLA on TPUs and GPUs: what the XLA profiler writes.

A space has planes (a device, the host), a plane lines, a line events with the number of their name. Of a GPU the lines
are its streams, of a TPU the line ``XLA Ops`` has what ran; the others say the same again by step, module or source.
Operations that hold others (loops, conditionals) are left to what they hold. Fields as in
``tsl/profiler/protobuf/xplane.proto``; times are nanoseconds of a line and picoseconds within it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from tracer.events.builder import TraceBuilder
from tracer.storage.file_content import file_content, head_of
from tracer.storage.json_stream import Progress
from tracer.storage.protobuf_wire import WireError, fields, signed, text, varint
from tracer.trace import KernelKind, RunFacts, Trace, TraceFormatError

__all__ = ["read", "recognises"]

_PLANES = 1
_PLANE_NAME, _PLANE_LINES, _PLANE_EVENTS, _PLANE_STAT_NAMES, _PLANE_STATS = 2, 3, 4, 5, 6
_LINE_ID, _LINE_NAME, _LINE_START, _LINE_EVENTS = 1, 2, 3, 4
_EVENT_NAME, _EVENT_OFFSET, _EVENT_DURATION = 1, 2, 3
_METADATA_NAME, _METADATA_SHOWN = 2, 4
_STAT_NAME, _STAT_TEXT, _STAT_REFERENCE = 1, 5, 7
_DEVICE = re.compile(r"/device:(?:GPU|TPU|XPU|[A-Z]+):(\d+)")
_OPERATIONS = "XLA Ops"
_COPY = re.compile(r"memcpy|copy-start|copy-done", re.IGNORECASE)
_HEAD = 1 << 12
_PICO = 1000


def recognises(path: Path) -> bool:
    """Whether the file begins with a plane whose name is a path, or is called as such files are."""
    head = memoryview(head_of(path, _HEAD))
    if not head or head[0] != _PLANES << 3 | 2:
        return False
    try:
        _, at = varint(head, 1)
        for number, value in fields(head[at:]):
            if number == _PLANE_NAME:
                return text(value).startswith(("/", "Task Environment"))
            if number > _PLANE_NAME:
                return False
    except WireError:
        return False
    return False


def read(path: Path, progress: Progress | None = None) -> Trace:
    """The trace: what ran on the devices, by name; operators of PyTorch are not in such a file.

    Raises
    ------
    TraceFormatError
        The file is cut off or no such file, or has no device.
    """
    reader = _Reader()
    with file_content(path) as data:
        try:
            for number, value in fields(data):
                if number == _PLANES and not isinstance(value, int):
                    reader.plane(value)
        except WireError as error:
            raise TraceFormatError(f"{path}: not an XSpace, or damaged ({error})") from error
    if progress is not None:
        progress(size := path.stat().st_size, size)
    return reader.build(path)


class _Reader:
    """Planes of devices as device events."""

    def __init__(self) -> None:
        self._builder = TraceBuilder()
        self._names: set[str] = set()
        self._num_devices = 0

    def plane(self, plane: memoryview) -> None:
        """A plane; those of the host are counted."""
        parts = list(fields(plane))
        name = next((text(v) for n, v in parts if n == _PLANE_NAME), "")
        match = _DEVICE.match(name)
        lines = [_line(v) for n, v in parts if n == _PLANE_LINES and not isinstance(v, int)]
        if match is None:
            if any(events for _, _, _, events in lines):
                self._builder.skip(f"plane {name or 'without a name'}")
            return
        self._num_devices += 1
        self._names |= _device_types(parts)
        known = dict(_metadata(v) for n, v in parts if n == _PLANE_EVENTS and not isinstance(v, int))
        streams = [line for line in lines if line[1].startswith("Stream")]
        for identity, _, start, events in streams or [line for line in lines if line[1] == _OPERATIONS]:
            self._line(int(match[1]), identity, start, events, known)

    def _line(self, device: int, stream: int, start: int, events: list[memoryview], names: Mapping[int, str]) -> None:
        for number, begin, duration in self._leaves(events):
            name = names.get(number, "unknown")
            self._builder.add_kernel(
                name,
                start=start + begin // _PICO,
                duration=round(duration / _PICO),
                kind=KernelKind.MEMCPY if _COPY.match(name) else KernelKind.KERNEL,
                device=device,
                stream=stream & (2**31 - 1),
            )

    def _leaves(self, events: list[memoryview]) -> Iterator[tuple[int, int, int]]:
        """(name, start, duration) of events that hold no others. [ps]"""
        rows = sorted((_event(event) for event in events), key=lambda row: (row[1], -row[2]))
        for row, following in zip(rows, [*rows[1:], None], strict=True):
            if following is not None and following[1] + following[2] <= row[1] + row[2] and following[2] < row[2]:
                self._builder.skip("operation around others, which are read")
            else:
                yield row

    def build(self, path: Path) -> Trace:
        """The trace of all planes."""
        if not self._num_devices:
            raise TraceFormatError(f"{path}: no plane of a device: taken where only the host was profiled?")
        name = path.name.removesuffix(".gz").removesuffix(".pb").removesuffix(".xplane")
        facts = RunFacts(format="xplane", device=" + ".join(sorted(self._names)), num_devices=self._num_devices)
        return self._builder.build(name or path.name, facts)


def _line(line: memoryview) -> tuple[int, str, int, list[memoryview]]:
    """(number, name, start [ns], events)."""
    found: dict[int, int | memoryview] = {}
    events = []
    for number, value in fields(line):
        if number == _LINE_EVENTS and not isinstance(value, int):
            events.append(value)
        else:
            found[number] = value
    return (
        signed(found.get(_LINE_ID, 0)),
        text(found.get(_LINE_NAME, 0)),
        signed(found.get(_LINE_START, 0)),
        events,
    )


def _event(event: memoryview) -> tuple[int, int, int]:
    found = dict(fields(event))
    return tuple(signed(found.get(n, 0)) for n in (_EVENT_NAME, _EVENT_OFFSET, _EVENT_DURATION))  # type: ignore[return-value]


def _entry(entry: memoryview) -> tuple[int, dict[int, int | memoryview]]:
    """(key, message) of an entry of a map."""
    parts = dict(fields(entry))
    value = parts.get(2, 0)
    return signed(parts.get(1, 0)), {} if isinstance(value, int) else dict(fields(value))


def _metadata(entry: memoryview) -> tuple[int, str]:
    """(number, name) of what events call by number."""
    number, found = _entry(entry)
    return number, text(found.get(_METADATA_SHOWN, 0)) or text(found.get(_METADATA_NAME, 0)) or "unknown"


def _device_types(parts: list[tuple[int, int | memoryview]]) -> set[str]:
    """What a plane says that its device is."""
    entries = (_entry(v) for n, v in parts if n == _PLANE_STAT_NAMES and not isinstance(v, int))
    names = {number: text(found.get(_METADATA_NAME, 0)) for number, found in entries}
    result = set()
    for stat in (dict(fields(v)) for n, v in parts if n == _PLANE_STATS and not isinstance(v, int)):
        if names.get(signed(stat.get(_STAT_NAME, 0))) in ("device_type_string", "device_name"):
            result.add(text(stat.get(_STAT_TEXT, 0)) or names.get(signed(stat.get(_STAT_REFERENCE, 0)), ""))
    return result - {""}
