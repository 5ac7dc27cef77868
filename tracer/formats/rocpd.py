"""ROCm databases: ``rocpd`` of ``rocprofv3`` (its default since ROCm 7), and those of rocmProfileData (``.rpd``).

Tables of rocprofv3 carry the number of a run in their names (``rocpd_kernel_dispatch_00a1...``), one set for each
process. A dispatch and the HIP call that launched it have events with the same ``stack_id``. Columns as in
``rocpd_tables.sql`` of rocprofiler-sdk and in rocmProfileData's ``tableSchema.cmd``. Times are nanoseconds.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from tracer.events.builder import TraceBuilder, are_whole
from tracer.storage.json_stream import Progress
from tracer.storage.sqlite_file import open_database, table_names, tables_in_file
from tracer.trace import KernelKind, RunFacts, Trace, TraceFormatError

__all__ = ["read", "recognises"]

_DISPATCHES, _OLD_OPERATIONS = "rocpd_kernel_dispatch", "rocpd_op"
_COPY = re.compile(r"copy", re.IGNORECASE)
_FILL = re.compile(r"fill|memset", re.IGNORECASE)


def recognises(path: Path) -> bool:
    """Whether the file is an SQLite database with tables of either kind."""
    return any(name == _OLD_OPERATIONS or name.startswith(_DISPATCHES) for name in tables_in_file(path))


def read(path: Path, progress: Progress | None = None) -> Trace:
    """The trace: kernels and copies with the calls that launched them; operators are not in such a file.

    Raises
    ------
    TraceFormatError
        The file is damaged, a table lacks a column, or there is nothing in it.
    """
    try:
        with closing(open_database(path)) as database:
            reader = _Reader(database)
            runs = reader.runs()
            for number, suffix in enumerate(runs):
                reader.run(suffix, number)
            if not runs:
                reader.old()
            if progress is not None:
                progress(size := path.stat().st_size, size)
            return reader.build(path)
    except sqlite3.Error as error:
        raise TraceFormatError(f"{path}: not a ROCm database, or damaged ({error})") from error


class _Reader:
    """Rows of the tables as events."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._tables = table_names(database)
        self._builder = TraceBuilder()
        self._devices: set[str] = set()
        self._used: dict[tuple[int, Any], int] = {}

    def runs(self) -> list[str]:
        """What the names of the tables of each process end with."""
        return sorted(name.removeprefix(_DISPATCHES) for name in self._tables if name.startswith(_DISPATCHES))

    def run(self, suffix: str, process: int) -> None:
        """All tables of one process."""
        strings = dict(self._rows(f"rocpd_string{suffix}", ("id", "string")))
        symbols = {
            row[0]: str(row[1] or row[2] or "unknown")
            for row in self._rows(f"rocpd_info_kernel_symbol{suffix}", ("id", "display_name", "kernel_name"))
        }
        stacks = dict(self._rows(f"rocpd_event{suffix}", ("id", "stack_id")))
        agents = self._agents(suffix)
        columns = ["start", "end", "agent_id", "stream_id", "event_id", "kernel_id"]
        for start, end, agent, stream, event, kernel in self._rows(f"{_DISPATCHES}{suffix}", columns):
            name = symbols.get(kernel, "unknown")
            self._event(name, KernelKind.KERNEL, (start, end, agent, stream), stacks.get(event), process)
        columns = ["start", "end", "dst_agent_id", "stream_id", "event_id", "src_agent_id", "name_id"]
        for start, end, to, stream, event, source, name in self._rows(f"rocpd_memory_copy{suffix}", columns):
            on = to if agents.get(to) == "GPU" else source
            label = _direction(agents.get(source), agents.get(to), str(strings.get(name, "")))
            self._event(label, KernelKind.MEMCPY, (start, end, on, stream), stacks.get(event), process)
        columns = ["start", "end", "tid", "event_id", "name_id"]
        for start, end, thread, event, name in self._rows(f"rocpd_region{suffix}", columns):
            self._call(str(strings.get(name, "unknown")), (start, end, thread), stacks.get(event), process)

    def old(self) -> None:
        """Tables of rocmProfileData."""
        strings = dict(self._rows("rocpd_string", ("id", "string")))
        launches = {operation: call for call, operation in self._rows("rocpd_api_ops", ("api_id", "op_id"))}
        columns = ["start", "end", "gpuId", "queueId", "id", "description_id", "opType_id"]
        for start, end, device, queue, identity, description, kind in self._rows(_OLD_OPERATIONS, columns):
            name = str(strings.get(description) or strings.get(kind) or "unknown")
            sort = str(strings.get(kind, ""))
            found = KernelKind.MEMCPY if _COPY.search(sort) else KernelKind.KERNEL
            found = KernelKind.MEMSET if _FILL.search(sort) else found
            self._event(name, found, (start, end, device, queue), launches.get(identity), 0)
        columns = ["start", "end", "tid", "id", "apiName_id"]
        for start, end, thread, identity, name in self._rows("rocpd_api", columns):
            self._call(str(strings.get(name, "unknown")), (start, end, thread), identity, 0)

    def build(self, path: Path) -> Trace:
        """The trace of all rows."""
        name = path.name.removesuffix(".db").removesuffix(".rpd").removesuffix("_results") or path.name
        facts = RunFacts(format="rocpd", device=" + ".join(sorted(self._devices)), num_devices=max(len(self._used), 1))
        return self._builder.build(name, facts)

    def _agents(self, suffix: str) -> dict[Any, str]:
        """Number of each agent -> ``CPU`` or ``GPU``; takes notice of the names of the latter."""
        kinds = {}
        columns = ("id", "type", "product_name", "name")
        for identity, kind, product, name in self._rows(f"rocpd_info_agent{suffix}", columns):
            kinds[identity] = str(kind).upper()
            if kinds[identity] == "GPU":
                self._devices.add(str(product or name or "unknown"))
        return kinds

    def _event(self, name: str, kind: KernelKind, where: Sequence[Any], launch: Any, process: int) -> None:
        start, end, device, stream = where
        if not are_whole(start, end):
            self._builder.skip("device event without a time")
            return
        number = self._used.setdefault((process, device), len(self._used))
        self._builder.add_kernel(
            name,
            start=start,
            duration=end - start,
            kind=kind,
            correlation=launch if are_whole(launch) else -1,
            device=number,
            stream=stream if are_whole(stream) and stream >= 0 else 0,
            process=process,
        )

    def _call(self, name: str, where: Sequence[Any], launch: Any, process: int) -> None:
        start, end, thread = where
        if not are_whole(start, end):
            self._builder.skip("runtime call without a time")
            return
        self._builder.add_host_call(
            name,
            start=start,
            duration=end - start,
            thread=thread if are_whole(thread) else 0,
            correlation=launch if are_whole(launch) else -1,
            process=process,
        )

    def _rows(self, table: str, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Columns of a table, NULL where it lacks one; nothing where there is no such table."""
        if table not in self._tables:
            return
        quoted = table.replace('"', '""')
        present = {str(row[1]) for row in self._database.execute(f'PRAGMA table_info("{quoted}")')}
        chosen = ", ".join(f'"{name}"' if name in present else "NULL" for name in columns)
        yield from self._database.execute(f'SELECT {chosen} FROM "{quoted}"')  # noqa: S608  # names above, quoted


def _direction(source: str | None, target: str | None, name: str) -> str:
    """Copy by the ends that it has, else as it is called."""
    sides = {"CPU": "H", "GPU": "D"}
    if source in sides and target in sides:
        return f"Memcpy {sides[source]}to{sides[target]}"
    return name or "Memcpy"
