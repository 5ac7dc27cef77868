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
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hw_specs import Accelerator, SpecError, load_accelerator, number_format
from simulator.kernels import AccessPattern, Implementation, Kernel, KernelFamily, KernelTable

__all__ = ["MeasuredKernels", "MeasurementError", "read_measured"]

FloatArray = NDArray[np.float64]

#: Copies of the weights that aiconfigurator's linear benchmark cycles through.
_WEIGHT_COPIES = 6

_COLUMNS = ("device", "op", "input_shapes", "dtype", "attributes", "latency_s")


class MeasurementError(ValueError):
    """A file of measurements that cannot be read."""


class _Row(NamedTuple):
    op: str
    shapes: list[list[int]]
    attributes: Mapping[str, Any]
    kernel: str
    source: str
    number_format: str
    itemsize: float
    cache: float


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
            launched = _kernels(parsed)
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
        table=KernelTable.from_kernels(kernels),
        row=np.array(row, dtype=np.int64),
        skipped=skipped,
    )


def _latency(record: Mapping[str, str]) -> float:
    seconds = float(record["latency_s"])
    if not 0 < seconds < float("inf"):
        raise ValueError(f"latency of {record['op']} is not a positive number")
    return seconds


def _parse(record: Mapping[str, str], cache: float, *, one_byte: bool) -> _Row:
    shapes = json.loads(record["input_shapes"])
    positive = all(isinstance(n, int) and n > 0 for shape in shapes for n in shape)
    if not shapes or not positive:
        raise ValueError(f"{record['op']}: input_shapes are not lists of positive integers")
    name = number_format(record["dtype"])
    return _Row(
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


def _kernels(row: _Row) -> tuple[Kernel, ...]:
    reader = _READERS.get(row.op)
    if reader is None:
        raise LookupError(f"operator {row.op} has no reader")
    return reader(row)


def _on_vector_units(row: _Row) -> bool:
    return row.number_format == "fp32"


def _product(
    row: _Row, name: str, *, batch: float, m: float, n: float, k: float, resident: float, out: float
) -> Kernel:
    flops = 2.0 * batch * m * n * k
    vector = _on_vector_units(row)
    return Kernel(
        name=name,
        family=KernelFamily.MATMUL,
        number_format=row.number_format,
        matrix_flops=0.0 if vector else flops,
        vector_flops=flops if vector else 0.0,
        bytes_read=batch * (m * k + k * n) * row.itemsize,
        bytes_written=batch * m * n * out,
        resident_bytes=resident,
        itemsize=row.itemsize,
        batch=batch,
        m=m,
        n=n,
        k=k,
        num_inputs=2,
    )


def _linear(row: _Row) -> tuple[Kernel, ...]:
    *leading, k = (float(x) for x in row.shapes[0])
    m, n = float(np.prod(leading)), float(row.shapes[1][0])
    out = max(row.itemsize, 2.0)
    weights, other = n * k * row.itemsize, m * k * row.itemsize + m * n * out
    cycled = other + _WEIGHT_COPIES * weights
    warm_weights = weights * float(np.clip(2.5 - 2.0 * cycled / max(row.cache, 1.0), 0.0, 1.0))
    if row.source != "aiconfigurator":
        warm_weights = weights
    product = _product(row, "linear", batch=1.0, m=m, n=n, k=k, resident=m * k * row.itemsize + warm_weights, out=out)
    return (_quantize(m, k), product) if row.number_format == "fp8" else (product,)


def _quantize(rows: float, width: float) -> Kernel:
    """Scale each token of a bf16 input to fp8: a maximum and a division over each row."""
    return Kernel(
        name="quantize",
        family=KernelFamily.NORMALIZATION,
        number_format="fp8",
        bytes_read=rows * width * 2.0,
        bytes_written=rows * width,
        itemsize=2.0,
        m=rows,
        n=width,
    )


def _bmm(row: _Row) -> tuple[Kernel, ...]:
    batch, m, k = (float(x) for x in row.shapes[0])
    n = float(row.shapes[1][2])
    if row.source == "neusight":
        # The measured times follow the last axis of the second operand as the reduced one: at 31 x 870 x 18 they
        # grow with the 870 and not with the 18. The file has the two exchanged.
        n, k = k, n
    read = batch * (m * k + k * n) * row.itemsize
    return (_product(row, "bmm", batch=batch, m=m, n=n, k=k, resident=read, out=row.itemsize),)


def _attention(row: _Row) -> tuple[Kernel, ...]:
    (b, h, sq, d), (_, hkv, sk, _), (_, _, _, dv) = (tuple(float(x) for x in shape) for shape in row.shapes[:3])
    causal = bool(row.attributes.get("is_causal"))
    read = (b * h * sq * d + b * hkv * sk * (d + dv)) * row.itemsize
    kernel = Kernel(
        name="attention",
        family=KernelFamily.ATTENTION,
        implementation=_attention_implementation(row.kernel),
        number_format=row.number_format,
        matrix_flops=2.0 * b * h * sq * sk * (d + dv) * (0.5 * (1 + 1 / sq) if causal and sq == sk else 1.0),
        special_ops=b * h * sq * sk * (0.5 if causal else 1.0),
        bytes_read=read,
        bytes_written=b * h * sq * dv * row.itemsize,
        resident_bytes=read,
        itemsize=row.itemsize,
        batch=b * h,
        m=sq,
        n=sk,
        k=d,
        group=h / hkv,
        num_inputs=3,
        causal=causal,
    )
    pages = row.kernel.startswith("vllm_") and not row.kernel.startswith("vllm_vit")
    return (kernel, _paged_cache_write(b * sk, hkv * d, row.itemsize)) if pages else (kernel,)


def _attention_implementation(kernel: str) -> Implementation:
    for mark, implementation in (
        ("fa3", Implementation.FLASH3),
        ("fa4", Implementation.FLASH4),
        ("trtllm", Implementation.CUDNN_ATTENTION),
        ("cudnn", Implementation.CUDNN_ATTENTION),
    ):
        if mark in kernel:
            return implementation
    return Implementation.FLASH2


def _paged_cache_write(tokens: float, width: float, itemsize: float) -> Kernel:
    moved = 2.0 * tokens * width * itemsize
    return Kernel(
        name="paged_cache_write",
        family=KernelFamily.GATHER,
        number_format="bf16",
        bytes_read=moved,
        bytes_written=moved,
        itemsize=itemsize,
        m=tokens,
        n=width,
        pattern=AccessPattern.STRIDED,
    )


def _conv2d(row: _Row) -> tuple[Kernel, ...]:
    (n, c, h, w), (o, per_group, kh, kw) = (tuple(float(x) for x in shape) for shape in row.shapes[:2])
    stride, padding = (row.attributes.get(name, default) for name, default in (("stride", [1, 1]), ("padding", [0, 0])))
    oh = (h + 2 * padding[0] - kh) // stride[0] + 1
    ow = (w + 2 * padding[1] - kw) // stride[1] + 1
    groups = c / per_group
    m, columns, k = n * oh * ow, o / groups, per_group * kh * kw
    flops, vector = 2.0 * groups * m * columns * k, _on_vector_units(row)
    image, out = n * c * h * w * row.itemsize, n * o * oh * ow * row.itemsize
    return (
        Kernel(
            name="conv2d",
            family=KernelFamily.CONVOLUTION,
            implementation=Implementation.IMPLICIT_GEMM,
            number_format=row.number_format,
            matrix_flops=0.0 if vector else flops,
            vector_flops=flops if vector else 0.0,
            bytes_read=image + o * k * row.itemsize,
            bytes_written=out,
            resident_bytes=image,
            itemsize=row.itemsize,
            batch=groups,
            m=m,
            n=columns,
            k=k,
            group=kh if kh == kw and stride[0] == stride[1] == 1 else 1.0,
            num_inputs=2,
            height=oh,
            width=ow,
        ),
    )


def _elementwise(row: _Row) -> tuple[Kernel, ...]:
    elements = float(np.prod(row.shapes[0]))
    read = sum(float(np.prod(shape)) for shape in row.shapes) * row.itemsize
    special = elements if row.op in ("aten::gelu", "aten::tanh", "aten::div") else 0.0
    return (
        Kernel(
            name=row.op.partition("::")[2],
            family=KernelFamily.ELEMENTWISE,
            number_format=row.number_format,
            vector_flops=elements,
            special_ops=special,
            bytes_read=read,
            bytes_written=elements * row.itemsize,
            resident_bytes=read,
            itemsize=row.itemsize,
            m=elements,
            num_inputs=len(row.shapes),
        ),
    )


def _row_wise(row: _Row) -> tuple[Kernel, ...]:
    elements, softmax = float(np.prod(row.shapes[0])), row.op == "aten::softmax"
    width = float(row.shapes[0][-1])
    moved = elements * row.itemsize
    return (
        Kernel(
            name=row.op.partition("::")[2],
            family=KernelFamily.SOFTMAX if softmax else KernelFamily.NORMALIZATION,
            number_format=row.number_format,
            vector_flops=4.0 * elements,
            special_ops=elements if softmax else elements / width,
            bytes_read=moved,
            bytes_written=moved,
            resident_bytes=moved,
            itemsize=row.itemsize,
            m=elements / width,
            n=width,
        ),
    )


_COLLECTIVES = {
    "c10d::all_reduce": Implementation.ALL_REDUCE,
    "c10d::all_gather": Implementation.ALL_GATHER,
    "c10d::reduce_scatter": Implementation.REDUCE_SCATTER,
    "c10d::alltoall": Implementation.ALL_TO_ALL,
}


def _collective(row: _Row) -> tuple[Kernel, ...]:
    message = float(row.shapes[0][0]) * row.itemsize
    return (
        Kernel(
            name=row.op.partition("::")[2],
            family=KernelFamily.COLLECTIVE,
            implementation=_COLLECTIVES[row.op],
            number_format=row.number_format,
            bytes_read=message,
            bytes_written=message,
            itemsize=row.itemsize,
            m=message,
            n=float(row.attributes["num_gpus"]),
        ),
    )


_READERS: Mapping[str, Callable[[_Row], tuple[Kernel, ...]]] = {
    "aten::linear": _linear,
    "aten::bmm": _bmm,
    "aten::scaled_dot_product_attention": _attention,
    "aten::conv2d": _conv2d,
    **{f"aten::{name}": _elementwise for name in ("add", "mul", "div", "sub", "relu", "gelu", "tanh", "silu")},
    "aten::softmax": _row_wise,
    "aten::layer_norm": _row_wise,
    **dict.fromkeys(_COLLECTIVES, _collective),
}
