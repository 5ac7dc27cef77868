"""Copies, fills, gathers and everything else that moves data without arithmetic on it."""

from __future__ import annotations

from tracer.graph import Op
from tracer.operators import Kind, is_in_place

from .op_work import OpWork, compulsory_bytes, work_formula

__all__ = [
    "copy",
    "fill",
    "gather",
    "in_place_copy",
    "paged_write",
    "scatter",
    "scatter_to_zeros",
    "scattered",
    "window_backward",
    "windows",
]


@work_formula(Kind.COPY, Kind.CONCATENATION, Kind.PADDING)
def copy(op: Op) -> OpWork:
    """Every input byte is read once, every output byte written once."""
    read, written = compulsory_bytes(op)
    return OpWork(bytes_read=read, bytes_written=written)


@work_formula(Kind.IN_PLACE_COPY)
def in_place_copy(op: Op) -> OpWork:
    """``target.copy_(source)`` reads the source, the second input, and overwrites the target without reading it."""
    source = op.inputs[1] if len(op.inputs) > 1 else op.inputs[0]
    return OpWork(bytes_read=float(source.nbytes), bytes_written=float(op.inputs[0].nbytes))


@work_formula(Kind.FILL)
def fill(op: Op) -> OpWork:
    """Nothing is read; the output is written."""
    written = float(sum(t.nbytes for t in op.outputs)) or float(sum(t.nbytes for t in op.inputs))
    return OpWork(bytes_written=written)


@work_formula(Kind.GATHER)
def gather(op: Op) -> OpWork:
    """Rows that are asked for are read, not the table: as many bytes as are written, and the indices."""
    written = float(op.outputs[0].nbytes)
    return OpWork(bytes_read=written + sum(t.nbytes for t in op.inputs[1:]), bytes_written=written)


@work_formula(Kind.SCATTER)
def scatter(op: Op) -> OpWork:
    """Values are read and written to their places; an out-of-place call copies the target first."""
    target, values = op.inputs[0].nbytes, op.inputs[-1].nbytes
    indices = sum(t.nbytes for t in op.inputs[1:-1])
    copied = 0 if is_in_place(op.name) else target
    return OpWork(bytes_read=float(copied + values + indices), bytes_written=float(copied + values))


@work_formula(Kind.SCATTER_TO_ZEROS)
def scatter_to_zeros(op: Op) -> OpWork:
    """The output is cleared, then values are read with their indices and added to their places."""
    rows, width, indices = scattered(op)
    values, out = rows * width, op.outputs[0]
    read = values * (out.itemsize + op.inputs[0].itemsize) + indices
    return OpWork(vector_flops=values, bytes_read=read, bytes_written=out.nbytes + values * out.itemsize)


def scattered(op: Op) -> tuple[float, float, float]:
    """Rows that are put to places of their own, elements of each, and bytes of the indices.

    There are as many rows as whole numbers in the tensor of indices, and as many elements in each as the values, which
    are the first tensor, have for one of them; a loss has a value for all. A trace may not say which are the indices.
    """
    indices = next((t for t in op.inputs if t.dtype in ("int64", "int32") and t.shape), op.inputs[-1])
    return float(indices.numel), max(op.inputs[0].numel / indices.numel, 1.0), float(indices.nbytes)


@work_formula(Kind.PAGED_WRITE)
def paged_write(op: Op) -> OpWork:
    """Keys and values of new tokens go to their slots of a paged cache, in the cache's dtype."""
    key, value, key_cache, value_cache = op.inputs[:4]
    slots = sum(t.nbytes for t in op.inputs[4:5])
    written = key.numel * key_cache.itemsize + value.numel * value_cache.itemsize
    return OpWork(bytes_read=float(key.nbytes + value.nbytes + slots), bytes_written=float(written))


@work_formula(Kind.RESAMPLE, Kind.POOLING)
def windows(op: Op) -> OpWork:
    """Interpolation and pooling: two FLOPs for every value that enters an output, taken as 4 values an output.

    Linear interpolation and 2x2 pooling have 2 to 8 values an output; memory, not arithmetic, bounds all of them.
    """
    read, written = compulsory_bytes(op)
    return OpWork(vector_flops=8.0 * op.outputs[0].numel, bytes_read=read, bytes_written=written)


@work_formula(Kind.WINDOW_BACKWARD)
def window_backward(op: Op) -> OpWork:
    """The output's gradient is read with the places of maxima where there are such, the input's is written.

    The image itself lends its extents alone. Two FLOPs for each of 4 values, as in :func:`windows`.
    """
    grad, out = op.inputs[0], op.outputs[0]
    places = sum(t.nbytes for t in op.inputs[1:] if t.dtype == "int64")
    return OpWork(
        vector_flops=8.0 * max(grad.numel, out.numel),
        bytes_read=float(grad.nbytes + places),
        bytes_written=float(out.nbytes),
    )
