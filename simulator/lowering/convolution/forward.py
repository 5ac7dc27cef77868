"""Convolutions: layout conversions, the convolution itself, and the bias."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import gcd, prod

from hw_specs import number_format
from simulator.execution import Execution
from simulator.kernels import AccessPattern, Convolution, Kernel, Product, Stream, StreamKind
from simulator.lowering.memory_bound.copies import conversion_kernel, fill_kernel
from simulator.lowering.products.contraction import product_format
from simulator.lowering.rules import lowering_rule
from simulator.work import OpWork, work_of
from simulator.work.convolution import ConvolutionShape, convolution_shape
from tracer.graph import Op, TensorSpec
from tracer.operators import CONVOLUTIONS, kind_of

from .searched import searched_convolution

__all__ = [
    "converts_layout",
    "convolution",
    "convolution_format",
    "convolution_kernel",
    "from_channels_last",
    "narrows",
    "suits_winograd",
    "to_channels_last",
]

# Bytes that a thread of a kernel on matrix units loads at once: channels are padded to them, and images of one-position
# filters have to come in multiples of them. [B]
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
    16 bytes, for which it clears the padded tensor first. Not converted are:

    * filters of one position, which lie alike in both layouts (V100, ResNet-50: 2048 to 512 channels);
    * images of such filters, where they make a product of matrices as they lie (H100, Wan 2.1: of a convolution of
      384 to 1152 channels and its bias, no kernel is shorter than the bias);
    * float32 images of fewer channels than one access takes, which cuDNN gives to a kernel on vector units
      (``implicit_convolve_sgemm``).

    PyTorch adds the bias of a cuDNN convolution in a separate kernel in eager mode
    (``aten/src/ATen/native/Convolution.cpp``). A depthwise convolution has a kernel of its own that needs none of
    these. Three-dimensional ones that the library refuses are unfolded (see
    :class:`simulator.software.Software`). A library that searches its solvers is one call
    (:mod:`simulator.lowering.convolution.searched`).
    """
    shape, work = convolution_shape(op), work_of(op)
    data, weight, out = op.inputs[0], op.inputs[1], op.outputs[0]
    name = convolution_format(data, execution)
    has_bias = len(op.inputs) > 2
    bias = [_bias(out)] if has_bias and not execution.compiled else []
    if execution.searched_convolutions:
        return (searched_convolution(op, name, execution), *bias)
    if _unfolds(shape, name, execution):
        return (*_unfolded(op, shape, work, name), *bias)
    main = convolution_kernel("convolution", shape, name, (data, weight, out))
    main = replace(main, bytes_written=work.bytes_written, winograd=suits_winograd(shape))
    if main.depthwise or not converts_layout(name, shape, data, execution):
        return (*_generated_conversion(weight, shape, execution), main, *bias)
    converted = (data,) if prod(shape.filter) == 1 else (data, weight)
    before = [kernel for tensor in converted for kernel in to_channels_last(tensor)]
    return (*before, main, from_channels_last(out), *bias)


def converts_layout(name: str, shape: ConvolutionShape, data: TensorSpec, execution: Execution) -> bool:
    """Whether the library brings an image to channels-last for a convolution in a number format."""
    return (
        name in _CHANNELS_INNERMOST
        and not _keeps_channels_last(shape, execution)
        and not (_has_channels_innermost(data) or prod(data.shape[2:]) == 1)
        and not _multiplies_as_it_lies(shape, data)
    )


def narrows(op: Op) -> bool:
    """Whether a convolution of several positions has half as many channels out as in (``is_in_out_channel``)."""
    if kind_of(op.name) not in CONVOLUTIONS:
        return False
    out, into, extent = op.inputs[1].shape[:3]
    return extent > 1 and 2 * out <= into


def _generated_conversion(weight: TensorSpec, shape: ConvolutionShape, execution: Execution) -> tuple[Kernel, ...]:
    """Kernel of the compiler that brings a filter to channels-last.

    It keeps images so between convolutions, but filters lie as the model has them, and are copied in every run
    (``torch/_inductor/kernel/conv.py``: "maybe we can convert weights to channels last just once").
    """
    ready = execution.channels_last or not _keeps_channels_last(shape, execution)
    if ready or prod(shape.filter) == 1 or _has_channels_innermost(weight):
        return ()
    return (replace(conversion_kernel("to_channels_last", weight, AccessPattern.STRIDED), generated=True),)


def _keeps_channels_last(shape: ConvolutionShape, execution: Execution) -> bool:
    """Whether images lie channels-last: the model's do, or the compiler's, which keeps those of two axes so."""
    return execution.channels_last or (execution.optimizes_layout and len(shape.filter) == 2)


