"""Images and videos at other sizes: interpolation and pooling."""

from __future__ import annotations

from functools import partial
from math import ceil

from tracer.graph import Op, TensorSpec

from .declaration import declare
from .kinds import Kind
from .shapes import channels_innermost, numbers

__all__ = ["OPERATORS"]


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


def _pooled(op: Op, *, rank: int, indices: bool = False) -> tuple[TensorSpec, ...]:
    data = op.inputs[0]
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
    return (out, TensorSpec(out.shape, "int64")) if indices else (out,)


def _sized_gradient(op: Op) -> tuple[TensorSpec, ...]:
    """Gradient of an image of the extents that are given."""
    size = op.attribute("input_size")
    if not isinstance(size, tuple):
        raise ValueError("no input size")
    return (TensorSpec(tuple(int(n) for n in size if n is not None), op.inputs[0].dtype),)


def _pooled_gradient(op: Op) -> tuple[TensorSpec, ...]:
    """Gradient of the image that was pooled, which is the second tensor."""
    data = op.inputs[1]
    return (TensorSpec(data.shape, data.dtype, data.strides),)


_nearest = partial(declare, kind=Kind.COPY, outputs=_resized)
_resample = partial(declare, kind=Kind.RESAMPLE, outputs=_resized)
_pooling = partial(declare, kind=Kind.POOLING)
_gradient = partial(declare, kind=Kind.WINDOW_BACKWARD, outputs=_sized_gradient)
_pooling_gradient = partial(declare, kind=Kind.WINDOW_BACKWARD, outputs=_pooled_gradient)
_AVERAGE = "self kernel_size stride padding ceil_mode count_include_pad"
_MAXIMUM = "self kernel_size stride padding dilation ceil_mode"

OPERATORS = (
    _nearest("upsample_nearest1d upsample_nearest2d upsample_nearest3d", "self output_size scales"),
    _nearest(
        "_upsample_nearest_exact1d _upsample_nearest_exact2d _upsample_nearest_exact3d", "self output_size scales"
    ),
    _resample("upsample_linear1d upsample_bilinear2d", "self output_size align_corners scales"),
    _resample("upsample_trilinear3d upsample_bicubic2d", "self output_size align_corners scales"),
    _resample("_upsample_bilinear2d_aa _upsample_bicubic2d_aa", "self output_size align_corners scales"),
    declare("grid_sampler_2d", kind=Kind.RESAMPLE),
    _pooling("adaptive_avg_pool1d adaptive_avg_pool2d", "self output_size", outputs=_resized),
    _pooling("_adaptive_avg_pool2d _adaptive_avg_pool3d", "self output_size", outputs=_resized),
    _pooling("avg_pool1d", _AVERAGE, outputs=partial(_pooled, rank=1)),
    _pooling("avg_pool2d", _AVERAGE + " divisor_override", outputs=partial(_pooled, rank=2)),
    _pooling("avg_pool3d", _AVERAGE + " divisor_override", outputs=partial(_pooled, rank=3)),
    _pooling("max_pool2d", _MAXIMUM, outputs=partial(_pooled, rank=2)),
    _pooling("max_pool2d_with_indices", _MAXIMUM, outputs=partial(_pooled, rank=2, indices=True)),
    _pooling("max_pool3d_with_indices", _MAXIMUM, outputs=partial(_pooled, rank=3, indices=True)),
    _gradient(
        "upsample_nearest1d_backward upsample_nearest2d_backward upsample_nearest3d_backward "
        "_upsample_nearest_exact1d_backward _upsample_nearest_exact2d_backward _upsample_nearest_exact3d_backward",
        "grad_output output_size input_size scales",
    ),
    _gradient(
        "upsample_linear1d_backward upsample_bilinear2d_backward upsample_trilinear3d_backward "
        "upsample_bicubic2d_backward _upsample_bilinear2d_aa_backward _upsample_bicubic2d_aa_backward",
        "grad_output output_size input_size align_corners scales",
    ),
    _pooling_gradient("avg_pool2d_backward avg_pool3d_backward", "grad_output self kernel_size stride padding"),
    _pooling_gradient("adaptive_avg_pool2d_backward _adaptive_avg_pool2d_backward _adaptive_avg_pool3d_backward"),
    _pooling_gradient(
        "max_pool2d_with_indices_backward max_pool3d_with_indices_backward",
        "grad_output self kernel_size stride padding dilation ceil_mode indices",
    ),
)
