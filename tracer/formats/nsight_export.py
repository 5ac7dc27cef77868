"""What Nsight Systems exports as text, and reports that have not been exported.

* CSV or JSON of ``nsys stats --report cuda_gpu_trace``, and CSV of ``nvprof --print-gpu-trace``, whose second line has
  the units: one row for each kernel, copy and fill;
* JSON lines of ``nsys export --type jsonlines`` (or ``json``): rows with the table that they come from, or, in older
  releases, events of classes ``CudaEvent``, ``TraceProcessEvent`` and ``NvtxEvent`` behind a line of strings;
* ``.nsys-rep`` and ``.qdrep``, which only Nsight Systems itself can read: the message has the command that exports one.

Operators are in none of them; :mod:`.nsight_sqlite` has them where the run was under ``emit_nvtx``.
"""

from __future__ import annotations

import csv
import io
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from tracer.events.builder import TraceBuilder
from tracer.events.operator_table import Names
from tracer.storage.json_stream import JsonStream, Progress, open_plain_or_gzip, text_chunks
from tracer.trace import KernelKind, RunFacts, Trace, TraceFormatError

__all__ = ["read", "recognises"]

_REPORTS = (".nsys-rep", ".qdrep")
_HEAD = 1 << 14
_LONGEST_LINE = 1 << 24
_LONGEST_FIELD = 1 << 20
_UNITS = {"s": 1e9, "ms": 1e6, "us": 1e3, "μs": 1e3, "µs": 1e3, "ns": 1.0}
_HEADING = re.compile(r"^(Start|Duration)(?: \((\w+)\)|:\w+_(\w+))?$")
_TABLES = {
    "CUPTI_ACTIVITY_KIND_KERNEL": KernelKind.KERNEL,
    "CUPTI_ACTIVITY_KIND_MEMCPY": KernelKind.MEMCPY,
    "CUPTI_ACTIVITY_KIND_MEMSET": KernelKind.MEMSET,
}
_CLASSES = {"kernel": KernelKind.KERNEL, "memcpy": KernelKind.MEMCPY, "memset": KernelKind.MEMSET}
_SIGN = re.compile(r'^\s*\{\s*(?:"data":\s*\[|"table":|.*?"(?:CudaEvent|TraceProcessEvent|NvtxEvent|DeviceType)":)')
_LATER = re.compile(r"string (\d+)")
_COPY_KINDS = {1: "HtoD", 2: "DtoH", 8: "DtoD", 10: "PtoP"}
_PROCESS_BITS = 24


def recognises(path: Path) -> bool:
    """Whether the file is a report by its name, or begins as one of the exports does."""
    if path.suffix in _REPORTS:
        return True
    head = next(text_chunks(path, _HEAD), "")
    if head.lstrip().startswith("["):
        return _are_columns(re.findall(r'"([^"]*)":', head.partition("}")[0]))
    return bool(_SIGN.match(head.partition("\n")[0])) or _heading(head.splitlines()) is not None


def read(path: Path, progress: Progress | None = None) -> Trace:
    """The trace.

    Raises
    ------
    TraceFormatError
        The file is a report that has not been exported, is damaged, or has nothing that ran.
    """
    if path.suffix in _REPORTS:
        raise TraceFormatError(
            f"{path}: a report that only Nsight Systems can read; export it with 'nsys export --type sqlite "
            f"--output {path.stem}.sqlite {path.name}'"
        )
    head = next(text_chunks(path, _HEAD), "")
    reader = _Reader()
    if head.lstrip()[:1] == "{":
        for number, line in enumerate(_lines(path), start=1):
            reader.line(line, f"{path}, line {number}")
    elif head.lstrip().startswith("["):
        with JsonStream(path) as stream:
            for _, item in stream.members("rows"):
                if isinstance(item, dict):
                    reader.row({str(key): str(value) for key, value in item.items()})
    else:
        for row in _rows(path, _heading(head.splitlines()) or 0):
            reader.row(row)
    if progress is not None:
        progress(size := path.stat().st_size, size)
    return reader.build(path)


def _heading(lines: list[str]) -> int | None:
    """Which of the first lines names the columns of a table of device events; messages may stand before it."""
    for number, line in enumerate(lines[:20]):
        if _are_columns(next(csv.reader([line]), [])):
            return number
    return None


