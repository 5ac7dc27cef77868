"""Tables of operator calls with their device time: TraceLens' ``ops_unique_args`` and tables of the same kind.

A row is a distinct call (operator, shapes, types, strides, values) with how often it ran and how long all of that took
on the device. There is no timeline: calls and kernels have no start, and each row is one entry with ``repeats``.
"""

from __future__ import annotations

import ast
import csv
import gzip
import io
import json
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tracer.event_columns import CallColumns, kernels_without_times, no_host_calls
from tracer.events.operator_arguments import RecordedArguments
from tracer.events.operator_table import Names, OperatorTable
from tracer.storage.json_stream import Progress, open_plain_or_gzip
from tracer.trace import RunFacts, Trace, TraceFormatError

__all__ = ["VARIABLE_MAP", "read", "recognises"]

#: Field of ours -> (column, factor to SI units) of the tables that are known.
VARIABLE_MAP: Mapping[str, tuple[tuple[str, float], ...]] = {
    "operator": (("op", 1.0), ("name", 1.0)),
    "shapes": (("input_shapes", 1.0), ("Input Dims", 1.0)),
    "types": (("input_dtypes", 1.0), ("Input type", 1.0)),
    "strides": (("input_strides", 1.0), ("Input Strides", 1.0)),
    "values": (("concrete_inputs", 1.0), ("Concrete Inputs", 1.0)),
    "count": (("count", 1.0), ("operation_count", 1.0)),
    "total": (("total_s", 1.0), ("total_direct_kernel_time_sum", 1e-6)),
    "kernel": (("kernel", 1.0), ("trunc_kernel_details", 1.0), ("kernel_details_summary", 1.0)),
    "device": (("device", 1.0),),
}
_ARGUMENTS = ("shapes", "types", "strides", "values")
_NEEDED = ("operator", "shapes", "types", "count", "total")
_HEAD = 8192
_NUM_DEVICES = re.compile(r"(\d+)[-_ ]?(gpu|device)s?(?![a-z])", re.IGNORECASE)
_KERNEL_NAME = re.compile(r"'name': '([^']*)'")


def recognises(path: Path) -> bool:
    """Whether the first line names the columns of such a table."""
    try:
        content, file = open_plain_or_gzip(path)
        with file, content:
            head = content.read(_HEAD).decode("utf-8", errors="replace")
    except (OSError, EOFError, ValueError, zlib.error):
        return False
    first = head.splitlines()[:1]
    return bool(first) and all(_column(next(csv.reader(first), []), field) is not None for field in _NEEDED)


def read(path: Path, progress: Progress | None = None) -> Trace:
    """The trace.

    Raises
    ------
    TraceFormatError
        A column is missing, or the file is cut off; the message names the line.
    """
    table = _Table()
    for number, row in enumerate(_rows(path), start=2):
        table.add(row, f"{path}, line {number}")
    if progress is not None:
        size = path.stat().st_size
        progress(size, size)
    given = _NUM_DEVICES.search(path.name)
    facts = RunFacts(
        format="tracelens_csv",
        device=" + ".join(sorted(table.devices)),
        num_devices=max(int(given[1]), 1) if given else 1,
    )
    return table.build(path, facts)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    content, file = open_plain_or_gzip(path)
    with file, content, io.TextIOWrapper(content, encoding="utf-8", errors="replace", newline="") as text:
        reader = csv.DictReader(text, strict=True)
        try:
            header = reader.fieldnames or ()
            missing = [field for field in _NEEDED if _column(header, field) is None]
            if missing:
                wanted = " or ".join(repr(name) for name, _ in VARIABLE_MAP[missing[0]])
                raise TraceFormatError(f"{path}: no column {wanted}; columns: {', '.join(header) or 'none'}")
            columns = {field: _column(header, field) for field in VARIABLE_MAP}
            for row in reader:
                yield {field: row.get(column[0]) or "" for field, column in columns.items() if column is not None} | {
                    "factor": str(columns["total"][1]) if columns["total"] else "1"
                }
        except (csv.Error, OSError, EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise TraceFormatError(f"{path}: cut off or damaged, near line {reader.line_num} ({error})") from error


def _column(header: Sequence[str], field: str) -> tuple[str, float] | None:
    return next((entry for entry in VARIABLE_MAP[field] if entry[0] in header), None)


class _Table:
    """Rows as entries of a trace: each one call, and one kernel that stands for all that the call launches."""

    def __init__(self) -> None:
        self.devices: set[str] = set()
        self._operators = OperatorTable()
        self._names = Names()
        self._calls: list[int] = []
        self._kernels: list[int] = []
        self._repeats: list[int] = []
        self._times: list[float] = []
        self._skipped: Counter[str] = Counter()

    def add(self, row: Mapping[str, str], place: str) -> None:
        """One row; `place` is where it stands, for messages."""
        count, total = _float(row["count"]), _float(row["total"])
        if count is None or total is None or not 1 <= count < 2**40:
            self._skipped["row without a count or a time"] += 1
            return
        if total < 0:
            self._skipped["row of negative time"] += 1
            return
        arguments = RecordedArguments(**{name: _nested(row.get(name, ""), f"{place}, {name}") for name in _ARGUMENTS})
        operator = self._operators.number(row["operator"], arguments)
        if operator < 0:
            self._skipped[f"{row['operator']} with tensors that no memory holds"] += 1
            return
        names = _KERNEL_NAME.findall(row.get("kernel", "")) or [row.get("kernel", "") or "unknown"]
        self.devices |= {row.get("device", "")} - {""}
        self._calls.append(operator)
        self._kernels.append(self._names.number(" + ".join(names)))
        self._repeats.append(int(count))
        self._times.append(total * float(row["factor"]) / int(count))

    def build(self, path: Path, facts: RunFacts) -> Trace:
        """The trace of all rows."""
        if not self._calls:
            raise TraceFormatError(f"{path}: no row with a count and a time")
        size = len(self._calls)
        operators, operator = self._operators.resolve(
            np.array(self._calls, dtype=np.int64), num_devices=facts.num_devices
        )
        unknown, nothing = np.full(size, -1, dtype=np.int64), np.zeros(size, dtype=np.int64)
        never, repeats = np.full(size, np.nan), np.array(self._repeats, dtype=np.int64)
        calls = CallColumns(
            operator=operator,
            module=unknown,
            stage=unknown,
            parent=unknown,
            thread=nothing,
            start=never,
            duration=np.zeros(size),
            repeats=repeats,
        )
        kernels = kernels_without_times(
            name=np.array(self._kernels, dtype=np.int64),
            duration=np.array(self._times, dtype=np.float64),
            repeats=repeats,
            call=np.arange(size, dtype=np.int64),
        )
        return Trace(
            name=path.name.removesuffix(".gz").removesuffix(".csv") or path.name,
            facts=facts,
            operators=operators,
            modules=(),
            stages=(),
            kernel_names=self._names.all(),
            host_names=(),
            calls=calls,
            kernels=kernels,
            host=no_host_calls(),
            skipped=dict(self._skipped),
        )


def _nested(text: str, place: str) -> list[Any]:
    """Nested lists from JSON, or from Python's notation of tuples, which older tables use."""
    if not text:
        return []
    try:
        value = json.loads(text) if text.startswith("[") else ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        raise TraceFormatError(f"{place}: {text[:40]!r} is not a list") from None
    if not isinstance(value, list | tuple):
        raise TraceFormatError(f"{place}: {text[:40]!r} is not a list")
    return [_plain(item) for item in value]


def _plain(value: Any) -> Any:
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _float(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < 1e18 else None
