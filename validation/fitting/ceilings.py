"""Best rates that somebody published for a part: products, launch intervals, shares of the DRAM bandwidth.

A table of them has the columns ``device, what, dtype, value, unit, source``. What it says in words is read here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from hw_specs import Accelerator, SpecError, load_accelerator
from validation.measured.records import read_records

__all__ = ["EAGER_SHARES", "Ceiling", "EagerShare", "read_ceilings"]

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


@dataclass(frozen=True, slots=True, kw_only=True)
class EagerShare:
    """Share of the DRAM bandwidth that eager PyTorch's float32 kernels reach on tensors of 200 MB and more.

    Attributes
    ----------
    accelerator, group : str
        Part, and parameter group of the kernels.
    share : float
        Median of bytes over time and bandwidth, each input and output byte counted once. [1]
    """

    accelerator: str
    group: str
    share: float


#: NeuSight dataset/test, torch 2.4 on ROCm: medians over 40 to 105 shapes each of sums of two tensors, softmax and
#: layer norm.
EAGER_SHARES: tuple[EagerShare, ...] = (
    EagerShare(accelerator="MI100", group="stream", share=0.78),
    EagerShare(accelerator="MI100", group="softmax", share=0.41),
    EagerShare(accelerator="MI100", group="normalization", share=0.51),
    EagerShare(accelerator="MI210", group="stream", share=0.76),
    EagerShare(accelerator="MI210", group="softmax", share=0.31),
    EagerShare(accelerator="MI210", group="normalization", share=0.43),
)


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