def convolution_format(data: TensorSpec, execution: Execution) -> str:
    """Number format of the arithmetic on an image; TF32 needs channels that fill an access."""
    name = product_format(data.dtype, tf32=execution.convolution_tf32)
    return "fp32" if name == "tf32" and data.shape[1] * data.itemsize < _ALIGNED_BYTES else name


def _multiplies_as_it_lies(shape: ConvolutionShape, data: TensorSpec) -> bool:
    """Whether a convolution is a product of its filter and each image, whose rows are positions of one channel."""
    single = prod(shape.filter) == 1 and set(shape.stride) == {1} and not shape.transposed and shape.groups == 1
    return single and gcd(int(prod(data.shape[2:]) * data.itemsize), _ALIGNED_BYTES) == _ALIGNED_BYTES


def _unfolds(shape: ConvolutionShape, name: str, execution: Execution) -> bool:
    return len(shape.filter) == 3 and not shape.transposed and name in execution.software.unfolded_convolutions_3d


def _unfolded(op: Op, shape: ConvolutionShape, work: OpWork, name: str) -> tuple[Kernel, ...]:
    """Every image as a matrix of what each output position needs (``vol2col``), and its product with the filter.

    ``aten/src/ATen/native/cuda/NaiveDilatedConvolution.cu``. The matrix is counted where it is made, as written and
    read again; the product has the bytes of the work.
    """
    data, weight = op.inputs[:2]
    images = data.shape[0]
    columns = float(shape.groups * shape.positions * shape.reduced)
    read, size = float(data.nbytes), columns * data.itemsize
    move = conversion_kernel("unfold", data, AccessPattern.BROADCAST)
    product = Product(
        name="gemm",
        number_format=name,
        matrix_flops=shape.flops,
        bytes_read=read + weight.nbytes,
        bytes_written=work.bytes_written,
        resident_bytes=read,
        itemsize=data.itemsize,
        batch=images * shape.groups,
        m=shape.positions / images,
        n=shape.channels,
        k=shape.reduced,
    )
    return (replace(move, bytes_read=read + size, bytes_written=size, elements=columns), product)


def convolution_kernel(
    name: str, shape: ConvolutionShape, arithmetic: str, tensors: tuple[TensorSpec, TensorSpec, TensorSpec]
) -> Convolution:
    """Implicit product of two tensors, the first of which stays resident, that writes the third."""
    first, second, result = tensors
    image = result.shape[2:] if len(shape.filter) == 2 else (0, 0)
    return Convolution(
        name=name,
        number_format=arithmetic,
        matrix_flops=shape.flops,
        bytes_read=float(first.nbytes + second.nbytes),
        bytes_written=float(result.nbytes),
        resident_bytes=float(first.nbytes),
        itemsize=first.itemsize,
        num_groups=shape.groups,
        positions=shape.positions,
        output_channels=shape.channels,
        reduced_length=shape.reduced,
        filter_positions=1.0 if shape.transposed else float(prod(shape.filter)),
        axes=len(shape.filter),
        output_height=image[0],
        output_width=image[1],
        depthwise=shape.groups > 1 and shape.reduced == prod(shape.filter),
    )


def suits_winograd(shape: ConvolutionShape) -> bool:
    """Whether libraries have Winograd kernels for a shape: filters of 3 x 3 and stride 1."""
    return shape.filter == (3, 3) and set(shape.stride) == {1} and not shape.transposed


def _has_channels_innermost(tensor: TensorSpec) -> bool:
    return bool(tensor.strides) and tensor.strides[1] == 1


def to_channels_last(tensor: TensorSpec) -> tuple[Stream, ...]:
    """Transposition, after clearing the padding of channels that are no multiple of 16 bytes (seen on H100)."""
    width = max(int(_ALIGNED_BYTES // tensor.itemsize), 1)
    padded = -(-tensor.shape[1] // width) * width
    move = _conversion("to_channels_last", tensor)
    if padded == tensor.shape[1]:
        return (move,)
    whole = replace(tensor, shape=(tensor.shape[0], padded, *tensor.shape[2:]), strides=())
    return (replace(fill_kernel("clear_padding", whole), conversion=True), move)


def from_channels_last(tensor: TensorSpec) -> Stream:
    """Transposition of a result back to channels outermost."""
    return _conversion("to_channels_first", tensor)


def _conversion(name: str, tensor: TensorSpec) -> Stream:
    """cuDNN's own transposition: a block for each tile of 32 channels by 32 positions, filled or not."""
    images, channels, positions = tensor.shape[0], tensor.shape[1], prod(tensor.shape[2:])
    elements = images * _whole_tiles(channels) * _whole_tiles(positions)
    move = conversion_kernel(name, tensor, AccessPattern.TRANSPOSED)
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
