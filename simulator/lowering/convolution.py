"""Convolutions: layout conversions, the convolution itself, and the bias."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

from hw_specs import number_format
from simulator.execution import Execution
from simulator.kernels import AccessPattern, Convolution, Kernel, Stream, StreamKind
from simulator.work import OpWork, work_of
from simulator.work.convolution import ConvolutionShape, convolution_shape
from tracer.graph import Op, TensorSpec
from tracer.operators import CONVOLUTIONS

from .contraction import product_format
from .copies import copy_kernel, fill_kernel
from .rules import lowering_rule

__all__ = ["convolution"]

# Bytes that a thread of a kernel on matrix units loads at once, to which channels are padded. [B]
_ALIGNED_BYTES = 16

# Side of the tiles of nchwToNhwcKernel: 1568 blocks for 3 x 224 x 224, 8 for 3 x 16 x 16.
_TILE_SIDE = 32

# Formats whose kernels on matrix units want channels innermost.
_CHANNELS_INNERMOST = frozenset({"fp16", "bf16", "tf32", "fp8", "int8"})


@lowering_rule(*CONVOLUTIONS)
def convolution(op: Op, execution: Execution) -> Sequence[Kernel]:
    """Implicit GEMM with what the framework launches around it.

    cuDNN's kernels for matrix units read channels-last; for operands that are not, cuDNN converts the input, the
    weight and the output in kernels of its own (``nchwToNhwcKernel``, ``nhwcToNchwKernel``), and pads channels to
    16 bytes, for which it clears the padded tensor first. PyTorch adds the bias of a cuDNN convolution in a separate
    kernel in eager mode (``aten/src/ATen/native/Convolution.cpp``). A depthwise convolution has a kernel of its own
    that needs none of these.
    """
    shape, work = convolution_shape(op), work_of(op)
    data, weight, out = op.inputs[0], op.inputs[1], op.outputs[0]
    name = product_format(data.dtype, tf32=execution.convolution_tf32)
    depthwise = shape.groups > 1 and shape.reduced == prod(shape.filter)
    main = _main(op, shape, work, name, depthwise=depthwise)
    converts = (
        name in _CHANNELS_INNERMOST
        and not depthwise
        and not execution.keeps_channels_last
        and not (_has_channels_innermost(data) or prod(data.shape[2:]) == 1)
    )
    before = [kernel for t in (data, weight) for kernel in _to_channels_last(t)] if converts else []
    after = [_conversion("to_channels_first", out)] if converts else []
    has_bias = len(op.inputs) > 2
    bias = [_bias(out)] if has_bias and execution.mode != "compiled" else []
    return (*before, main, *after, *bias)


def _main(op: Op, shape: ConvolutionShape, work: OpWork, name: str, *, depthwise: bool) -> Convolution:
    data = op.inputs[0]
    image = op.outputs[0].shape[2:] if len(shape.filter) == 2 else (0, 0)
    return Convolution(
        name="convolution",
        number_format=name,
        matrix_flops=shape.flops,
        bytes_read=float(data.nbytes + op.inputs[1].nbytes),
        bytes_written=work.bytes_written,
        resident_bytes=float(data.nbytes),
        itemsize=data.itemsize,
        num_groups=shape.groups,
        positions=shape.positions,
        output_channels=shape.channels,
        reduced_length=shape.reduced,
        filter_positions=1.0 if shape.transposed else float(prod(shape.filter)),
        output_height=image[0],
        output_width=image[1],
        winograd=_suits_winograd(shape),
        depthwise=depthwise,
    )


def _suits_winograd(shape: ConvolutionShape) -> bool:
    """Whether libraries have Winograd kernels for a shape: filters of 3 x 3 and stride 1."""
    return shape.filter == (3, 3) and set(shape.stride) == {1} and not shape.transposed


def _has_channels_innermost(tensor: TensorSpec) -> bool:
    return bool(tensor.strides) and tensor.strides[1] == 1


def _to_channels_last(tensor: TensorSpec) -> tuple[Stream, ...]:
    """Transposition, after clearing the padding of channels that are no multiple of 16 bytes (seen on H100)."""
    width = max(int(_ALIGNED_BYTES // tensor.itemsize), 1)
    padded = -(-tensor.shape[1] // width) * width
    move = _conversion("to_channels_last", tensor)
    if padded == tensor.shape[1]:
        return (move,)
    whole = replace(tensor, shape=(tensor.shape[0], padded, *tensor.shape[2:]), strides=())
    return (fill_kernel("clear_padding", whole), move)


def _conversion(name: str, tensor: TensorSpec) -> Stream:
    """cuDNN's own transposition: a block for each tile of 32 channels by 32 positions, filled or not."""
    images, channels, positions = tensor.shape[0], tensor.shape[1], prod(tensor.shape[2:])
    elements = images * _whole_tiles(channels) * _whole_tiles(positions)
    move = copy_kernel(name, tensor, AccessPattern.TRANSPOSED)
    return replace(move, kind=StreamKind.TILED_TRANSPOSITION, elements=float(elements))


def _whole_tiles(extent: int) -> int:
    return -(-extent // _TILE_SIDE) * _TILE_SIDE


def _bias(out: TensorSpec) -> Stream:
    return Stream(
        name="bias",
        kind=StreamKind.ELEMENTWISE,
        number_format=number_format(out.dtype),
        vector_flops=float(out.numel),
        bytes_read=float(out.nbytes) + out.shape[1] * out.itemsize,
        bytes_written=float(out.nbytes),
        resident_bytes=float(out.nbytes),
        itemsize=out.itemsize,
        elements=out.numel,
        num_inputs=2,
        pattern=AccessPattern.BROADCAST,
    )
