"""Best rates that somebody published for a part: products, launch intervals, shares of the DRAM bandwidth.

A table of them has the columns ``device, what, dtype, value, unit, source``. What it says in words is read here.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from hw_specs import Accelerator, SpecError, load_accelerator
from hw_specs.reading.record import Record, Text, read_record
from hw_specs.units.quantity import Share
from validation.measured.records import read_records

__all__ = ["Ceiling", "EagerShare", "eager_shares", "read_ceilings"]

_FILE = Path(__file__).parent / "eager_shares.yaml"

_COLUMNS = ("device", "what", "dtype", "value", "unit", "source")
_TORCH_DTYPE: Mapping[str, str] = {
    "bf16": "bfloat16",
    "fp16": "float16",
    "fp16 in/fp32 acc": "float16",
    "fp8": "float8_e4m3fn",
    "fp8_e4m3": "float8_e4m3fn",
}
_PRODUCT = re.compile(r"(max matmul|max achievable GEMM|max DeepBench GEMM|GEMM |Linear )")
_SHAPE = re.compile(r"(\d+)x(\d+)x(\d+)")
_CUBE = re.compile(r"(\d+)\^3")
_INTERVAL = re.compile(r"back-to-back tiny-kernel interval, (CUDA graph|hipGraph)")
#: Product of which no shape is given: large enough to fill any part.
_LARGE = (8192, 8192, 8192)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceiling:
    """One published best rate.

    Attributes
    ----------
    accelerator : Accelerator
    kind : {"product", "interval"}
        Rate of a matrix product [FLOP/s], or time from one tiny kernel of a graph to the next [s].
    dtype : str
        torch name; empty for an interval.
    shape : tuple of int
        Rows, columns and reduced length of a product; empty for an interval.
    value : float
    what, source : str
        As published.
    """

    accelerator: Accelerator
    kind: str
    dtype: str
    shape: tuple[int, ...]
    value: float
    what: str
    source: str


class EagerShare(Record):
    """Share of the DRAM bandwidth that eager PyTorch's float32 kernels reach on tensors of 200 MB and more."""

    accelerator: Text
    group: Text
    """Parameter group of the kernels."""
    share: Share
    """Median of bytes over time and bandwidth, each input and output byte counted once. [1]"""


class _EagerShares(Record):
    shares: tuple[EagerShare, ...]


@functools.cache
def eager_shares() -> tuple[EagerShare, ...]:
    """Shares that published times tell of parts which nothing was fitted on."""
    return read_record(_FILE, _EagerShares).shares


def read_ceilings(path: str | Path) -> tuple[tuple[Ceiling, ...], Counter[str]]:
    """Ceilings of a CSV file, and the rows that tell none, counted by reason.

    Raises
    ------
    MeasurementError
        If the file cannot be read or lacks a column.
    """
    skipped: Counter[str] = Counter()
    return tuple(_ceilings(Path(path), skipped)), skipped


def _ceilings(path: Path, skipped: Counter[str]) -> Iterator[Ceiling]:
    for row in read_records(path, columns=_COLUMNS):
        kind = _kind(row)
        if not kind:
            skipped["neither a product on matrix units nor a launch interval"] += 1
            continue
        try:
            accelerator = load_accelerator(row["device"])
            value = float(row["value"]) * (1e12 if kind == "product" else 1e-6)
        except (SpecError, ValueError):
            skipped[f"unknown device or value: {row['device']}, {row['value']}"] += 1
            continue
        yield Ceiling(
            accelerator=accelerator,
            kind=kind,
            dtype=_TORCH_DTYPE.get(row["dtype"], ""),
            shape=_shape(row["what"]) if kind == "product" else (),
            value=value,
            what=row["what"],
            source=row["source"],
        )


def _kind(row: Mapping[str, str]) -> str:
    if row["unit"] == "TFLOP/s" and row["dtype"] in _TORCH_DTYPE and _PRODUCT.match(row["what"]):
        return "product"
    return "interval" if row["unit"] == "us" and _INTERVAL.match(row["what"]) else ""


def _shape(what: str) -> tuple[int, ...]:
    found = _SHAPE.search(what)
    if found:
        return tuple(int(n) for n in found.groups())
    cube = _CUBE.search(what)
    return (int(cube[1]),) * 3 if cube else _LARGE
