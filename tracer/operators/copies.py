"""Copies: other layouts, dtypes and sizes, concatenation, padding, rearranged elements."""

from __future__ import annotations

from functools import partial

from tracer.graph import Op, TensorSpec

from .declaration import declare
from .kinds import Kind
from .shapes import channels_innermost, first_input, is_dense, like_input, numbers, promoted

__all__ = ["OPERATORS"]

# Memory formats as profilers number them (c10/core/MemoryFormat.h), and as torch calls them.
_ROW_MAJOR = (0, "contiguous_format")
_CHANNELS_LAST = (2, 3, "channels_last", "channels_last_3d")


def _copied(op: Op, default_format: str | None = None) -> tuple[TensorSpec, ...]:
    """A copy keeps a layout without gaps unless a memory format asks for another."""
    data = op.inputs[0]
    dtype = op.attribute("dtype")
    asked = op.attribute("memory_format", default_format)
    shape = data.shape
    if asked in _CHANNELS_LAST and len(shape) in (4, 5):
        strides = channels_innermost(shape)
    else:
        strides = () if asked in _ROW_MAJOR or not is_dense(data) else data.strides
    return (TensorSpec(shape, dtype if isinstance(dtype, str) else data.dtype, strides),)


def _concatenated(op: Op) -> tuple[TensorSpec, ...]:
    tensors = [t for t in op.inputs if t.shape != (0,)]
    first = tensors[0].shape
    axis = numbers(op, "dim", 1, 0)[0] % len(first)
    if any(len(t.shape) != len(first) for t in tensors):
        raise ValueError("ranks differ")
    length = sum(t.shape[axis] for t in tensors)
    return (TensorSpec(tuple(length if i == axis else n for i, n in enumerate(first)), promoted(tensors)),)


def _stacked(op: Op) -> tuple[TensorSpec, ...]:
    first = op.inputs[0]
    axis = numbers(op, "dim", 1, 0)[0] % (len(first.shape) + 1)
    return (TensorSpec((*first.shape[:axis], len(op.inputs), *first.shape[axis:]), first.dtype),)


def _padded(op: Op) -> tuple[TensorSpec, ...]:
    data = op.inputs[0]
    given = op.attribute("pad", op.attribute("padding"))
    if not isinstance(given, tuple):
        raise ValueError("no padding")
    amounts = [int(n) for n in given if n is not None]
    extents = list(data.shape)
    for i in range(len(amounts) // 2):
        extents[-1 - i] += amounts[2 * i] + amounts[2 * i + 1]
    return (TensorSpec(tuple(extents), data.dtype),)


def _repeated(op: Op) -> tuple[TensorSpec, ...]:
    data = op.inputs[0]
    times = numbers(op, "repeats", 1, 1)
    shape = (1,) * (len(times) - len(data.shape)) + data.shape
    return (TensorSpec(tuple(n * k for n, k in zip(shape, times, strict=True)), data.dtype),)


def _shuffled(op: Op) -> tuple[TensorSpec, ...]:
    *lead, channels, height, width = op.inputs[0].shape
    factor = numbers(op, "upscale_factor", 1, 1)[0]
    shape = (*lead, channels // factor**2, height * factor, width * factor)
    return (TensorSpec(shape, op.inputs[0].dtype),)


def _unshuffled(op: Op) -> tuple[TensorSpec, ...]:
    *lead, channels, height, width = op.inputs[0].shape
    factor = numbers(op, "downscale_factor", 1, 1)[0]
    shape = (*lead, channels * factor**2, height // factor, width // factor)
    return (TensorSpec(shape, op.inputs[0].dtype),)


def _with_slice(op: Op) -> tuple[TensorSpec, ...]:
    """Gradient of what a slice was taken of: zeros, and the slice's in its place."""
    sizes = op.attribute("input_sizes")
    if not isinstance(sizes, tuple):
        raise ValueError("no input sizes")
    return (TensorSpec(tuple(int(n) for n in sizes if n is not None), op.inputs[0].dtype),)


_copy = partial(declare, kind=Kind.COPY)
_into = partial(declare, kind=Kind.IN_PLACE_COPY)
_concatenation = partial(declare, kind=Kind.CONCATENATION)
_padding = partial(declare, kind=Kind.PADDING, outputs=_padded)

OPERATORS = (
    _copy("clone", "self memory_format", outputs=_copied),
    _copy(
        "contiguous",
        "self memory_format",
        outputs=partial(_copied, default_format="contiguous_format"),
        may_do_nothing=True,
        same_as="clone",
    ),
    _copy("_to_copy", "self dtype layout device pin_memory non_blocking memory_format", outputs=_copied),
    _copy("to", outputs=_copied, may_do_nothing=True, same_as="_to_copy"),
    _copy("reshape", "self shape", may_do_nothing=True),
    _copy("repeat", "self repeats", outputs=_repeated),
    _copy("repeat_interleave", "self repeats dim"),
    _copy("roll", "self shifts dims", outputs=like_input),
    _copy("flip", "self dims", outputs=like_input),
    _copy("tril triu", "self diagonal", outputs=like_input),
    _copy("pixel_shuffle", "self upscale_factor", outputs=_shuffled),
    _copy("pixel_unshuffle", "self downscale_factor", outputs=_unshuffled),
    _copy("reflection_pad1d reflection_pad2d reflection_pad3d", "self padding", outputs=_padded),
    _copy("replication_pad1d replication_pad2d replication_pad3d", "self padding", outputs=_padded),
    _copy("_pad_circular tile channel_shuffle space_to_depth block_diag im2col col2im"),
    _copy("view_copy expand_copy slice_copy permute_copy _reshape_copy _conj_physical"),
    # A value that the host waits for: ``tensor.item()``, or a condition on it.
    _copy("_local_scalar_dense Memcpy"),
    _into("copy_", "self src non_blocking", outputs=first_input),
    _into("copy", "self src non_blocking", same_as="copy_"),
    _into("_copy_from slice_scatter select_scatter"),
    _concatenation("cat", "tensors dim", outputs=_concatenated),
    _concatenation("stack", "tensors dim", outputs=_stacked),
    _concatenation("hstack vstack"),
    _padding("constant_pad_nd", "self pad value"),
    declare("slice_backward", "grad_output input_sizes dim start end step", kind=Kind.PADDING, outputs=_with_slice),
    declare("select_backward", "grad_output input_sizes dim index", kind=Kind.PADDING, outputs=_with_slice),
    declare("diagonal_backward", "grad_output input_sizes offset dim1 dim2", kind=Kind.PADDING, outputs=_with_slice),
    _padding("pad", "self pad mode value", may_do_nothing=True),
)