def _are_columns(columns: Sequence[str]) -> bool:
    """Whether these are the columns of a table of device events."""
    found = {match[1] for column in columns if (match := _HEADING.match(column.strip()))}
    return found == {"Start", "Duration"} and "Name" in columns and bool({"Strm", "Device"} & set(columns))


def _rows(path: Path, before: int) -> Iterator[dict[str, str]]:
    content, file = open_plain_or_gzip(path)
    csv.field_size_limit(_LONGEST_FIELD)
    with file, content, io.TextIOWrapper(content, encoding="utf-8", errors="replace", newline="") as text:
        try:
            for _ in range(before):
                text.readline(_LONGEST_LINE)
            reader = csv.DictReader(text)
            yield from ({str(key).strip(): str(value or "") for key, value in row.items()} for row in reader)
        except (csv.Error, OSError, EOFError, zlib.error) as error:
            raise TraceFormatError(f"{path}: cut off or damaged ({error})") from error


def _lines(path: Path) -> Iterator[bytes]:
    content, file = open_plain_or_gzip(path)
    with file, content:
        try:
            while line := content.readline(_LONGEST_LINE):
                yield line
        except (OSError, EOFError, zlib.error) as error:
            raise TraceFormatError(f"{path}: cut off or damaged ({error})") from error


