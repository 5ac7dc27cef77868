"""Nsight Systems reports exported to SQLite (``nsys export --type sqlite``).

Kernels and the runtime calls that launched them come from CUPTI's tables. Operators are known where the run was under
``torch.autograd.profiler.emit_nvtx(record_shapes=True)``, whose ranges are called
``aten::mm, seq = 12, sizes = [[4, 8], [8, 16]]``. Ranges name no dtype: the one that most kernel names speak of is
taken. Times are nanoseconds. Tables as in the export schema reference of Nsight Systems 2021.5 and later.
"""

from __future__ import annotations

import functools
import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from tracer.events.builder import TraceBuilder, are_whole
from tracer.events.device_idle import PROCESS_OF_DEVICE
from tracer.events.joining.processes import Processes, devices_of_ranks
from tracer.events.kernel_names import COLLECTIVE, named_work
from tracer.events.operator_arguments import RecordedArguments
from tracer.storage.json_stream import Progress
from tracer.storage.sqlite_file import computed_names, open_database, table_names, tables_in_file
from tracer.trace import KernelKind, RunFacts, Trace, TraceFormatError

__all__ = ["VARIABLE_MAP", "read", "recognises"]

#: Table -> its columns that are read, in order; of alternatives the first that exists.
VARIABLE_MAP: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "CUPTI_ACTIVITY_KIND_KERNEL": (
        ("start",),
        ("end",),
        ("deviceId",),
        ("streamId",),
        ("correlationId",),
        ("demangledName", "shortName"),
        ("gridX",),
        ("gridY",),
        ("gridZ",),
        ("blockX",),
        ("blockY",),
        ("blockZ",),
        ("globalPid",),
    ),
    "CUPTI_ACTIVITY_KIND_GRAPH_TRACE": (
        ("start",),
        ("end",),
        ("deviceId",),
        ("streamId",),
        ("correlationId",),
        ("graphId",),
        ("globalPid",),
    ),
    "CUPTI_ACTIVITY_KIND_MEMCPY": (
        ("start",),
        ("end",),
        ("deviceId",),
        ("streamId",),
        ("correlationId",),
        ("copyKind",),
        ("globalPid",),
    ),
    "CUPTI_ACTIVITY_KIND_MEMSET": (
        ("start",),
        ("end",),
        ("deviceId",),
        ("streamId",),
        ("correlationId",),
        ("globalPid",),
    ),
    "CUPTI_ACTIVITY_KIND_RUNTIME": (("start",), ("end",), ("nameId",), ("globalTid",), ("correlationId",)),
    "NVTX_EVENTS": (("start",), ("end",), ("text",), ("textId",), ("globalTid",)),
}
_OPTIONAL = frozenset(
    (name,)
    for name in (
        *("globalPid", "textId", "streamId", "graphId"),
        *("gridX", "gridY", "gridZ", "blockX", "blockY", "blockZ"),
    )
)
_STRINGS = "StringIds"
# CUpti_ActivityMemcpyKind.
_COPY_KINDS = {1: "HtoD", 2: "DtoH", 8: "DtoD", 10: "PtoP"}
_PROCESS_BITS = 24
_RANGE = re.compile(r"([A-Za-z_][\w:]*::\w+)(?:,|$)")
_SIZES = ", sizes = "
_DECODER = json.JSONDecoder()
_DTYPES = (
    ("c10::BFloat16", re.compile(r"bf16|bfloat16|BFloat16", re.IGNORECASE)),
    ("c10::Half", re.compile(r"half|[_<, ]f16|h16816|s16816gemm_f16|fp16|__half", re.IGNORECASE)),
)


def recognises(path: Path) -> bool:
    """Whether the file is an SQLite database with tables of Nsight Systems."""
    return bool(tables_in_file(path) & set(VARIABLE_MAP))


