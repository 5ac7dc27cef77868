"""Gradients of a convolution: an implicit product each for input and filter, with the conversions of the library."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import ceil, prod

from hw_specs import number_format
from simulator.execution import Execution
from simulator.kernels import Convolution, Kernel, Stream, StreamKind
from simulator.lowering.memory_bound.reductions import reduction_loads
from simulator.lowering.rules import lowering_rule
from simulator.work.convolution import (
    ConvolutionShape,
    data_gradient_shape,
    filter_gradient_shape,
    wanted_gradients,
)
from tracer.graph import Op, TensorSpec
from tracer.operators import Kind

from .forward import (
    converts_layout,
    convolution_format,
    convolution_kernel,
    from_channels_last,
    suits_winograd,
    to_channels_last,
)

__all__ = ["convolution_backward"]

#: Rows and columns of a usual tile, and tiles that make two rounds of two on each of 128 cores.
_TILE, _BLOCKS = (128, 64), 512

#: Terms that a part of a sum has at least: 16 steps of the main loop. [1]
_LEAST_TERMS = 256


@lowering_rule(Kind.CONVOLUTION_BACKWARD)
def convolution_backward(op: Op, execution: Execution) -> Sequence[Kernel]:
    """The gradients that are asked for, each a call of the library by itself.

    Each call (``cudnnConvolutionBackwardData``, ``cudnnConvolutionBackwardFilter``) brings its two operands to the
    layout that its kernel wants, and its result back, under the conditions of the forward pass
    (:mod:`simulator.lowering.convolution.forward`). The gradient of a bias is a sum over images and positions that
    PyTorch calls (``aten/src/ATen/native/Convolution.cpp``).

    Nothing is fitted to backward passes. Held against the 53 convolutions of a ResNet-50 in float32 on a V100 (trace of
    HolisticTraceAnalysis), all of them take 13 % too long together, each between -23 % and +67 %, as forward ones do.
    """
    grad, data, weight = op.inputs[:3]
    of_data, of_weight, of_bias = wanted_gradients(op)
    name = convolution_format(data, execution)
    kernels: list[Kernel] = []
    if of_data:
        shape = data_gradient_shape(op)
        main = convolution_kernel("data_gradient", shape, name, (grad, weight, data))
        main = replace(main, winograd=suits_winograd(shape))
        kernels.extend(_with_conversions(main, shape, (grad, weight), data, execution))
    if of_weight:
        shape = filter_gradient_shape(op)
        main, parts = _filter_gradient(op, shape, name)
        kernels.extend(_with_conversions(main, shape, (grad, data), weight, execution))
        if parts > 1:
            kernels.append(_sum_of_parts(weight, parts))
    if of_bias:
        kernels.append(_bias_gradient(grad))
    return tuple(kernels)


def _with_conversions(
    main: Convolution,
    shape: ConvolutionShape,
    operands: tuple[TensorSpec, TensorSpec],
    result: TensorSpec,
    execution: Execution,
) -> Iterator[Kernel]:
    """A kernel with the conversions of its operands before it and of its result after it."""
    if main.depthwise or not converts_layout(main.number_format, shape, operands[0], execution):
        yield main
        return
    single = prod(shape.filter) == 1
    for tensor in operands:
        if not (single and tensor is operands[1] and main.name == "data_gradient"):
            yield from to_channels_last(tensor)
    yield main
    if not (single and main.name == "filter_gradient"):
        yield from_channels_last(result)


def _filter_gradient(op: Op, shape: ConvolutionShape, arithmetic: str) -> tuple[Convolution, int]:
    """Sums over all positions of all images, in parts where a filter has too few tiles, and how many parts.

    On vector units 3 x 3 filters go by Winograd's algorithm here too, which multiplies as often as for the gradient of
    the data, tile by tile (``winogradWgradData4x4``).
    """
    grad, data, weight = op.inputs[:3]
    as_data = data_gradient_shape(op)
    if arithmetic == "fp32" and suits_winograd(as_data):
        main = convolution_kernel("filter_gradient", as_data, arithmetic, (grad, weight, data))
        read = float(grad.nbytes + data.nbytes)
        return replace(main, winograd=True, bytes_read=read, bytes_written=float(weight.nbytes)), 1
    depthwise = shape.groups > 1 and shape.channels == 1
    parts = 1 if depthwise else _parts(shape)
    main = convolution_kernel("filter_gradient", shape._replace(transposed=True), arithmetic, (grad, data, weight))
    main = replace(
        main,
        num_groups=float(shape.groups * parts),
        reduced_length=shape.reduced / parts,
        bytes_written=float(parts * weight.nbytes),
        depthwise=depthwise,
        output_height=0.0,
        output_width=0.0,
    )
    return main, parts


def _parts(shape: ConvolutionShape) -> int:
    """Parts of the sum that give every core of a large device two rounds of tiles, none of them of too few terms."""
    tiles = shape.groups * ceil(shape.positions / _TILE[0]) * ceil(shape.channels / _TILE[1])
    return max(min(ceil(_BLOCKS / tiles), shape.reduced // _LEAST_TERMS), 1)


def _sum_of_parts(weight: TensorSpec, parts: int) -> Stream:
    """``reduce_wgrad_nchw_helper`` of cuDNN, over what the parts have left in memory."""
    return _reduction("sum_of_parts", weight, outputs=float(weight.numel), length=float(parts))


def _bias_gradient(grad: TensorSpec) -> Stream:
    channels = float(grad.shape[1])
    return _reduction("bias_gradient", grad, outputs=channels, length=grad.numel / channels)


def _reduction(name: str, tensor: TensorSpec, *, outputs: float, length: float) -> Stream:
    elements = outputs * length
    return Stream(
        name=name,
        kind=StreamKind.REDUCTION,
        number_format=number_format(tensor.dtype),
        vector_flops=elements,
        bytes_read=elements * tensor.itemsize,
        bytes_written=outputs * tensor.itemsize,
        resident_bytes=elements * tensor.itemsize,
        itemsize=tensor.itemsize,
        elements=outputs,
        reduced_length=length,
        loads=reduction_loads(length, along=name == "bias_gradient"),
    )
