"""Elementwise operators, reductions, copies and gathers: one kernel each, which differ in how they walk memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hw_specs import number_format
from simulator.execution import Execution
from simulator.kernels import AccessPattern, Kernel, RowKind, RowWise, Scatter, Stream, StreamKind
from simulator.lowering.rules import lowering_rule
from simulator.work import declared, work_of
from simulator.work.movement import scattered
from simulator.work.pointwise import num_lists
from tracer.graph import Op, TensorSpec
from tracer.operators import Kind

from .access import access_pattern, joined_axes
from .copies import copy_kernel, fill_kernel
from .reductions import reduces_innermost, reduction_loads

__all__ = [
    "concatenation",
    "copy",
    "foreach",
    "gather",
    "loss",
    "padding",
    "paged_write",
    "pointwise",
    "reduce",
    "row_quantization",
    "scan",
    "scatter",
    "window_backward",
]

# Kinds with a kernel of their own that narrows float32 to half precision in vectorised accesses.
_COPIES = (Kind.COPY, Kind.IN_PLACE_COPY)
_HALF = frozenset({"float16", "bfloat16"})

#: Tensors of each list that one launch takes, by the number of lists; elements of a chunk, and chunks of a launch.
_TENSORS = {1: 110, 2: 64, 3: 48, 4: 36}
_CHUNK, _CHUNKS = 65536, 320

#: Axes of a batch of images; volumes and videos have more.
_IMAGE_AXES = 4

#: Most axes of a result that one kernel of a concatenation places elements by.
_MOST_JOINED_AXES = 4


@lowering_rule(Kind.ELEMENTWISE, Kind.COMPARISON, Kind.ROTARY)
def pointwise(op: Op, execution: Execution) -> Sequence[Kernel]:
    """One vectorised kernel; a scalar or broadcast operand is read from cache."""
    return (_stream(op, StreamKind.ELEMENTWISE, _name(op), casts=_casts(op)),)


@lowering_rule(Kind.REDUCTION)
def reduce(op: Op, execution: Execution) -> Sequence[Kernel]:
    """One kernel whose rows are the outputs, with a warp or less for each (``reduce_kernel``, Reduce.cuh)."""
    kernel = _row_stream(op)
    along = reduces_innermost(op.inputs[0], op.outputs[0])
    loads = reduction_loads(kernel.reduced_length, along=along)
    return (replace(kernel, loads=loads, pattern=kernel.pattern if along else AccessPattern.STRIDED),)


@lowering_rule(Kind.LOSS)
def loss(op: Op, execution: Execution) -> Sequence[Kernel]:
    """A value for each element, and the mean of all (``aten/src/ATen/native/Loss.cpp``); one alone without a mean."""
    data = op.inputs[0]
    values = replace(_stream(op, StreamKind.ELEMENTWISE, _name(op)), elements=float(data.numel))
    values = replace(values, bytes_written=float(data.nbytes), pattern=access_pattern(op.inputs, data))
    if op.outputs and op.outputs[0].shape == data.shape:
        return (values,)
    mean = replace(_row_stream(op), name="mean", bytes_read=float(data.nbytes), num_inputs=1.0, special_ops=0.0)
    return (values, replace(mean, vector_flops=float(data.numel), loads=reduction_loads(data.numel, along=True)))


@lowering_rule(Kind.FOREACH)
def foreach(op: Op, execution: Execution) -> Sequence[Kernel]:
    """One kernel for up to some hundred tensors (``multi_tensor_apply_kernel``, MultiTensorApply.cuh).

    A launch has room for the addresses of 110 tensors of one list, of 64 of two, 48 of three, 36 of four
    (``depth_to_max_tensors``), and for 320 chunks of 65536 elements.
    """
    work, lists = work_of(op), num_lists(op)
    first = [t for t in op.inputs if t.shape]
    first = first[: len(first) // lists] or list(op.inputs[:1])
    elements = float(sum(t.numel for t in first))
    chunks = sum(-(-t.numel // _CHUNK) for t in first)
    launches = max(-(-len(first) // _TENSORS.get(lists, _TENSORS[4])), -(-chunks // _CHUNKS), 1)
    kernel = Stream(
        name=_name(op),
        kind=StreamKind.ELEMENTWISE,
        number_format=number_format(first[0].dtype),
        vector_flops=work.vector_flops / launches,
        special_ops=work.special_ops / launches,
        bytes_read=work.bytes_read / launches,
        bytes_written=work.bytes_written / launches,
        itemsize=first[0].itemsize,
        elements=elements / launches,
        num_inputs=float(lists),
    )
    return (kernel,) * launches


@lowering_rule(Kind.WINDOW_BACKWARD)
def window_backward(op: Op, execution: Execution) -> Sequence[Kernel]:
    """One kernel with a thread for each element of the input's gradient, which looks up its windows.

    ``max_pool_backward_nchw`` (DilatedMaxPool2d.cu), ``avg_pool2d_backward_out_cuda_frame`` (AveragePool2d.cu),
    ``upsample_nearest2d_backward_out_frame`` (UpSampleNearest2d.cu).
    """
    work, out = work_of(op), op.outputs[0]
    return (
        Stream(
            name=_name(op),
            kind=StreamKind.GATHER,
            number_format=number_format(out.dtype),
            vector_flops=work.vector_flops,
            bytes_read=work.bytes_read,
            bytes_written=work.bytes_written,
            resident_bytes=work.bytes_read,
            itemsize=out.itemsize,
            elements=float(out.numel),
            pattern=AccessPattern.BROADCAST,
        ),
    )


@lowering_rule(Kind.SCAN, Kind.SORT)
def scan(op: Op, execution: Execution) -> Sequence[Kernel]:
    """One kernel whose rows are the outputs."""
    return (_row_stream(op),)


@lowering_rule(Kind.COPY, Kind.IN_PLACE_COPY, Kind.FILL, Kind.RESAMPLE, Kind.POOLING)
def copy(op: Op, execution: Execution) -> Sequence[Kernel]:
    """One kernel, strided where an operand is.

    A copy of a volume to another extent is a gather: every thread finds by divisions where its element comes from
    (``replication_pad_forward_kernel3d``, aten/src/ATen/native/cuda/ReplicationPadding.cu). So does that which resizes
    an image that lies channels-last (``upsample_nearest2d_nhwc_out_frame``, UpSampleNearest2d.cu); the one for channels
    outermost walks a grid of positions.
    """
    kernel = _stream(op, StreamKind.COPY, _name(op), casts=_casts(op))
    if not execution.compiled and _resizes(op) and len(op.outputs[0].shape) > _IMAGE_AXES:
        return (replace(kernel, kind=StreamKind.GATHER, pattern=AccessPattern.BROADCAST),)
    if not execution.compiled and execution.channels_last and _resizes(op):
        return (replace(kernel, pattern=AccessPattern.BROADCAST, joined_axes=float(len(op.outputs[0].shape))),)
    return (kernel,)


def _resizes(op: Op) -> bool:
    """Whether an image of the same channels comes out in another size."""
    if not (op.inputs and op.outputs):
        return False
    data, out = op.inputs[0].shape, op.outputs[0].shape
    return len(data) == len(out) > 3 and data[:2] == out[:2] and data != out


@lowering_rule(Kind.CONCATENATION)
def concatenation(op: Op, execution: Execution) -> Sequence[Kernel]:
    """One kernel: eager, of single elements that it places by every axis of the output (``CatArrayBatchedCopy``).

    Inputs without gaps are read in their own order; others need an offset of their own. Results of more than four axes
    are written by a copy of each input (``Shape.cu``, ``CAT_ARRAY_MAX_INPUT_DIMS``). A generated kernel writes whole
    slices.
    """
    if execution.compiled:
        return (_stream(op, StreamKind.COPY, _name(op), casts=_casts(op)),)
    if len(op.outputs[0].shape) > _MOST_JOINED_AXES:
        return tuple(_slice_copy(op, t) for t in op.inputs if t.shape)
    kernel = _stream(op, StreamKind.CONCATENATION, _name(op))
    inputs = [t for t in op.inputs if t.shape]
    crossed = any(
        access_pattern([t], replace(t, strides=())) == AccessPattern.TRANSPOSED
        for t in inputs
        if 2 * t.numel > op.outputs[0].numel
    )
    ordered = AccessPattern.BROADCAST if all(t.is_contiguous for t in inputs) else AccessPattern.STRIDED
    return (
        replace(
            kernel,
            pattern=AccessPattern.TRANSPOSED if crossed else ordered,
            num_inputs=1.0,
            joined_axes=float(max(len(op.outputs[0].shape), 1)),
        ),
    )


@lowering_rule(Kind.PADDING)
def padding(op: Op, execution: Execution) -> Sequence[Kernel]:
    """A fill of the whole output and a copy of the input into it (``aten/src/ATen/native/PadNd.cpp``).

    Compiled, one generated kernel reads the input and writes the output.
    """
    if execution.compiled:
        return (_stream(op, StreamKind.COPY, "pad"),)
    data, out = op.inputs[0], op.outputs[0]
    move = copy_kernel("copy_into_padding", data, AccessPattern.STRIDED)
    return (fill_kernel("fill", out), move)


@lowering_rule(Kind.GATHER)
def gather(op: Op, execution: Execution) -> Sequence[Kernel]:
    """One kernel whose threads follow an index each, and write in order (``Indexing.cu``, ``IndexKernel.cu``)."""
    kernel = _stream(op, StreamKind.GATHER, _name(op))
    return (replace(kernel, pattern=AccessPattern.BROADCAST),)


@lowering_rule(Kind.SCATTER)
def scatter(op: Op, execution: Execution) -> Sequence[Kernel]:
    """One kernel that puts rows of values to places of their own."""
    values = op.inputs[-1]
    width = values.shape[-1] if values.shape else 1
    work, out = work_of(op), (op.outputs or op.inputs)[0]
    return (
        Scatter(
            name=_name(op),
            number_format=number_format(out.dtype),
            vector_flops=work.vector_flops,
            special_ops=work.special_ops,
            bytes_read=work.bytes_read,
            bytes_written=work.bytes_written,
            resident_bytes=work.bytes_read,
            itemsize=out.itemsize,
            rows=values.numel / max(width, 1),
            row_length=float(max(width, 1)),
        ),
    )


@lowering_rule(Kind.SCATTER_TO_ZEROS)
def scatter_to_zeros(op: Op, execution: Execution) -> Sequence[Kernel]:
    """A kernel that clears the output and one that adds rows to places of their own.

    ``Embedding.cu`` sorts more than 3072 indices before, in kernels as short as kernels get; they are left out.
    """
    rows, width, indices = scattered(op)
    out, work = op.outputs[0], work_of(op)
    values = rows * width * out.itemsize
    added = Scatter(
        name=_name(op),
        number_format=number_format(out.dtype),
        vector_flops=work.vector_flops,
        bytes_read=work.bytes_read,
        bytes_written=values,
        resident_bytes=values + indices,
        itemsize=out.itemsize,
        rows=rows,
        row_length=width,
    )
    return (fill_kernel("clear", out), added)


@lowering_rule(Kind.PAGED_WRITE)
def paged_write(op: Op, execution: Execution) -> Sequence[Kernel]:
    """One kernel, a thread block a token, that writes its keys and values to their slots."""
    key, work = op.inputs[0], work_of(op)
    tokens = key.shape[0]
    return (
        Scatter(
            name="paged_cache_write",
            number_format=number_format(key.dtype),
            bytes_read=work.bytes_read,
            bytes_written=work.bytes_written,
            itemsize=key.itemsize,
            rows=tokens,
            row_length=key.numel / tokens,
        ),
    )


@lowering_rule(Kind.ROW_QUANTIZATION)
def row_quantization(op: Op, execution: Execution) -> Sequence[Kernel]:
    """One kernel, a thread block a row: its largest magnitude, then its elements in the narrow format."""
    data, work = op.inputs[0], work_of(op)
    width = data.shape[-1]
    return (
        RowWise(
            name="quantize",
            kind=RowKind.NORMALIZATION,
            number_format=number_format(op.outputs[0].dtype),
            bytes_read=work.bytes_read,
            bytes_written=work.bytes_written,
            itemsize=data.itemsize,
            rows=data.numel / width,
            row_length=width,
        ),
    )


def _name(op: Op) -> str:
    return op.name.partition("::")[2].strip("_")


def _stream(
    op: Op,
    kind: StreamKind,
    name: str,
    *,
    outputs: float | None = None,
    reduced_length: float = 1.0,
    casts: bool = False,
) -> Stream:
    work = work_of(op)
    out = (op.outputs or op.inputs)[0]
    return Stream(
        name=name,
        kind=kind,
        number_format=number_format(out.dtype),
        vector_flops=work.vector_flops,
        special_ops=work.special_ops,
        bytes_read=work.bytes_read,
        bytes_written=work.bytes_written,
        resident_bytes=work.bytes_read,
        itemsize=out.itemsize,
        elements=float(out.numel) if outputs is None else float(outputs),
        reduced_length=reduced_length,
        num_inputs=float(max(_num_read(op), 1)),
        joined_axes=float(joined_axes(op.inputs, out)) if outputs is None else 1.0,
        pattern=access_pattern(op.inputs, out),
        converts=casts,
    )


def _row_stream(op: Op) -> Stream:
    data = op.inputs[0]
    rows = max(op.outputs[0].numel if op.outputs else 1, 1)
    return _stream(op, StreamKind.REDUCTION, _name(op), outputs=rows, reduced_length=max(data.numel / rows, 1.0))


def _slice_copy(op: Op, tensor: TensorSpec) -> Stream:
    """Copy of one input of a concatenation to its slice of the output."""
    ordered = replace(tensor, strides=(), dtype=op.outputs[0].dtype)
    crossed = access_pattern([tensor], ordered) == AccessPattern.TRANSPOSED
    pattern = AccessPattern.TRANSPOSED if crossed else AccessPattern.STRIDED
    return replace(copy_kernel(_name(op), tensor, pattern), joined_axes=float(joined_axes([tensor], ordered) + 1))


def _num_read(op: Op) -> int:
    """Tensors that are read; a copy into a tensor does not read that one."""
    tensors = sum(bool(t.shape) for t in op.inputs)
    return tensors - (declared(op).kind is Kind.IN_PLACE_COPY and tensors > 1)


def _casts(op: Op) -> bool:
    """Whether a kernel converts dtypes element by element; float32 to half precision has a vectorised copy."""
    dtypes = {t.dtype for t in (*op.inputs, *op.outputs) if t.shape} - {"bool"}
    narrows = bool(op.outputs) and op.outputs[0].dtype in _HALF and dtypes == {"float32", op.outputs[0].dtype}
    return len(dtypes) > 1 and not (narrows and declared(op).kind in _COPIES)
