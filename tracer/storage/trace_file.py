"""Traces on disk: a versioned, compressed file that reads back equal.

The file is a NumPy ``.npz`` archive, as a graph file is: one array ``header`` (UTF-8 JSON: everything but the columns)
and one array for each column. It holds no code and no pickles. Times that are whole nanoseconds, as profilers give
them, are written as integers, starts as differences, because those compress well; other times as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from tracer.annotations import Annotation
from tracer.event_columns import BacklogColumns, CallColumns, HostColumns, KernelColumns, no_backlog
from tracer.graph import Op
from tracer.trace import RunFacts, Trace, TraceFormatError

from .array_archive import ArchiveError, archive_header, decode_header, first_line, read_archive, write_archive

__all__ = ["FORMAT_VERSION", "is_trace_file", "load_trace", "save_trace"]

FORMAT_VERSION = 1
_AGAIN = "take it again with 'trace run', or give the file of the profiler"
_KIND = "roofcast trace"
_GROUPS: Mapping[str, type] = {
    "calls": CallColumns,
    "kernels": KernelColumns,
    "host": HostColumns,
    "backlog": BacklogColumns,
}
# Groups that files of before have not.
_LATER: Mapping[str, Callable[[], Any]] = {"backlog": no_backlog}
# Columns that files of before have not, unknown throughout.
_LATER_COLUMNS = frozenset({"kernels.grid"})
_BELONGS = re.compile(
    "|".join(rf"{group}\.{column.name}" for group, kind in _GROUPS.items() for column in fields(kind))
)
_TIMES = frozenset({"start", "duration"})
# Columns that mostly climb: written as differences.
_CLIMBING = frozenset({"start", "correlation", "parent", "call", "launch"})
_NANOSECOND = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    kind: str
    version: int
    name: str
    facts: RunFacts
    operators: tuple[Op, ...]
    modules: tuple[str, ...]
    stages: tuple[str, ...]
    kernel_names: tuple[str, ...]
    host_names: tuple[str, ...]
    skipped: dict[str, int]
    skipped_time: dict[str, float]
    annotations: tuple[Annotation, ...] = ()
    grids: tuple[tuple[int, ...], ...] = ()


def save_trace(trace: Trace, path: str | Path) -> None:
    """Write a trace; the file appears whole or not at all.

    Raises
    ------
    TraceFormatError
        The folder does not exist or cannot be written.
    """
    arrays = {
        f"{group}.{column.name}": _encode(column.name, getattr(getattr(trace, group), column.name))
        for group, kind in _GROUPS.items()
        for column in fields(kind)
    }
    try:
        write_archive(Path(path), msgspec.json.encode(_header_of(trace)), arrays)
    except ArchiveError as error:
        raise TraceFormatError(str(error)) from error


def load_trace(path: str | Path) -> Trace:
    """Read a trace.

    Raises
    ------
    TraceFormatError
        The file is missing, is not a trace, is damaged, or was written by another version.
    """
    path = Path(path)
    try:
        raw, arrays = read_archive(path, kind="trace", belongs=_BELONGS)
        header = decode_header(path, raw, _Header, version=FORMAT_VERSION, again=_AGAIN, kind=_KIND)
    except ArchiveError as error:
        raise TraceFormatError(str(error)) from error
    try:
        groups = {name: _columns(kind, name, arrays) for name, kind in _GROUPS.items()}
    except (KeyError, ValueError, TypeError) as error:
        raise TraceFormatError(f"{path}: damaged trace file: column {first_line(error)}") from error
    plain = {f.name: getattr(header, f.name) for f in fields(_Header) if f.name not in ("kind", "version")}
    return Trace(**plain, **groups)


def is_trace_file(path: Path) -> bool:
    """Whether a file is an archive with the header of a trace; says nothing about damage in its columns."""
    raw = archive_header(path)
    if raw is None:
        return False
    try:
        header = msgspec.json.decode(raw, type=dict[str, Any])
    except (msgspec.DecodeError, ValueError):
        return False
    return header.get("kind") == _KIND


def _header_of(trace: Trace) -> _Header:
    return _Header(
        kind=_KIND,
        version=FORMAT_VERSION,
        name=trace.name,
        facts=trace.facts,
        operators=trace.operators,
        modules=trace.modules,
        stages=trace.stages,
        kernel_names=trace.kernel_names,
        host_names=trace.host_names,
        skipped=dict(trace.skipped),
        skipped_time=dict(trace.skipped_time),
        annotations=trace.annotations,
        grids=trace.grids,
    )


def _columns(kind: type, group: str, arrays: Mapping[str, Any]) -> Any:
    if group in _LATER and not any(name.startswith(f"{group}.") for name in arrays):
        return _LATER[group]()
    found = {f.name: arrays[f"{group}.{f.name}"] for f in fields(kind) if f"{group}.{f.name}" not in _LATER_COLUMNS}
    decoded = {name: _decode(name, stored) for name, stored in found.items()}
    for name in (f.name for f in fields(kind) if f.name not in found):
        stored = arrays.get(f"{group}.{name}")
        decoded[name] = np.full_like(decoded["name"], -1) if stored is None else _decode(name, stored)
    return kind(**decoded)


def _encode(name: str, values: Any) -> Any:
    """Column as stored: integers as narrow as they fit, times as whole nanoseconds where nothing is lost."""
    if name in _TIMES:
        if not np.isfinite(values).all() or np.abs(values).max(initial=0.0) > 2**52 / _NANOSECOND:
            return values
        whole = np.rint(values * _NANOSECOND).astype(np.int64)
        if not np.array_equal(whole / _NANOSECOND, values):
            return values
        values = whole
    if name in _CLIMBING:
        values = np.diff(values, prepend=0)
    return values.astype(np.int32) if np.abs(values).max(initial=0) < 2**31 else values


def _decode(name: str, stored: Any) -> Any:
    if name in _TIMES and stored.dtype.kind == "f":
        return stored.astype(np.float64)
    if stored.dtype.kind not in "iu" or stored.ndim != 1:
        raise ValueError(f"{name} does not hold whole numbers")
    wide = stored.astype(np.int64)
    wide = np.cumsum(wide) if name in _CLIMBING else wide
    return wide / _NANOSECOND if name in _TIMES else wide
