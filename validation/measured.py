"""Measured operator calls as kernels: rows of a CSV file become a kernel table and latencies.

Files have the columns ``device, op, input_shapes, dtype, attributes, latency_s, kernel, source``. Two sources are
known, and what is timed differs between them:

``aiconfigurator``
    CUDA graph, warm. Linear layers cycle through copies of their weights, so weights are cold unless all copies fit
    the cache. 8-bit linear layers quantise their bf16 input first. Attention of a serving framework (other than of
    vision encoders) also writes keys and values to a paged cache.
``neusight``
    Eager PyTorch, fp32 without TF32, so products and convolutions run on vector units.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hw_specs import Accelerator, SpecError, load_accelerator, number_format
from simulator.kernels import Kernel, KernelTable
from simulator.lowering import assign_units

from .measured_operators import MeasuredRow, kernels_of_row

__all__ = ["MeasuredKernels", "MeasurementError", "read_measured"]

FloatArray = NDArray[np.float64]

_COLUMNS = ("device", "op", "input_shapes", "dtype", "attributes", "latency_s")


class MeasurementError(ValueError):
    """A file of measurements that cannot be read."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MeasuredKernels:
    """Operator calls of one device and the kernels that they launch.

    Attributes
    ----------
    accelerator : Accelerator
    device : str
        Name of the device in the file.
    op, dtype, source, shapes : tuple of str
        Of each row.
    latency : array of shape (num_rows,)
        [s]
    table : KernelTable
        Kernels of all rows.
    row : array of shape (num_kernels,)
        Row that each kernel belongs to.
    skipped : Counter
        Rows that were left out, by reason.
    """

    accelerator: Accelerator
    device: str
    op: tuple[str, ...]
    dtype: tuple[str, ...]
    source: tuple[str, ...]
    shapes: tuple[str, ...]
    latency: FloatArray
    table: KernelTable
    row: NDArray[np.int64]
    skipped: Counter[str]

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.latency)

    def select(self, rows: NDArray[np.int64]) -> MeasuredKernels:
        """Some of the rows, by position in ascending order."""
        position = np.full(len(self), -1)
        position[rows] = np.arange(len(rows))
        kept = np.flatnonzero(position[self.row] >= 0)
        texts = {name: tuple(getattr(self, name)[i] for i in rows) for name in ("op", "dtype", "source", "shapes")}
        return MeasuredKernels(
            accelerator=self.accelerator,
            device=self.device,
            latency=self.latency[rows],
            table=self.table.select(kept),
            row=position[self.row[kept]],
            skipped=self.skipped,
            **texts,
        )

    def per_row(self, kernel_values: FloatArray) -> FloatArray:
        """Sum of values over the kernels of each row, shape (num_rows,)."""
        total: FloatArray = np.zeros(len(self))
        np.add.at(total, self.row, kernel_values)
        return total


def read_measured(path: str | Path) -> MeasuredKernels:
    """Read a CSV file, gzipped or not, of one device.

    Raises
    ------
    MeasurementError
        If the file cannot be read, lacks a column, is empty, or is of several devices or an unknown one.
    """
    records = list(_records(Path(path)))
    devices = sorted({record["device"] for record in records})
    if len(devices) != 1:
        raise MeasurementError(f"{path}: expected rows of one device, got {', '.join(devices) or 'none'}")
    try:
        accelerator = load_accelerator(devices[0])
    except SpecError as error:
        raise MeasurementError(f"{path}: {error}") from error
    return _assemble(records, accelerator, devices[0])


def _records(path: Path) -> Iterator[dict[str, str]]:
    opener: Callable[..., Any] = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream)
            missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise MeasurementError(f"{path}: lacks the columns {', '.join(missing)}")
            yield from reader
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise MeasurementError(f"{path}: cannot be read as CSV: {error}") from error


def _assemble(records: Sequence[dict[str, str]], accelerator: Accelerator, device: str) -> MeasuredKernels:
    skipped: Counter[str] = Counter()
    kernels: list[Kernel] = []
    row: list[int] = []
    kept: list[dict[str, str]] = []
    latency: list[float] = []
    cache = accelerator.memory.l2.capacity if accelerator.memory.l2 else 0.0
    one_byte = _one_byte_collectives(records)
    for index, record in enumerate(records):
        try:
            seconds = _latency(record)
            parsed = _parse(record, cache, one_byte=index in one_byte)
            parsed = parsed._replace(float32_on_matrix="fp32" in accelerator.peak.matrix)
            launched = kernels_of_row(parsed)
        except (ValueError, LookupError, TypeError) as error:
            skipped[str(error).partition("\n")[0]] += 1
            continue
        row += [len(kept)] * len(launched)
        kernels += launched
        kept.append(record)
        latency.append(seconds)
    return MeasuredKernels(
        accelerator=accelerator,
        device=device,
        op=tuple(record["op"] for record in kept),
        dtype=tuple(record["dtype"] for record in kept),
        source=tuple(record.get("source") or "unknown" for record in kept),
        shapes=tuple(record["input_shapes"] for record in kept),
        latency=np.array(latency, dtype=np.float64),
        table=assign_units(KernelTable.from_kernels(kernels), accelerator),
        row=np.array(row, dtype=np.int64),
        skipped=skipped,
    )


def _latency(record: Mapping[str, str]) -> float:
    seconds = float(record["latency_s"])
    if not 0 < seconds < float("inf"):
        raise ValueError(f"latency of {record['op']} is not a positive number")
    return seconds


def _parse(record: Mapping[str, str], cache: float, *, one_byte: bool) -> MeasuredRow:
    shapes = json.loads(record["input_shapes"])
    positive = all(isinstance(n, int) and n > 0 for shape in shapes for n in shape)
    if not shapes or not positive:
        raise ValueError(f"{record['op']}: input_shapes are not lists of positive integers")
    name = number_format(record["dtype"])
    return MeasuredRow(
        op=record["op"],
        shapes=shapes,
        attributes=json.loads(record["attributes"] or "{}"),
        kernel=record.get("kernel") or "",
        source=record.get("source") or "unknown",
        number_format=name,
        itemsize=1.0 if one_byte else _ITEMSIZE[name],
        cache=cache,
    )


_ITEMSIZE = {"fp64": 8.0, "fp32": 4.0, "tf32": 4.0, "fp16": 2.0, "bf16": 2.0, "fp8": 1.0, "int8": 1.0}


def _one_byte_collectives(records: Sequence[Mapping[str, str]]) -> frozenset[int]:
    """Collectives whose elements have one byte although the file says float16.

    The source times each message of ``n`` elements as half and as int8, and the file keeps no difference. Of two
    rows of one size the faster is int8; the largest size is there once, as int8: its time continues that series.
    """
    rows: dict[tuple[str, str, str], list[int]] = {}
    for index, record in enumerate(records):
        if record["op"].startswith("c10d::"):
            rows.setdefault((record["op"], record["input_shapes"], record["attributes"]), []).append(index)
    return frozenset(min(same, key=lambda i: float(records[i]["latency_s"])) for same in rows.values())
