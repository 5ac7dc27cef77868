"""Files of measurements: records by column, and the numbers in their fields."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from hw_specs.errors import ComplaintsError
from hw_specs.reading.bounds import InputError, text_lines

__all__ = ["MeasurementError", "Record", "columns_of", "latency_of", "read_records", "whole_number"]

Record = Mapping[str, str]

_COLUMNS = ("device", "op", "input_shapes", "dtype", "attributes", "latency_s")

#: Counts from here on are mistakes.
_MOST = 1e9


class MeasurementError(ComplaintsError):
    """A file of measurements that cannot be read."""


def read_records(path: Path, *, columns: Sequence[str] = _COLUMNS) -> list[Record]:
    """Rows of a CSV file with some columns, gzipped or not; fields that a short row lacks are empty.

    Raises
    ------
    MeasurementError
        If the file cannot be read or lacks a column.
    """
    with _readable(path) as reader:
        missing = [name for name in columns if name not in (reader.fieldnames or ())]
        if missing:
            raise MeasurementError(f"{path}: lacks the columns {', '.join(missing)}")
        return [_shared(row) for row in reader]


def columns_of(path: Path) -> tuple[str, ...]:
    """Columns of a CSV file, gzipped or not.

    Raises
    ------
    MeasurementError
        If the file cannot be read.
    """
    with _readable(path) as reader:
        return tuple(reader.fieldnames or ())


@contextmanager
def _readable(path: Path) -> Iterator[csv.DictReader[str]]:
    try:
        yield csv.DictReader(text_lines(path), restval="")
    except InputError as error:
        raise MeasurementError(f"{path}: {error}") from error
    except csv.Error as error:
        raise MeasurementError(f"{path}: cannot be read as CSV: {error}") from error


def _shared(row: Record) -> Record:
    """The same row, with one copy of each text that rows repeat: of a million rows that is half of the memory."""
    return {name: sys.intern(text) if type(text) is str else text for name, text in row.items()}


def latency_of(record: Record) -> float:
    """Measured time. [s]

    Raises
    ------
    ValueError
        It is no positive number.
    """
    try:
        seconds = float(record["latency_s"])
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise ValueError(f"latency of {record['op']} is not a positive number")
    return seconds


def whole_number(text: str) -> int:
    """Count in a field, also where it is written with a fraction of zero.

    Raises
    ------
    ValueError
        It is none, or beyond anything that could be meant.
    """
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 1 <= value < _MOST or value != int(value):
        raise ValueError("no positive whole number")
    return int(value)