class _Reader:
    """Rows and lines as events."""

    def __init__(self) -> None:
        self._builder = TraceBuilder()
        self._devices = Names()
        self._processes: dict[int, int] = {}
        self._strings: dict[int, str] = {}
        self._names: set[str] = set()
        # Of columns whose names have none.
        self._units: dict[str, float] = {}

    def row(self, row: Mapping[str, str]) -> None:
        """A row of a table of device events."""
        times = {}
        for column, value in row.items():
            match = _HEADING.match(column)
            number = _float(value) if match else None
            if match and value.strip() in _UNITS:
                self._units[match[1]] = _UNITS[value.strip()]
            elif match and number is not None:
                given = self._units.get(match[1], 1.0)
                unit = match[2] or match[3]
                times[match[1]] = round(number * (_UNITS.get(unit, 1.0) if unit else given))
        name, device = row.get("Name", "unknown"), row.get("Device", "")
        if len(times) < len(("Start", "Duration")):
            if self._units and not name:
                return  # The row of the units.
            self._builder.skip("row without a time")
            return
        self._names.add(re.sub(r"\s*\(\d+\)$", "", device))
        self._builder.add_kernel(
            name,
            start=times["Start"],
            duration=times["Duration"],
            kind=_kind_of(name),
            correlation=_integer(row.get("CorrId", row.get("Correlation_ID"))),
            device=self._devices.number(device),
            stream=max(_integer(row.get("Strm", row.get("Stream"))), 0),
        )

    def line(self, line: bytes, where: str) -> None:
        """A line of JSON."""
        if not line.strip():
            return
        try:
            item = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise TraceFormatError(f"{where}: not JSON, or cut off ({error})") from error
        if not isinstance(item, dict):
            self._builder.skip("line that is not an object")
        elif isinstance(item.get("data"), list):
            self._strings.update(enumerate(str(text) for text in item["data"]))
        elif "table" in item:
            self._table_row(str(item["table"]), item)
        else:
            self._old_event(item)

    def build(self, path: Path) -> Trace:
        """The trace of everything."""
        name = re.sub(r"\.(csv|jsonl|jsonlines|json)(\.gz)?$", "", path.name) or path.name
        facts = RunFacts(
            format="nsight_export",
            device=" + ".join(sorted(self._names - {""})),
            num_devices=max(len(self._devices.all()), 1),
        )
        trace = self._builder.build(name, facts)
        return replace(trace, kernel_names=tuple(self._strings_behind(text) for text in trace.kernel_names))

    def _string(self, number: Any) -> str:
        """Text of that number, or what stands for one that comes further on in the file."""
        return self._strings.get(_integer(number), f"string {_integer(number)}")

    def _strings_behind(self, name: str) -> str:
        match = _LATER.fullmatch(name)
        return self._strings.get(int(match[1]), name) if match else name

    def _table_row(self, table: str, item: Mapping[str, Any]) -> None:
        if table == "StringIds":
            self._strings[_integer(item.get("id"))] = str(item.get("value", ""))
        elif table == "TARGET_INFO_GPU":
            self._names.add(str(item.get("name", "")))
        elif table in _TABLES:
            names = (item.get("demangledName"), item.get("shortName"))
            self._event(_TABLES[table], item, item.get("start"), item.get("end"), names, item.get("copyKind"))
        elif table == "CUPTI_ACTIVITY_KIND_RUNTIME":
            self._host(item, item.get("start"), item.get("end"), item.get("nameId"))
        elif table == "NVTX_EVENTS" and item.get("end") is not None:
            text = item.get("text") or self._strings.get(_integer(item.get("textId")), "")
            self._range(item, item.get("start"), item.get("end"), text)
        elif table == "CUPTI_ACTIVITY_KIND_GRAPH_TRACE":
            self._builder.skip("run of a whole CUDA graph (take it with --cuda-graph-trace=node)")

    def _old_event(self, item: Mapping[str, Any]) -> None:
        for key in ("CudaEvent", "TraceProcessEvent", "NvtxEvent"):
            event = item.get(key)
            if not isinstance(event, dict):
                continue
            start, end = event.get("startNs"), event.get("endNs")
            if key == "TraceProcessEvent":
                self._host(event, start, end, event.get("name"))
            elif key == "NvtxEvent":
                self._range(event, event.get("Timestamp"), event.get("EndTimestamp"), event.get("Text"))
            else:
                self._old_device_event(event, start, end)

    def _old_device_event(self, event: Mapping[str, Any], start: Any, end: Any) -> None:
        for key, kind in _CLASSES.items():
            inner = event.get(key)
            if isinstance(inner, dict):
                names = (inner.get("demangledName"), inner.get("shortName"))
                self._event(kind, event, start, end, names, inner.get("copyKind"))
                return
        if "sync" not in event:
            self._builder.skip("device event of no known class")

    def _event(
        self, kind: KernelKind, item: Mapping[str, Any], start: Any, end: Any, names: tuple[Any, Any], copy: Any
    ) -> None:
        first, last = _integer(start), _integer(end)
        if first < 0 or last < 0:
            self._builder.skip("device event without a time")
            return
        label = next((self._string(name) for name in names if name is not None), "unknown")
        if kind != KernelKind.KERNEL:
            label = (
                "Memset"
                if kind == KernelKind.MEMSET
                else f"Memcpy {_COPY_KINDS.get(_integer(copy), 'of another kind')}"
            )
        process = self._process(item.get("globalPid"))
        self._builder.add_kernel(
            label,
            start=first,
            duration=last - first,
            kind=kind,
            correlation=_integer(item.get("correlationId")),
            device=self._devices.number(f"{item.get('deviceId')}"),
            stream=max(_integer(item.get("streamId")), 0),
            process=process,
        )

    def _host(self, item: Mapping[str, Any], start: Any, end: Any, name: Any) -> None:
        first, last = _integer(start), _integer(end)
        if first < 0 or last < 0:
            self._builder.skip("runtime call without a time")
            return
        self._builder.add_host_call(
            re.sub(r"_v\d+$", "", self._string(name)),
            start=first,
            duration=last - first,
            thread=max(_integer(item.get("globalTid")), 0),
            correlation=_integer(item.get("correlationId")),
            process=self._process(item.get("globalTid")),
        )

    def _range(self, item: Mapping[str, Any], start: Any, end: Any, name: Any) -> None:
        first, last = _integer(start), _integer(end)
        if first >= 0 and last >= 0:
            thread = max(_integer(item.get("globalTid", item.get("GlobalTid"))), 0)
            self._builder.add_annotation(str(name), start=first, duration=last - first, thread=thread)

    def _process(self, of: Any) -> int:
        number = _integer(of)
        return 0 if number < 0 else self._processes.setdefault(number >> _PROCESS_BITS, len(self._processes))


def _kind_of(name: str) -> KernelKind:
    plain = name.lower()
    if "memcpy" in plain:
        return KernelKind.MEMCPY
    return KernelKind.MEMSET if "memset" in plain else KernelKind.KERNEL


def _float(text: str) -> float | None:
    try:
        value = float(text.replace(",", ""))
    except ValueError:
        return None
    return value if 0 <= value < 1e18 else None


def _integer(value: Any) -> int:
    """Whole number, also one given as text; -1 where it is none."""
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < 20:
        value = int(value)
    return value if type(value) is int and 0 <= value < 2**62 else -1
