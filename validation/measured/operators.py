"""Kernels of one operator call of a source that times something else than eager PyTorch: a reader for each operator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from simulator.kernels import (
    Attention,
    AttentionAlgorithm,
    Collective,
    CollectiveAlgorithm,
    Convolution,
    Kernel,
    Product,
    RowKind,
    RowWise,
    Scatter,
    Stream,
    StreamKind,
)

__all__ = ["MeasuredRow", "has_reader", "kernels_of_row"]

_SOURCES = ("aiconfigurator", "neusight")

#: Copies of the weights that aiconfigurator's linear benchmark cycles through.
_WEIGHT_COPIES = 6


class MeasuredRow(NamedTuple):
    """One row: operator, shapes and attributes as the file has them, and what follows from dtype and device.

    ``itemsize`` is in bytes, ``cache`` the capacity of the device's largest cache [B], ``architecture`` the device's.
    """

    op: str
    shapes: list[list[int]]
    attributes: Mapping[str, Any]
    kernel: str
    source: str
    number_format: str
    itemsize: float
    cache: float
    architecture: str = ""


def has_reader(op: str, source: str) -> bool:
    """Whether rows of an operator from a source are read here, and not lowered as those of a workload.

    A source may say after its name what it used: ``aiconfigurator VLLM``.
    """
    return source.startswith(_SOURCES) and op in _READERS


def kernels_of_row(row: MeasuredRow) -> tuple[Kernel, ...]:
    """Kernels that one measured call launched.

    Raises
    ------
    LookupError
        The operator has no reader.
    """
    reader = _READERS.get(row.op)
    if reader is None:
        raise LookupError(f"operator {row.op} has no reader")
    return reader(row)


def _product(
    row: MeasuredRow, name: str, *, batch: float, m: float, n: float, k: float, resident: float, out: float
) -> Product:
    return Product(
        name=name,
        number_format=row.number_format,
        matrix_flops=2.0 * batch * m * n * k,
        bytes_read=batch * (m * k + k * n) * row.itemsize,
        bytes_written=batch * m * n * out,
        resident_bytes=resident,
        itemsize=row.itemsize,
        batch=batch,
        m=m,
        n=n,
        k=k,
    )


def _linear(row: MeasuredRow) -> tuple[Kernel, ...]:
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


def _quantize(rows: float, width: float) -> RowWise:
    """Scale each token of a bf16 input to fp8: a maximum and a division over each row."""
    return RowWise(
        name="quantize",
        kind=RowKind.NORMALIZATION,
        number_format="fp8",
        bytes_read=rows * width * 2.0,
        bytes_written=rows * width,
        itemsize=2.0,
        rows=rows,
        row_length=width,
    )


def _bmm(row: MeasuredRow) -> tuple[Kernel, ...]:
    batch, m, k = (float(x) for x in row.shapes[0])
    n = float(row.shapes[1][2])
    if row.source == "neusight":
        # The measured times follow the last axis of the second operand as the reduced one: at 31 x 870 x 18 they
        # grow with the 870 and not with the 18. The file has the two exchanged.
        n, k = k, n
    read = batch * (m * k + k * n) * row.itemsize
    return (_product(row, "bmm", batch=batch, m=m, n=n, k=k, resident=read, out=row.itemsize),)


def _attention(row: MeasuredRow) -> tuple[Kernel, ...]:
    (b, h, sq, d), (_, hkv, sk, _), (_, _, _, dv) = (tuple(float(x) for x in shape) for shape in row.shapes[:3])
    causal = bool(row.attributes.get("is_causal"))
    pages = row.kernel.startswith("vllm_") and not row.kernel.startswith("vllm_vit")
    read = (b * h * sq * d + b * hkv * sk * (d + dv)) * row.itemsize
    kernel = Attention(
        name="attention",
        algorithm=_attention_algorithm(row, paged=pages),
        number_format=row.number_format,
        matrix_flops=2.0 * b * h * sq * sk * (d + dv) * (0.5 * (1 + 1 / sq) if causal and sq == sk else 1.0),
        special_ops=b * h * sq * sk * (0.5 if causal else 1.0),
        bytes_read=read,
        bytes_written=b * h * sq * dv * row.itemsize,
        resident_bytes=read,
        itemsize=row.itemsize,
        num_heads=b * h,
        query_length=sq,
        key_length=sk,
        head_dim=d,
        heads_per_key_head=h / hkv,
        causal=causal,
    )
    return (kernel, _paged_cache_write(b * sk, hkv * d, row.itemsize)) if pages else (kernel,)


#: What vLLM takes on the architectures for which it has a newer kernel than FlashAttention-2: its fa_utils.py, and the
#: kernels that measured tables name.
_NEWER_ATTENTION = {
    "hopper": AttentionAlgorithm.FLASH3,
    "blackwell": AttentionAlgorithm.FLASH4,
    "blackwell_ultra": AttentionAlgorithm.FLASH4,
}


def _attention_algorithm(row: MeasuredRow, *, paged: bool) -> AttentionAlgorithm:
    if not row.kernel:
        return _NEWER_ATTENTION.get(row.architecture, AttentionAlgorithm.FLASH2)
    for mark, algorithm in (
        ("fa3", AttentionAlgorithm.FLASH3),
        ("fa4", AttentionAlgorithm.FLASH4),
        ("trtllm", AttentionAlgorithm.CUDNN),
        ("cudnn", AttentionAlgorithm.CUDNN),
    ):
        if mark in row.kernel:
            return algorithm
    return AttentionAlgorithm.FLASH2_PAGED if paged else AttentionAlgorithm.FLASH2


def _paged_cache_write(tokens: float, width: float, itemsize: float) -> Scatter:
    moved = 2.0 * tokens * width * itemsize
    return Scatter(
        name="paged_cache_write",
        number_format="bf16",
        bytes_read=moved,
        bytes_written=moved,
        itemsize=itemsize,
        rows=tokens,
        row_length=width,
    )


def _conv2d(row: MeasuredRow) -> tuple[Kernel, ...]:
    (n, c, h, w), (o, per_group, kh, kw) = (tuple(float(x) for x in shape) for shape in row.shapes[:2])
    stride, padding = (row.attributes.get(name, default) for name, default in (("stride", [1, 1]), ("padding", [0, 0])))
    oh = (h + 2 * padding[0] - kh) // stride[0] + 1
    ow = (w + 2 * padding[1] - kw) // stride[1] + 1
    groups = c / per_group
    m, columns, k = n * oh * ow, o / groups, per_group * kh * kw
    image, out = n * c * h * w * row.itemsize, n * o * oh * ow * row.itemsize
    return (
        Convolution(
            name="conv2d",
            number_format=row.number_format,
            matrix_flops=2.0 * groups * m * columns * k,
            bytes_read=image + o * k * row.itemsize,
            bytes_written=out,
            resident_bytes=image,
            itemsize=row.itemsize,
            num_groups=groups,
            positions=m,
            output_channels=columns,
            reduced_length=k,
            filter_positions=kh * kw,
            output_height=oh,
            output_width=ow,
            winograd=kh == kw == 3 and stride[0] == stride[1] == 1,
        ),
    )


def _elementwise(row: MeasuredRow) -> tuple[Kernel, ...]:
    elements = float(np.prod(row.shapes[0]))
    read = sum(float(np.prod(shape)) for shape in row.shapes) * row.itemsize
    special = elements if row.op in ("aten::gelu", "aten::tanh", "aten::div") else 0.0
    return (
        Stream(
            name=row.op.partition("::")[2],
            kind=StreamKind.ELEMENTWISE,
            number_format=row.number_format,
            vector_flops=elements,
            special_ops=special,
            bytes_read=read,
            bytes_written=elements * row.itemsize,
            resident_bytes=read,
            itemsize=row.itemsize,
            elements=elements,
            num_inputs=len(row.shapes),
        ),
    )


def _row_wise(row: MeasuredRow) -> tuple[Kernel, ...]:
    elements, softmax = float(np.prod(row.shapes[0])), row.op == "aten::softmax"
    width = float(row.shapes[0][-1])
    moved = elements * row.itemsize
    return (
        RowWise(
            name=row.op.partition("::")[2],
            kind=RowKind.SOFTMAX if softmax else RowKind.NORMALIZATION,
            number_format=row.number_format,
            vector_flops=4.0 * elements,
            special_ops=elements if softmax else elements / width,
            bytes_read=moved,
            bytes_written=moved,
            resident_bytes=moved,
            itemsize=row.itemsize,
            rows=elements / width,
            row_length=width,
        ),
    )


_COLLECTIVES = {
    "c10d::all_reduce": CollectiveAlgorithm.ALL_REDUCE,
    "c10d::all_gather": CollectiveAlgorithm.ALL_GATHER,
    "c10d::reduce_scatter": CollectiveAlgorithm.REDUCE_SCATTER,
    "c10d::alltoall": CollectiveAlgorithm.ALL_TO_ALL,
}


def _collective(row: MeasuredRow) -> tuple[Kernel, ...]:
    message = float(row.shapes[0][0]) * row.itemsize
    return (
        Collective(
            name=row.op.partition("::")[2],
            algorithm=_COLLECTIVES[row.op],
            number_format=row.number_format,
            bytes_read=message,
            bytes_written=message,
            itemsize=row.itemsize,
            message_bytes=message,
            num_ranks=float(row.attributes["num_gpus"]),
        ),
    )


_READERS: Mapping[str, Callable[[MeasuredRow], tuple[Kernel, ...]]] = {
    "aten::linear": _linear,
    "aten::bmm": _bmm,
    "aten::scaled_dot_product_attention": _attention,
    "aten::conv2d": _conv2d,
    **{f"aten::{name}": _elementwise for name in ("add", "mul", "div", "sub", "relu", "gelu", "tanh", "silu")},
    "aten::softmax": _row_wise,
    "aten::layer_norm": _row_wise,
    **dict.fromkeys(_COLLECTIVES, _collective),
}
