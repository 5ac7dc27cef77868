"""``rocprofv3`` (rocprofiler-sdk) as JSON (``*_results.json``) or CSV (``*_kernel_trace.csv`` and its like).

Tables of kernels of its predecessors, ``rocprof`` and ``rocprofv2`` (``results.csv``), are read too.

JSON has what ran on the device and the HIP calls with the same correlation; a CSV table has the one or the other.
Fields as the tool's ``generateJSON.cpp`` and ``generateCSV.cpp`` write them. Times are nanoseconds.
"""

from __future__ import annotations

import csv
import io
import re
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tracer.events.builder import TraceBuilder, are_whole
from tracer.events.operator_table import Names
from tracer.storage.json_stream import JsonStream, Progress, open_plain_or_gzip, text_chunks
from tracer.trace import KernelKind, RunFacts, Trace, TraceFormatError

__all__ = ["VARIABLE_MAP", "read", "recognises"]

_ROOT = "rocprofiler-sdk-tool"
_AROUND = (_ROOT, f"{_ROOT}.strings", f"{_ROOT}.buffer_records")
_KINDS = f"{_ROOT}.strings.buffer_records"
_CALLS = ("hip_api", "hsa_api")
_STREAMED = (
    f"{_ROOT}.agents",
    f"{_ROOT}.kernel_symbols",
    _KINDS,
    *(f"{_ROOT}.buffer_records.{name}" for name in ("kernel_dispatch", "memory_copy", *_CALLS)),
)
#: Field of ours -> its columns in the tables, of which the first that exists counts.
VARIABLE_MAP: Mapping[str, tuple[str, ...]] = {
    "start": ("Start_Timestamp", "BeginNs"),
    "end": ("End_Timestamp", "EndNs"),
    "name": ("Kernel_Name", "KernelName", "Function", "Direction", "Name"),
    "device": ("Agent_Id", "Destination_Agent_Id", "GPU_ID", "gpu-id"),
    "queue": ("Stream_Id", "Queue_Id", "Queue_ID", "queue-id"),
    "correlation": ("Correlation_Id", "Correlation_ID"),
    "thread": ("Thread_Id",),
    "kind": ("Kind", "Domain"),
}
_NEEDED = ("start", "end", "name")
_HEAD = 1 << 14
_GPU = 2
# What the rows of a table without kinds are.
_DISPATCH = "KERNEL_DISPATCH"
_LONGEST_FIELD = 1 << 20
_AGENT = re.compile(r"(\d+)$")


def recognises(path: Path) -> bool:
    """Whether the file begins with the root of such JSON, or with the columns of such a table."""
    head = next(text_chunks(path, _HEAD), "")
    if head.lstrip()[:1] == "{":
        return f'"{_ROOT}"' in head
    columns = next(csv.reader(head.splitlines()[:1]), [])
    return all(_column(columns, field) for field in _NEEDED)


def read(path: Path, progress: Progress | None = None) -> Trace:
    """The trace; operators are not in such a file.

    Raises
    ------
    TraceFormatError
        The file is cut off, is damaged, or has nothing that ran.
    """
    reader = _Reader()
    if next(text_chunks(path, _HEAD), "").lstrip()[:1] == "{":
        with JsonStream(path, progress) as stream:
            for where, item in stream.records(_STREAMED, _AROUND):
                if isinstance(item, dict):
                    reader.record(where.removeprefix(f"{_ROOT}."), item)
    else:
        for row in _rows(path):
            reader.row(row)
        if progress is not None:
            progress(size := path.stat().st_size, size)
    return reader.build(path)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    content, file = open_plain_or_gzip(path)
    csv.field_size_limit(_LONGEST_FIELD)
    with file, content, io.TextIOWrapper(content, encoding="utf-8", errors="replace", newline="") as text:
        reader = csv.DictReader(text)
        try:
            columns = {field: _column(reader.fieldnames or (), field) for field in VARIABLE_MAP}
            for row in reader:
                yield {field: row.get(name) or "" for field, name in columns.items() if name}
        except (csv.Error, OSError, EOFError, zlib.error) as error:
            raise TraceFormatError(f"{path}: cut off or damaged, near line {reader.line_num} ({error})") from error


def _column(columns: Any, field: str) -> str:
    return next((name for name in VARIABLE_MAP[field] if name in columns), "")


