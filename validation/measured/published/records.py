"""Rows of single kernels in a table of published figures as records of measured operator calls."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hw_specs import Accelerator
from simulator.execution import FUSED
from validation.measured.records import Record, columns_of, read_records, whole_number
from validation.published.names import Names, Unmappable, first_that_fits, load_names
from validation.published.rows.device import accelerator_of
from validation.published.rows.figure import is_kernel

from .lines import Call, KernelMap, Term, load_kernels, product_of, written_with

__all__ = ["OF_WHOLE_RUNS", "holds_kernels", "is_published", "published_calls", "record_of"]

#: Why a row is none of a single kernel.
OF_WHOLE_RUNS = "row of a whole run, which `validate published` reads"

#: Columns that give numbers beside those in words.
_COLUMNS = ("batch", "height", "width")
_OTHER = "row of another device"


def is_published(columns: Iterable[str]) -> bool:
    """Whether the columns of a table are those of published figures."""
    return {"component", "metric", "value", "notes"} <= set(columns)


def holds_kernels(path: Path) -> bool:
    """Whether a file is a table of published figures with rows of single kernels."""
    published = is_published(columns_of(path))
    return published and any(is_kernel(row, load_names()) for row in read_records(path, columns=()))


def published_calls(
    rows: Iterable[Record], accelerator: Accelerator | None = None
) -> tuple[list[Record], Counter[str]]:
    """Records of the rows of single kernels, and how many rows are none, by reason.

    Parameters
    ----------
    rows : iterable of record
        With the columns of tables of published figures.
    accelerator : Accelerator, optional
        The one whose rows are wanted; all by default.
    """
    records, left_out = [], Counter[str]()
    names, kernels = load_names(), load_kernels()
    for row in rows:
        try:
            record = record_of(row, names, kernels)
        except Unmappable as error:
            left_out[str(error)] += 1
            continue
        if accelerator is None or record["device"] == accelerator.name:
            records.append(record)
        else:
            left_out[_OTHER] += 1
    return records, left_out


def record_of(row: Record, names: Names, kernels: KernelMap) -> Record:
    """Record of one row. Raises :class:`~validation.published.names.Unmappable` with the reason if it is none."""
    if not is_kernel(row, names):
        raise Unmappable(OF_WHOLE_RUNS)
    call, numbers = _call(row, kernels)
    dtype = _dtype(row, names)
    kernel = _attention(row, names) or f"{row['compile']} {row['precision']}".strip()
    try:
        shapes = [written_with(shape, numbers) for shape in call.shapes]
        attributes = _attributes(call, shapes, numbers)
        seconds = _seconds(row, names, kernels, call=call, numbers=numbers)
    except LookupError as error:
        raise Unmappable(f"shape is not stated: no {error.args[0]}") from error
    return {
        "device": accelerator_of(row["device"], names, []).name,
        "op": call.op,
        "input_shapes": json.dumps(shapes),
        "dtype": dtype,
        "attributes": json.dumps(attributes),
        "latency_s": repr(seconds),
        "kernel": kernel,
        "source": f"{call.source} {_attention(row, names)}".strip(),
    }


def _call(row: Record, kernels: KernelMap) -> tuple[Call, Mapping[str, int]]:
    """Call of a row, and the numbers that it states."""
    columns = ("source", "model", "attention_impl", "notes", "compile")
    text = "\n".join(row.get(column, "") for column in columns)
    call = first_that_fits(kernels.calls, text)
    if call is None:
        raise Unmappable("shape or layout of the call is not stated")
    if call.refuse:
        raise Unmappable(call.refuse)
    found = re.search(call.contains or call.pattern or "", text, re.IGNORECASE)
    stated = {name: int(value) for name, value in found.groupdict().items()} if found else {}
    return call, {**_columns(row), **stated}


def _columns(row: Record) -> dict[str, int]:
    numbers = {}
    for name in filter(row.get, _COLUMNS):
        try:
            numbers[name] = whole_number(row[name])
        except ValueError as error:
            raise Unmappable(f"{name} is {error}") from error
    return numbers


def _dtype(row: Record, names: Names) -> str:
    precision = first_that_fits(names.precisions, row["precision"])
    if precision is None or not precision.dtype or precision.quantize:
        raise Unmappable("number format of the call is not stated" if precision else "precision is not modelled")
    return precision.dtype


def _attention(row: Record, names: Names) -> str:
    """Attention of a row by the name that ``--attention`` has for it; empty for other calls."""
    name = row["attention_impl"]
    if not name:
        return ""
    entry = first_that_fits(names.attentions, name)
    if entry is None or entry.attention not in (*FUSED, "naive"):
        raise Unmappable(f"attention kernel is not stated or not modelled: {name}")
    return entry.attention


def _attributes(call: Call, shapes: Sequence[Sequence[int]], numbers: Mapping[str, int]) -> dict[str, Any]:
    plain: dict[str, Any] = {name: _value(value, numbers) for name, value in call.attributes.items()}
    if call.axes:
        plain["input_strides"] = [strides_of(shape, call.axes) for shape in shapes]
    return plain


def _value(value: Term | Sequence[Term], numbers: Mapping[str, int]) -> Any:
    if isinstance(value, tuple):
        return written_with(value, numbers)
    return numbers[value] if isinstance(value, str) else value


def strides_of(shape: Sequence[int], axes: Sequence[int]) -> list[int]:
    """Strides of a dense tensor whose axes lie in some order, the outermost first. [elements]"""
    inner = {axis: math.prod(shape[other] for other in axes[place + 1 :]) for place, axis in enumerate(axes)}
    return [inner[axis] for axis in range(len(shape))]


def _seconds(row: Record, names: Names, kernels: KernelMap, *, call: Call, numbers: Mapping[str, int]) -> float:
    """Time of a row, by the work of its call where it states a rate. [s]"""
    rate, metric = first_that_fits(kernels.rates, row["metric"]), first_that_fits(names.metrics, row["metric"])
    try:
        value = float(row["value"])
    except ValueError:
        raise Unmappable("value is not a number") from None
    if not 0 < value < float("inf"):
        raise Unmappable("value is not positive and finite")
    if rate is not None:
        return product_of(call.flops, numbers) / (rate.unit * value)
    if metric is None or metric.per != "run":
        raise Unmappable("metric is no time and no rate of one call")
    return metric.seconds(value)