def read(path: Path, progress: Progress | None = None) -> Trace:
    """The trace.

    Raises
    ------
    TraceFormatError
        The file is damaged, a table lacks a column, or there is nothing in it.
    """
    if not path.is_file():
        raise TraceFormatError(f"{path}: no such file")
    try:
        with closing(open_database(path)) as database:
            reader = _Reader(path, database)
            steps = (reader.kernels, reader.graphs, reader.copies, reader.sets, reader.launches, reader.ranges)
            for done, step in enumerate(steps, start=1):
                step()
                if progress is not None:
                    size = path.stat().st_size
                    progress(size * done // len(steps), size)
            return reader.build()
    except sqlite3.Error as error:
        raise TraceFormatError(f"{path}: not an Nsight Systems database, or damaged ({error})") from error


class _Reader:
    """Rows of the tables as events."""

    def __init__(self, path: Path, database: sqlite3.Connection) -> None:
        self._path = path
        self._database = database
        self._tables = table_names(database)
        if computed := computed_names(database) & {*VARIABLE_MAP, _STRINGS}:
            raise TraceFormatError(
                f"{path}: {min(computed)} is a view, and only tables are read; export the report again"
            )
        self._builder = TraceBuilder()
        self._strings = self._read_strings()
        self._processes = Processes(self._device_numbers() or self._devices_of_ranks())
        self._dtypes: Counter[str] = Counter()

    def kernels(self) -> None:
        """Kernels."""
        for *where, name, gx, gy, gz, bx, by, bz, process in self._rows("CUPTI_ACTIVITY_KIND_KERNEL"):
            text = self._text(name)
            self._dtypes[_dtype_of(text)] += 1
            grid = (gx, gy, gz, bx, by, bz)
            self._event(text, KernelKind.KERNEL, (*where, process), grid if are_whole(*grid) else ())

    def graphs(self) -> None:
        """Launches of CUDA graphs as single events: what ``nsys`` records unless ``--cuda-graph-trace=node``."""
        for *where, graph, process in self._rows("CUPTI_ACTIVITY_KIND_GRAPH_TRACE"):
            self._event(f"CUDA graph {graph}", KernelKind.GRAPH, (*where, process))

    def copies(self) -> None:
        """Copies between memories."""
        for *where, kind, process in self._rows("CUPTI_ACTIVITY_KIND_MEMCPY"):
            name = f"Memcpy {_COPY_KINDS.get(kind, f'of kind {kind}')}"
            self._event(name, KernelKind.MEMCPY, (*where, process))

    def sets(self) -> None:
        """Fills."""
        for row in self._rows("CUPTI_ACTIVITY_KIND_MEMSET"):
            self._event("Memset", KernelKind.MEMSET, row)

    def launches(self) -> None:
        """Runtime calls."""
        for start, end, name, thread, correlation in self._rows("CUPTI_ACTIVITY_KIND_RUNTIME"):
            if not are_whole(start, end, thread, correlation):
                self._builder.skip("runtime call without a time")
                continue
            self._builder.add_host_call(
                _without_version(self._text(name)),
                start=start,
                duration=end - start,
                thread=thread,
                correlation=correlation,
                process=self._process(thread),
            )

    def ranges(self) -> None:
        """Annotations: operators, modules, stages, and others that are left out."""
        usual = self._dtypes.most_common(1)[0][0] if self._dtypes else "float"
        for start, end, text, text_id, thread in self._rows("NVTX_EVENTS"):
            if end is None:
                continue  # A mark, not a range.
            if not are_whole(start, end, thread):
                self._builder.skip("annotation without a time")
                continue
            name = text if text is not None else self._text(text_id)
            match = _RANGE.match(str(name))
            if match is None:
                self._builder.add_annotation(str(name), start=start, duration=end - start, thread=thread)
                continue
            arguments = _arguments(str(name), usual)
            self._builder.add_call(match[1], arguments, start=start, duration=end - start, thread=thread)

    def build(self) -> Trace:
        """The trace of all rows."""
        devices, owners = self._device_names(), self._processes.owners()
        facts = RunFacts(
            format="nsight_sqlite",
            device=" + ".join(sorted(set(devices))),
            # A server has more than the ranks of a run use; of the run of one process alone nothing tells the ranks.
            num_devices=len(owners) or max(len(devices), 1),
            settings=(*self._named_dtype(), *self._named_processes(owners)),
        )
        try:
            return self._builder.build(self._path.name.removesuffix(".sqlite"), facts)
        except TraceFormatError as error:
            if any(name.startswith("CUPTI_ACTIVITY_KIND_") for name in self._tables):
                raise
            raise TraceFormatError(
                f"{self._path}: nothing of a device was recorded; take the report with 'nsys profile --trace=cuda,nvtx'"
            ) from error

    def _named_dtype(self) -> tuple[tuple[str, str], ...]:
        usual = self._dtypes.most_common(1)
        return (("dtype of operators, from kernel names", usual[0][0]),) if usual else ()

    def _named_processes(self, owners: Mapping[int, int]) -> Iterator[tuple[str, str]]:
        """What is known of the process of each device, where there are several."""
        rows = self._database.execute("SELECT * FROM PROCESSES") if "PROCESSES" in self._tables else None
        columns = [column[0] for column in rows.description] if rows else []
        names: dict[Any, Any] = {}
        if rows and {"pid", "name"} <= set(columns):
            names = {row[columns.index("pid")]: row[columns.index("name")] for row in rows}
        for device, process in sorted(owners.items()):
            yield f"{PROCESS_OF_DEVICE}{device}", f"process {process} {names.get(process) or ''}".strip()

    def _event(self, name: str, kind: KernelKind, row: tuple[Any, ...], grid: tuple[int, ...] = ()) -> None:
        """One device event of (start, end, device, stream, correlation, process)."""
        start, end, device, stream, correlation, process = row
        if not are_whole(start, end):
            self._builder.skip("device event without a time")
            return
        known = are_whole(correlation, process)
        self._builder.add_kernel(
            name,
            start=start,
            duration=end - start,
            kind=kind,
            correlation=correlation if known else -1,
            process=self._process(process) if known else 0,
            device=self._processes.device(_pid(process), device) if are_whole(device) else 0,
            stream=self._processes.stream(self._process(process), stream) if are_whole(process, stream) else 0,
            grid=grid,
        )

    def _process(self, thread_or_process: int) -> int:
        """Number of a process, in which correlations count anew; a thread's number begins with that of its process."""
        return self._processes.number(thread_or_process >> _PROCESS_BITS)

    def _devices_of_ranks(self) -> Mapping[tuple[int, int], int]:
        """Devices where the report does not say which process calls which of them how."""
        rows = self._rows("CUPTI_ACTIVITY_KIND_KERNEL")
        places = {(row[-1], row[2], row[5]) for row in rows if are_whole(row[-1], row[2])}
        return devices_of_ranks(
            (_pid(process), device)
            for process, device, name in places
            if named_work(self._text(name)).kind == COLLECTIVE
        )

    def _device_numbers(self) -> dict[tuple[int, int], int]:
        """(process, number of a device in it) -> device; with ``CUDA_VISIBLE_DEVICES`` each process has its own 0."""
        if "TARGET_INFO_CUDA_DEVICE" not in self._tables:
            return {}
        rows = self._database.execute("SELECT * FROM TARGET_INFO_CUDA_DEVICE")
        names = [column[0] for column in rows.description]
        if not {"gpuId", "cudaId", "pid"} <= set(names):
            return {}
        columns = [names.index(name) for name in ("pid", "cudaId", "gpuId")]
        found = ([row[i] for i in columns] for row in rows)
        return {(pid, cuda): gpu for pid, cuda, gpu in found if are_whole(pid, cuda, gpu)}

    def _rows(self, table: str) -> Iterator[tuple[Any, ...]]:
        if table not in self._tables:
            return
        present = {str(row[1]) for row in self._database.execute(f'PRAGMA table_info("{table}")')}
        columns = []
        for names in VARIABLE_MAP[table]:
            found = [name for name in names if name in present]
            # Exports of one process leave the process out, those of others what says more of a kernel.
            if not found and names not in _OPTIONAL:
                raise TraceFormatError(f"{self._path}: table {table} has no column {' or '.join(names)}")
            columns.append(f'"{found[0]}"' if found else "0" if names == ("globalPid",) else "NULL")
        yield from self._database.execute(f'SELECT {", ".join(columns)} FROM "{table}"')  # noqa: S608  # names above

    def _read_strings(self) -> dict[int, str]:
        if _STRINGS not in self._tables:
            return {}
        strings: dict[int, str] = {}
        for identity, value in self._database.execute("SELECT id, value FROM StringIds"):
            if not are_whole(identity):
                raise TraceFormatError(f"{self._path}: table {_STRINGS} has a text without a number; export it again")
            strings[identity] = str(value)
        return strings

    def _text(self, identity: Any) -> str:
        if isinstance(identity, str):
            return identity
        return self._strings.get(identity, "unknown") if isinstance(identity, int) else "unknown"

    def _device_names(self) -> list[str]:
        if "TARGET_INFO_GPU" not in self._tables:
            return []
        return [str(row[0]) for row in self._database.execute("SELECT name FROM TARGET_INFO_GPU")]


def _pid(process: Any) -> int:
    """Number of a process in its operating system."""
    return (process >> _PROCESS_BITS) & ((1 << _PROCESS_BITS) - 1) if are_whole(process) else 0


@functools.cache
def _without_version(call: str) -> str:
    """Name of a call; exports carry the version of the interface: cudaLaunchKernel_v7000."""
    return re.sub(r"_v\d+$", "", call)


@functools.cache
def _dtype_of(kernel: str) -> str:
    return next((dtype for dtype, pattern in _DTYPES if pattern.search(kernel)), "float")


def _arguments(range_name: str, dtype: str) -> RecordedArguments:
    """Arguments from the sizes in a range's name; an empty size is an argument that is not a tensor."""
    _, _, sizes = range_name.partition(_SIZES)
    try:
        shapes, _ = _DECODER.raw_decode(sizes)
    except (ValueError, RecursionError):
        return RecordedArguments()
    if not isinstance(shapes, list) or not all(isinstance(shape, list) for shape in shapes):
        return RecordedArguments()
    listed = ["TensorList" if s and isinstance(s[0], list) else dtype if s else "Scalar" for s in shapes]
    return RecordedArguments(shapes=shapes, types=listed)
