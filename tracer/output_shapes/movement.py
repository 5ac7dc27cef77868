"""Copies, concatenation, padding, gathers, fills, and resampling of images."""

from __future__ import annotations

from math import ceil

from tracer.graph import Op, TensorSpec

from .rules import channels_innermost, is_dense, numbers, promoted, shape_rule

__all__: list[str] = []

# Memory formats as profilers number them (c10/core/MemoryFormat.h), and as torch calls them.
_ROW_MAJOR = (0, "contiguous_format")
_CHANNELS_LAST = (2, 3, "channels_last", "channels_last_3d")


@shape_rule("clone contiguous _to_copy to")
def _copied(op: Op) -> tuple[TensorSpec, ...]:
    """A copy keeps a layout without gaps unless a memory format asks for another (0 is row-major)."""
    data = op.inputs[0]
    dtype = op.attribute("dtype")
    asked = op.attribute("memory_format", 0 if op.name == "aten::contiguous" else None)
    shape = data.shape
    if asked in _CHANNELS_LAST and len(shape) in (4, 5):
        strides = channels_innermost(shape)
    else:
        strides = () if asked in _ROW_MAJOR or not is_dense(data) else data.strides
    return (TensorSpec(shape, dtype if isinstance(dtype, str) else data.dtype, strides),)


@shape_rule("cat")
def _concatenated(op: Op) -> tuple[TensorSpec, ...]:
    tensors = [t for t in op.inputs if t.shape != (0,)]
    first = tensors[0].shape
    axis = numbers(op, "dim", 1, 0)[0] % len(first)
    if any(len(t.shape) != len(first) for t in tensors):
        raise ValueError("ranks differ")
    length = sum(t.shape[axis] for t in tensors)
    return (TensorSpec(tuple(length if i == axis else n for i, n in enumerate(first)), promoted(tensors)),)


@shape_rule("stack")
def _stacked(op: Op) -> tuple[TensorSpec, ...]:
    first = op.inputs[0]
    axis = numbers(op, "dim", 1, 0)[0] % (len(first.shape) + 1)
    return (TensorSpec((*first.shape[:axis], len(op.inputs), *first.shape[axis:]), first.dtype),)


@shape_rule(
    "constant_pad_nd pad reflection_pad1d reflection_pad2d reflection_pad3d "
    "replication_pad1d replication_pad2d replication_pad3d"
)
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


@shape_rule("repeat")
def _repeated(op: Op) -> tuple[TensorSpec, ...]:
    data = op.inputs[0]
    times = numbers(op, "repeats", 1, 1)
    shape = (1,) * (len(times) - len(data.shape)) + data.shape
    return (TensorSpec(tuple(n * k for n, k in zip(shape, times, strict=True)), data.dtype),)


@shape_rule("embedding")
def _embedded(op: Op) -> tuple[TensorSpec, ...]:
    table, indices = op.inputs[:2]
    return (TensorSpec((*indices.shape, table.shape[-1]), table.dtype),)


@shape_rule("index_select")
def _selected(op: Op) -> tuple[TensorSpec, ...]:
    data, index = op.inputs[:2]
    axis = numbers(op, "dim", 1, 0)[0] % len(data.shape)
    return (TensorSpec(tuple(index.numel if i == axis else n for i, n in enumerate(data.shape)), data.dtype),)


@shape_rule("gather take_along_dim")
def _gathered(op: Op) -> tuple[TensorSpec, ...]:
    return (TensorSpec(op.inputs[1].shape, op.inputs[0].dtype),)


@shape_rule("zeros ones full rand randn new_zeros new_ones new_full empty")
def _filled(op: Op) -> tuple[TensorSpec, ...]:
    dtype = op.attribute("dtype", op.inputs[0].dtype if op.inputs else "float32")
    size = op.attribute("size")
    if not isinstance(size, tuple):
        raise ValueError("no size")
    return (TensorSpec(tuple(int(n) for n in size if n is not None), str(dtype)),)


@shape_rule(
    "upsample_nearest1d upsample_nearest2d upsample_nearest3d _upsample_nearest_exact1d _upsample_nearest_exact2d "
    "_upsample_nearest_exact3d upsample_linear1d upsample_bilinear2d upsample_trilinear3d upsample_bicubic2d "
    "_upsample_bilinear2d_aa _upsample_bicubic2d_aa _adaptive_avg_pool2d _adaptive_avg_pool3d adaptive_avg_pool1d "
    "adaptive_avg_pool2d"
)
def _resized(op: Op) -> tuple[TensorSpec, ...]:
    """Extents as given, else those of the input times the scale."""
    data = op.inputs[0]
    rank = len(data.shape) - 2
    size, scales = op.attribute("output_size"), op.attribute("scales")
    if isinstance(size, tuple):
        spatial = tuple(int(n) for n in size if n is not None)
    elif isinstance(scales, tuple):
        spatial = tuple(int(n * float(s)) for n, s in zip(data.shape[2:], scales, strict=True) if s is not None)
    else:
        raise ValueError("neither size nor scale")
    shape = (*data.shape[:2], *(spatial * rank if len(spatial) == 1 else spatial))
    innermost = bool(data.strides) and data.strides[1] == 1 and data.shape[1] > 1
    return (TensorSpec(shape, data.dtype, channels_innermost(shape) if innermost else ()),)


@shape_rule("avg_pool1d avg_pool2d avg_pool3d max_pool2d max_pool2d_with_indices max_pool3d_with_indices")
def _pooled(op: Op) -> tuple[TensorSpec, ...]:
    data = op.inputs[0]
    rank = 1 if "1d" in op.name else 2 if "2d" in op.name else 3
    window = numbers(op, "kernel_size", rank, 1)
    given = op.attribute("stride")
    stride = window if given in (None, ()) else numbers(op, "stride", rank, 1)
    padding = numbers(op, "padding", rank, 0)
    up = op.attribute("ceil_mode") is True
    spatial = tuple(
        (ceil((n + 2 * p - k) / s) if up else (n + 2 * p - k) // s) + 1
        for n, k, s, p in zip(data.shape[-rank:], window, stride, padding, strict=True)
    )
    out = TensorSpec((*data.shape[:-rank], *spatial), data.dtype)
    return (out, TensorSpec(out.shape, "int64")) if "indices" in op.name else (out,)


@shape_rule("pixel_shuffle")
def _shuffled(op: Op) -> tuple[TensorSpec, ...]:
    *lead, channels, height, width = op.inputs[0].shape
    factor = numbers(op, "upscale_factor", 1, 1)[0]
    shape = (*lead, channels // factor**2, height * factor, width * factor)
    return (TensorSpec(shape, op.inputs[0].dtype),)


@shape_rule("pixel_unshuffle")
def _unshuffled(op: Op) -> tuple[TensorSpec, ...]:
    *lead, channels, height, width = op.inputs[0].shape
    factor = numbers(op, "downscale_factor", 1, 1)[0]
    shape = (*lead, channels * factor**2, height // factor, width // factor)
    return (TensorSpec(shape, op.inputs[0].dtype),)