class _Reader:
    """Records and rows as events."""

    def __init__(self) -> None:
        self._builder = TraceBuilder()
        self._agents: dict[Any, Mapping[str, Any]] = {}
        self._symbols: dict[Any, str] = {}
        self._operations: dict[str, list[Any]] = {}
        self._kinds: list[str] = []
        self._devices = Names()

    def record(self, where: str, item: Mapping[str, Any]) -> None:
        """An item of one of the arrays of JSON."""
        if where == "agents":
            self._agents[_handle(item.get("id"))] = item
        elif where == "kernel_symbols":
            names = (item.get(key) for key in ("formatted_kernel_name", "demangled_kernel_name", "kernel_name"))
            self._symbols[item.get("kernel_id")] = str(next((name for name in names if name), "unknown"))
        elif where == "strings.buffer_records":
            operations = item.get("operations")
            self._kinds.append(str(item.get("kind", "")))
            self._operations[self._kinds[-1]] = operations if isinstance(operations, list) else []
        elif where == "buffer_records.kernel_dispatch":
            self._dispatch(item)
        elif where == "buffer_records.memory_copy":
            self._copy(item)
        else:
            self._call(item)

    def row(self, row: Mapping[str, str]) -> None:
        """A row of a table."""
        start, end, correlation = (_number(row.get(name)) for name in ("start", "end", "correlation"))
        kind, name = row.get("kind", _DISPATCH), row.get("name", "unknown")
        if kind == _DISPATCH or "COPY" in kind:
            self._event(name, (start, end, row.get("device", ""), _number(row.get("queue"))), correlation, kind)
        elif "API" in kind and "MARKER" not in kind:
            self._host(name, start, end, _number(row.get("thread")), correlation)
        else:
            self._builder.skip(f"row of kind {kind or 'none'}")

    def build(self, path: Path) -> Trace:
        """The trace of everything."""
        used = [self._agents[number] for number in self._agents if str(number) in self._devices.all()]
        gpus = used or [agent for agent in self._agents.values() if agent.get("type") == _GPU]
        names = {str(agent.get("product_name") or agent.get("name") or "") for agent in gpus} - {""}
        name = re.sub(r"(_results|_kernel_trace)?\.(json|csv)(\.gz)?$", "", path.name) or path.name
        facts = RunFacts(
            format="rocprofv3", device=" + ".join(sorted(names)), num_devices=max(len(self._devices.all()), 1)
        )
        return self._builder.build(name, facts)

    def _dispatch(self, item: Mapping[str, Any]) -> None:
        info = item.get("dispatch_info")
        info = info if isinstance(info, dict) else {}
        name = self._symbols.get(info.get("kernel_id"), "unknown")
        queue = _handle(item.get("stream_id")) or _handle(info.get("queue_id"))
        times = (item.get("start_timestamp"), item.get("end_timestamp"))
        self._event(name, (*times, str(_handle(info.get("agent_id"))), queue), _correlation(item), "KERNEL")

    def _copy(self, item: Mapping[str, Any]) -> None:
        source, target = (_handle(item.get(f"{side}_agent_id")) for side in ("src", "dst"))
        sides = ["D" if self._agents.get(end, {}).get("type") == _GPU else "H" for end in (source, target)]
        times = (item.get("start_timestamp"), item.get("end_timestamp"))
        on = str(target if sides[1] == "D" else source)
        self._event(
            f"Memcpy {sides[0]}to{sides[1]}", (*times, on, _handle(item.get("stream_id"))), _correlation(item), "COPY"
        )

    def _call(self, item: Mapping[str, Any]) -> None:
        kind, operation = item.get("kind"), item.get("operation")
        label = self._kinds[kind] if type(kind) is int and 0 <= kind < len(self._kinds) else str(kind)
        names = self._operations.get(label, [])
        name = "call of HIP"
        if isinstance(operation, int) and 0 <= operation < len(names):
            name = str(names[operation])
        times = (item.get("start_timestamp"), item.get("end_timestamp"))
        self._host(name, *times, item.get("thread_id"), _correlation(item))

    def _event(self, name: str, where: tuple[Any, Any, str, Any], correlation: Any, kind: str) -> None:
        start, end, device, queue = where
        if not are_whole(start, end):
            self._builder.skip("device event without a time")
            return
        self._builder.add_kernel(
            name,
            start=start,
            duration=end - start,
            kind=KernelKind.MEMCPY if "COPY" in kind else KernelKind.KERNEL,
            correlation=correlation if are_whole(correlation) else -1,
            device=self._devices.number(device),
            stream=queue if are_whole(queue) and queue >= 0 else 0,
        )

    def _host(self, name: str, start: Any, end: Any, thread: Any, correlation: Any) -> None:
        if not are_whole(start, end):
            self._builder.skip("runtime call without a time")
            return
        self._builder.add_host_call(
            name,
            start=start,
            duration=end - start,
            thread=thread if are_whole(thread) else 0,
            correlation=correlation if are_whole(correlation) else -1,
        )


def _handle(value: Any) -> Any:
    return value.get("handle") if isinstance(value, dict) else value if type(value) is int else None


def _correlation(item: Mapping[str, Any]) -> Any:
    value = item.get("correlation_id")
    return value.get("internal") if isinstance(value, dict) else value


def _number(text: Any) -> int | None:
    """Whole number of a cell."""
    plain = str(text).strip()
    return int(plain) if plain.isdecimal() and len(plain) < 20 else None
