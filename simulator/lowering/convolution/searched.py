"""Convolutions of a library that has tried its solvers: one call, whatever the layout, and the bias."""

from __future__ import annotations

from math import prod

from simulator.execution import Execution
from simulator.kernels import SearchedConvolution
from simulator.work import work_of
from simulator.work.convolution import ConvolutionShape, convolution_shape
from tracer.graph import Op, TensorSpec

__all__ = ["searched_convolution"]


def searched_convolution(op: Op, number_format: str, execution: Execution) -> SearchedConvolution:
    """The call of a library that reads tensors as they lie, and transposes them itself where that is faster.

    Channels outermost are native to most of its solvers (``aten/src/ATen/native/miopen/Conv_miopen.cpp``).
    """
    shape, work = convolution_shape(op), work_of(op)
    data, out = op.inputs[0], op.outputs[0]
    image = out.shape[2:] if len(shape.filter) == 2 else (0, 0)
    paddings, dilations = (set(_extents(op, name)) for name in ("padding", "dilation"))
    # Winograd's pieces and matrices as they lie are of convolutions proper.
    plain, dense = not shape.transposed, dilations <= {1}
    return SearchedConvolution(
        name="convolution",
        number_format=number_format,
        matrix_flops=shape.flops,
        bytes_read=float(data.nbytes + op.inputs[1].nbytes),
        bytes_written=work.bytes_written,
        resident_bytes=float(data.nbytes),
        itemsize=data.itemsize,
        images=float(data.shape[0]),
        groups=shape.groups,
        positions=shape.positions / data.shape[0],
        output_channels=shape.channels,
        input_channels=shape.reduced / (1 if shape.transposed else prod(shape.filter)),
        filter_height=1.0 if shape.transposed else float(shape.filter[0]),
        filter_width=1.0 if shape.transposed else float(prod(shape.filter[1:])),
        output_height=float(image[0]),
        output_width=float(image[1]),
        stride=_common_stride(shape),
        image_bytes=float(data.nbytes),
        winograd=plain and dense and len(shape.filter) == 2 and not _lies_channels_last(op, execution),
        channels_last=_lies_channels_last(op, execution),
        as_it_lies=plain and prod(shape.filter) == 1 and set(shape.stride) == {1} and paddings <= {0},
        axes=len(shape.filter),
        unfolds=plain and len(shape.filter) == 3 and number_format in execution.software.searched_unfolding_3d,
    )


def _lies_channels_last(op: Op, execution: Execution) -> bool:
    return execution.channels_last or _has_channels_innermost(op.inputs[0])


def _has_channels_innermost(tensor: TensorSpec) -> bool:
    return bool(tensor.strides) and tensor.strides[1] == 1


def _common_stride(shape: ConvolutionShape) -> float:
    strides = set(shape.stride)
    return float(strides.pop()) if len(strides) == 1 and not shape.transposed else 0.0


def _extents(op: Op, name: str) -> tuple[int, ...]:
    value = op.attribute(name)
    if isinstance(value, tuple):
        return tuple(int(each) for each in value if isinstance(each, int))
    return (value,) if isinstance(value, int) else ()
