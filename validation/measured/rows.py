"""Rows of tables of measured operator calls: reading the file, and the kernels that one row launched."""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hw_specs import Accelerator, number_format
from simulator.kernels import Kernel
from simulator.lowering import execution_on
from simulator.projection.operator_times import kernels_or_reason

from .operators import MeasuredRow, has_reader, kernels_of_row
from .row_operator import operator_of_row

__all__ = [
    "MeasurementError",
    "Record",
    "latency_of",
    "one_byte_collectives",
    "read_records",
    "row_kernels",
    "whole_number",
]

Record = Mapping[str, str]

_COLUMNS = ("device", "op", "input_shapes", "dtype", "attributes", "latency_s")

#: Counts from here on are mistakes.
_MOST = 1e9

#: Source whose collectives are timed in two formats that the tables do not tell apart.
_TWO_FORMATS = "aiconfigurator"


class MeasurementError(ValueError):
    """A file of measurements that cannot be read."""


def read_records(path: Path, *, columns: Sequence[str] = _COLUMNS) -> list[Record]:
    """Rows of a CSV file with some columns, gzipped or not; fields that a short row lacks are empty.

    Raises
    ------
    MeasurementError
        If the file cannot be read or lacks a column.
    """
    opener: Callable[..., Any] = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream, restval="")
            missing = [name for name in columns if name not in (reader.fieldnames or ())]
            if missing:
                raise MeasurementError(f"{path}: lacks the columns {', '.join(missing)}")
            return list(reader)
    except OSError as error:
        raise MeasurementError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (EOFError, UnicodeDecodeError, zlib.error, csv.Error) as error:
        raise MeasurementError(f"{path}: cannot be read as CSV: {error}") from error


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


def row_kernels(record: Record, accelerator: Accelerator, *, one_byte: bool = False) -> tuple[Kernel, ...]:
    """Kernels that the call of a row launched.

    Parameters
    ----------
    record : mapping
    accelerator : Accelerator
        Part that it ran on.
    one_byte : bool
        Whether elements have one byte, whatever the row says (see :func:`one_byte_collectives`).

    Raises
    ------
    ValueError, LookupError, TypeError, ArithmeticError
        The row is not one that can be predicted, and why.
    """
    name, source = record["op"], record.get("source") or "unknown"
    shapes, attributes = _shapes(record), _attributes(record)
    if has_reader(name, source):
        cache = accelerator.memory.l2.capacity if accelerator.memory.l2 else 0.0
        form = number_format(record["dtype"])
        size = 1.0 if one_byte else _itemsize(form)
        kernel = record.get("kernel") or ""
        return kernels_of_row(
            MeasuredRow(name, shapes, attributes, kernel, source, form, size, cache, accelerator.architecture)
        )
    return _lowered(record, shapes, attributes, accelerator)


def _lowered(
    record: Record, shapes: list[list[int]], attributes: Mapping[str, Any], accelerator: Accelerator
) -> tuple[Kernel, ...]:
    """Kernels that eager PyTorch launches for the operator."""
    op = operator_of_row(record["op"], shapes, record["dtype"], attributes)
    execution = replace(execution_on(accelerator), attention=_attention(record.get("kernel") or ""))
    kernels, reason = kernels_or_reason(op, execution)
    if reason or not kernels:
        raise LookupError(f"operator {op.name}: {reason or 'launches no kernel'}")
    cold = attributes.get("cache") == "cold"
    return tuple(replace(kernel, resident_bytes=0.0 if cold else kernel.bytes_read) for kernel in kernels)


def _attention(kernel: str) -> str:
    """Choice of attention that a kernel's name tells; what PyTorch picks, where it does not."""
    known = (("fa3", "flash3"), ("fa4", "flash4"), ("cudnn", "cudnn"), ("trtllm", "cudnn"))
    return next((choice for mark, choice in known if mark in kernel), "flash")


def _shapes(record: Record) -> list[list[int]]:
    try:
        shapes = json.loads(record["input_shapes"])
    except (ValueError, RecursionError):
        shapes = None
    right = isinstance(shapes, list) and all(isinstance(shape, list) for shape in shapes)
    if not right or not shapes or not all(type(n) is int and n > 0 for shape in shapes for n in shape):
        raise ValueError(f"{record['op']}: input_shapes are not lists of positive integers")
    return list(shapes)


def _attributes(record: Record) -> Mapping[str, Any]:
    try:
        attributes = json.loads(record["attributes"] or "{}")
    except (ValueError, RecursionError):
        attributes = None
    if not isinstance(attributes, dict):
        raise ValueError(f"{record['op']}: attributes are not a JSON object")
    return attributes


_ITEMSIZE = {"fp64": 8.0, "fp32": 4.0, "tf32": 4.0, "fp16": 2.0, "bf16": 2.0, "fp8": 1.0, "int8": 1.0}


def _itemsize(form: str) -> float:
    if form not in _ITEMSIZE:
        raise ValueError(f"no reader for {form}; valid: {', '.join(_ITEMSIZE)}")
    return _ITEMSIZE[form]


def one_byte_collectives(records: Sequence[Record]) -> frozenset[int]:
    """Positions of collectives whose elements have one byte although the file says float16.

    The source times each message of ``n`` elements as half and as int8, and the file keeps no difference. Of two
    rows of one size the faster is int8; the largest size is there once, as int8: its time continues that series.
    """
    rows: dict[tuple[str, str, str, str], list[tuple[float, int]]] = {}
    for index, record in enumerate(records):
        if not record["op"].startswith("c10d::") or not (record.get("source") or "").startswith(_TWO_FORMATS):
            continue
        try:
            seconds = latency_of(record)
        except ValueError:
            continue
        key = (record["op"], record["input_shapes"], record["attributes"], record["dtype"])
        rows.setdefault(key, []).append((seconds, index))
    return frozenset(min(same)[1] for same in rows.values())
