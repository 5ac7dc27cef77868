"""Sums by kernel, as profilers print them: how often each kernel ran and how long in all, without a timeline.

* ``nsys stats`` (``cuda_gpu_kern_sum``, ``cuda_gpu_kern_gb_sum``, ``cuda_gpu_mem_time_sum``, ``cuda_gpu_sum`` and their
  names of before 2022) as CSV or JSON, several reports in one file too;
* ``rocprof --stats`` and ``rocprofv3 --stats``: ``*_kernel_stats.csv``, ``*_memory_copy_stats.csv``, ``*.stats.csv``;
* ``nvprof --csv``, whose second line has the units.

Columns as the tools write them (Nsight Systems user guide, "Statistical analysis"; rocprofiler-sdk's
``generateStats.cpp``). Each row is one entry that stands for all its kernels, each as long as their mean.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tracer.event_columns import kernels_without_times, no_calls, no_host_calls
from tracer.events.operator_table import Names
from tracer.storage.json_stream import JsonStream, Progress, require_whole_gzip, text_chunks
from tracer.trace import KernelKind, RunFacts, Trace, TraceFormatError

__all__ = ["read", "recognises"]

_HEAD = 1 << 15
_LONGEST_FIELD = 1 << 20
#: Column of the total time, with its unit in one of the ways that the tools write it.
_TOTAL = re.compile(r"^(?:Total ?)?(?:Time|Duration)(?: \((\w+)\)|:\w+_(\w+)|(Ns))?$")
_COUNTS = ("Instances", "Calls", "Count", "Num Calls", "Occurrences")
_NAMES = ("Name", "Operation", "KernelName", "Kernel Name")
_UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "μs": 1e-6, "µs": 1e-6, "ns": 1e-9}
# Calls of the host that such tables also sum up; rows of a whole kind of activity.
_HOST = re.compile(r"^(?:cuda[A-Z]|cu[A-Z][a-z]|hip[A-Z]|hsa_|nvtx|__hip[A-Z])")
_DOMAIN = re.compile(r"^(?:KERNEL_DISPATCH|(?:HIP|HSA|MARKER|ROCTX|SCRATCH_MEMORY|RCCL)_?[A-Z_]*(?:API|MEMORY)?)$")
_FOR_PEOPLE = re.compile(r"^\s*(?:-{3,}\s+){3,}-{3,}\s*$", re.MULTILINE)
_SUFFIXES = re.compile(r"(?:_kernel_stats|_cuda_gpu_kern_sum)?(?:\.(?:csv|json|txt))?(?:\.gz)?$")


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where a table has what, and seconds of a unit of its total."""

    names: tuple[str, ...]
    name: str
    count: str
    total: str
    unit: float


def recognises(path: Path) -> bool:
    """Whether one of the first lines names the columns of such a table, or the file is a list of such rows."""
    head = next(text_chunks(path, _HEAD), "")
    if head.lstrip().startswith("["):
        keys = re.findall(r'"([^"]*)":', head.partition("}")[0])
        return _columns(keys) is not None
    return any(_columns(row) for row in _cells(head.splitlines()[:200])) or (
        _FOR_PEOPLE.search(head) is not None and re.search(r"Instances|Num Calls|Self CPU", head) is not None
    )


def read(path: Path, progress: Progress | None = None) -> Trace:
    """The trace: kernels of no operator, without times of their own.

    Raises
    ------
    TraceFormatError
        The table is laid out for people, is damaged, or has no row about a device.
    """
    sums = _Sums()
    head = next(text_chunks(path, _HEAD), "")
    if head.lstrip().startswith("["):
        for row in _json_rows(path):
            sums.header(list(row))
            sums.row(row)
    else:
        sums.lines(_lines(path))
    if progress is not None:
        progress(size := path.stat().st_size, size)
    return sums.build(path, for_people=_FOR_PEOPLE.search(head) is not None)


def _json_rows(path: Path) -> Iterator[Mapping[str, str]]:
    with JsonStream(path) as stream:
        for _, item in stream.members("rows"):
            if isinstance(item, dict):
                yield {key: str(value) for key, value in item.items()}


def _lines(path: Path) -> Iterator[list[str]]:
    """Rows of a file of any encoding, an empty one for a line that is empty."""
    require_whole_gzip(path)
    yield from _cells(_text_lines(path))


def _text_lines(path: Path) -> Iterator[str]:
    rest = ""
    for chunk in text_chunks(path):
        *lines, rest = (rest + chunk).split("\n")
        yield from (f"{line}\n" for line in lines)
    yield rest


def _cells(lines: Iterable[str]) -> Iterator[list[str]]:
    csv.field_size_limit(_LONGEST_FIELD)
    reader = csv.reader(lines)
    while True:
        try:
            yield [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error:
            continue


def _columns(names: Sequence[str]) -> _Columns | None:
    """Columns of a table of sums, None where these are not those of one."""
    name = next((n for n in _NAMES if n in names), None)
    count = next((n for n in _COUNTS if n in names), None)
    found = [(n, match) for n in names if (match := _TOTAL.match(n))]
    if name is None or count is None or not found:
        return None
    total, match = next(((n, m) for n, m in found if n.startswith("Total")), found[0])
    unit = (match[1] or match[2] or match[3] or "ns").lower()
    return _Columns(tuple(names), name, count, total, _UNITS.get(unit, 1e-9))


@dataclass(slots=True)
class _Sums:
    """Rows of one table after another as entries of a trace."""

    _table: _Columns | None = None
    _first: tuple[str, ...] = ()
    _names: Names = field(default_factory=Names)
    _grids: dict[tuple[int, ...], int] = field(default_factory=dict)
    _rows: list[tuple[int, int, int, float, int]] = field(default_factory=list)
    _skipped: Counter[str] = field(default_factory=Counter)
    _domains: int = 0

    def lines(self, rows: Iterable[list[str]]) -> None:
        """Rows of a file, in which other text may stand between the tables."""
        for row in rows:
            if self.header(row):
                continue
            if self._table is None or len(row) != len(self._table.names):
                # What follows a table is none of its rows.
                self._table = self._table if len(row) > 1 else None
            elif not self._are_units(row):
                self.row(dict(zip(self._table.names, row, strict=True)))

    def header(self, names: Sequence[str]) -> bool:
        """Take the names of columns, if that is what they are."""
        columns = _columns(names)
        if columns is not None:
            self._table = columns
        return columns is not None

    def _are_units(self, row: Sequence[str]) -> bool:
        """Whether the row has the units of nvprof's columns, which then hold for the table."""
        table = self._table
        if table is None or row[table.names.index(table.total)] not in _UNITS:
            return False
        unit = _UNITS[row[table.names.index(table.total)]]
        self._table = _Columns(table.names, table.name, table.count, table.total, unit)
        return True

    def row(self, row: Mapping[str, str]) -> None:
        """A row of the table whose columns came last."""
        table = self._table
        if table is None:
            return
        name, count, total = row.get(table.name, ""), _number(row.get(table.count)), _number(row.get(table.total))
        kind = _kind(name, row, table)
        if kind is None:
            self._domains += _DOMAIN.match(name) is not None
            self._skipped["row of the host's calls, or of all activity of one kind"] += 1
        elif count is None or total is None or not 1 <= count < 2**40:
            self._skipped["row without a count or a time"] += 1
        elif self._again(kind, table):
            self._skipped["row of a table of the same kernels once more"] += 1
        else:
            entry = (self._names.number(name), int(kind), int(count), total * table.unit / int(count))
            self._rows.append((*entry, self._grid(row)))

    def _again(self, kind: KernelKind, table: _Columns) -> bool:
        """Whether another table of the file has summed up the kernels already."""
        if kind != KernelKind.KERNEL and "Category" not in table.names:
            return False
        self._first = self._first or table.names
        return self._first != table.names

    def _grid(self, row: Mapping[str, str]) -> int:
        sizes = tuple(int(n) for key in ("GridXYZ", "BlockXYZ") for n in re.findall(r"\d{1,10}", row.get(key, "")))
        return self._grids.setdefault(sizes, len(self._grids)) if len(sizes) == 6 and all(sizes) else -1

    def build(self, path: Path, *, for_people: bool) -> Trace:
        """The trace of all rows."""
        if not self._rows:
            raise TraceFormatError(f"{path}: {self._nothing(for_people)}")
        names, kinds, repeats, durations, grids = zip(*self._rows, strict=True)
        return Trace(
            name=_SUFFIXES.sub("", path.name) or path.name,
            facts=RunFacts(format="kernel_sums"),
            operators=(),
            modules=(),
            stages=(),
            kernel_names=self._names.all(),
            host_names=(),
            calls=no_calls(),
            kernels=kernels_without_times(
                name=np.array(names),
                duration=np.array(durations),
                repeats=np.array(repeats),
                kind=np.array(kinds),
                grid=np.array(grids),
            ),
            host=no_host_calls(),
            skipped=dict(self._skipped),
            grids=tuple(self._grids),
        )

    def _nothing(self, for_people: bool) -> str:
        if for_people:
            return "a table laid out for people; take it as CSV (nsys stats --format csv), or export the trace itself"
        if self._domains:
            return "sums of whole kinds of activity, not of kernels; *_kernel_stats.csv of the same run has those"
        counted = ", ".join(f"{n} x {reason}" for reason, n in self._skipped.items())
        return "sums of no kernel" + (f" ({counted})" if counted else "")


def _kind(name: str, row: Mapping[str, str], table: _Columns) -> KernelKind | None:
    """What a row is about, None where it is nothing on a device."""
    if table.count == "Num Calls" or row.get("Type") == "API calls" or _HOST.match(name) or _DOMAIN.match(name):
        return None
    plain = name.lower()
    if "memcpy" in plain or plain.startswith("memory_copy"):
        return KernelKind.MEMCPY
    return KernelKind.MEMSET if "memset" in plain else KernelKind.KERNEL


def _number(text: str | None) -> float | None:
    """Number of a cell that is at least 0."""
    try:
        value = float((text or "").replace(",", ""))
    except ValueError:
        return None
    return value if 0 <= value < 1e18 else None
