"""Normalizations and softmax: row-wise kernels, and the three kernels of group norm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import ceil, prod

from hw_specs import number_format
from simulator.execution import Execution
from simulator.kernels import AccessPattern, Kernel, RowKind, RowWise, Stream, StreamKind
from simulator.lowering.rules import lowering_rule
from simulator.work import work_of
from tracer.graph import Op
from tracer.operators import Kind

from .access import access_pattern
from .copies import conversion_kernel
from .reductions import reduction_loads

__all__ = [
    "batch_norm",
    "batch_norm_backward",
    "channel_norm_backward",
    "group_norm",
    "group_norm_in_parts",
    "layer_norm_backward",
    "residual_norm",
    "row_norm",
    "softmax",
]

#: Bytes of a scale or a shift of group norm, which are float32 whatever the values are. [B]
_PARAMETER_BYTES = 4

#: Grid of AITER's group norm: threads of a block, steps and elements of a thread, blocks of a group from which on a
#: thread takes several elements at a time, and most blocks (``launchGroupNormKernel``, csrc/kernels/groupnorm.cu).
_SPREAD_THREADS, _SPREAD_STEPS, _SPREAD_WIDTH, _SPREAD_FEW, _SPREAD_BLOCKS = 1024, 8, 4, 16, 4096


@lowering_rule(Kind.LAYER_NORM, Kind.RMS_NORM)
def row_norm(op: Op, execution: Execution) -> Sequence[Kernel]:
    """One kernel, a thread block a row (``vectorized_layer_norm_kernel``).

    Eager, rows that do not lie one after another are copied first (``layer_norm_kernel.cu``: ``expect_contiguous``).
    """
    width = _normalized_width(op)
    return (*_made_contiguous(op, execution), _row_kernel(op, "layer_norm", RowKind.NORMALIZATION, width))


@lowering_rule(Kind.RESIDUAL_RMS_NORM)
def residual_norm(op: Op, execution: Execution) -> Sequence[Kernel]:
    """One kernel, a thread block a row, that writes the sum as well as its norm."""
    kernel = _row_kernel(op, "residual_norm", RowKind.NORMALIZATION, op.inputs[-1].numel)
    return (replace(kernel, bytes_written=work_of(op).bytes_written),)


@lowering_rule(Kind.SPREAD_GROUP_NORM)
def group_norm_in_parts(op: Op, execution: Execution) -> Sequence[Kernel]:
    """Statistics and an affine pass of AITER, both over a grid that covers the device (csrc/kernels/groupnorm.cu).

    Several blocks share a group and add up their moments, so that few groups do not leave cores idle. A thread takes
    one element of a small group after another, or four at a time of a large one. The tensors have to lie in the order
    of their axes; others are copied first.
    """
    data, work = op.inputs[0], work_of(op)
    rows = data.shape[0] * _num_groups(op)
    steps, wide = _spread_steps(data.numel / rows, rows)
    moments = 2.0 * rows * 4  # float32 sum and sum of squares
    statistics = _elementwise(op, "group_norm_statistics", elements=data.numel, read=data.nbytes, written=moments)
    apply = _elementwise(
        op,
        "group_norm_apply",
        elements=data.numel,
        read=work.bytes_read + moments,
        written=work.bytes_written,
        pattern=AccessPattern.CONTIGUOUS if wide else AccessPattern.BROADCAST,
    )
    statistics = replace(statistics, kind=StreamKind.REDUCTION, loads=steps)
    return (*_made_contiguous(op, execution), statistics, replace(apply, loads=steps))


def _spread_steps(group: float, groups: float) -> tuple[float, bool]:
    """Loads of a thread one after another, and whether each is of four elements (``launchGroupNormKernel``)."""
    blocks = ceil(group / (_SPREAD_STEPS * _SPREAD_THREADS))
    wide = group % _SPREAD_WIDTH == 0 and blocks >= _SPREAD_FEW
    each = _SPREAD_WIDTH if wide else 1
    blocks = min(max(blocks // each, 1), ceil(_SPREAD_BLOCKS / groups))
    return float(ceil(group / (blocks * _SPREAD_THREADS * each))), wide


@lowering_rule(Kind.GROUP_NORM)
def group_norm(op: Op, execution: Execution) -> Sequence[Kernel]:
    """Statistics, parameters, and an affine pass (``aten/src/ATen/native/cuda/group_norm_kernel.cu``).

    ``RowwiseMomentsCUDAKernel`` runs one thread block for each (sample, group), however many cores there are;
    ``ComputeFusedParamsCUDAKernel`` makes a scale and a shift for each (sample, channel); an elementwise kernel
    applies them. Compiled, statistics and application are two generated kernels, and a third copies the result for a
    convolution with filters that lie channels-last, unless the compiler keeps all images so.

    All three want channels outermost: eager, an image that lies channels-last is copied before them
    (``group_norm.cpp``: ``X.contiguous(MemoryFormat::Contiguous)`` on every device but the CPU), and their result is
    copied back for the convolution that takes it. The graph has images as the model makes them, so both copies are
    counted here.
    """
    data, work = op.inputs[0], work_of(op)
    samples, channels = data.shape[:2]
    groups = _num_groups(op)
    rows = samples * groups
    parameters = 2.0 * samples * channels * _PARAMETER_BYTES
    statistics = RowWise(
        name="group_norm_statistics",
        kind=RowKind.MOMENTS,
        number_format=number_format(data.dtype),
        vector_flops=4.0 * data.numel,
        bytes_read=float(data.nbytes),
        bytes_written=2.0 * rows * data.itemsize,
        resident_bytes=float(data.nbytes),
        itemsize=data.itemsize,
        rows=rows,
        row_length=data.numel / rows,
    )
    fused_parameters = _elementwise(
        op, "group_norm_parameters", elements=samples * channels, read=parameters, written=parameters
    )
    apply = _elementwise(
        op,
        "group_norm_apply",
        elements=data.numel,
        read=data.nbytes + parameters,
        written=work.bytes_written,
        pattern=AccessPattern.BROADCAST,
    )
    # The scale and the shift are float32 beside narrower values.
    apply = replace(apply, converts=data.itemsize < _PARAMETER_BYTES)
    if execution.compiled:
        return (statistics, apply, *_generated_copy(op, execution))
    before, after = _layout_copies(op, execution)
    return (*before, statistics, fused_parameters, apply, *after)


@lowering_rule(Kind.BATCH_NORM)
def batch_norm(op: Op, execution: Execution) -> Sequence[Kernel]:
    """One elementwise pass with stored statistics, in training after one that takes those of each channel.

    A thread block takes the moments of a channel (``batch_norm_collect_statistics_kernel``, Normalization.cuh).
    """
    data, work = op.inputs[0], work_of(op)
    apply = _elementwise(op, "batch_norm", elements=data.numel, read=work.bytes_read, written=float(data.nbytes))
    return (_channel_moments(op, "batch_statistics"), apply) if op.attribute("training", False) is True else (apply,)


@lowering_rule(Kind.LAYER_NORM_BACKWARD)
def layer_norm_backward(op: Op, execution: Execution) -> Sequence[Kernel]:
    """The input's gradient, a thread block a row, then those of scale and shift, a sum over all rows.

    Both read the gradient and the input (``layer_norm_kernel.cu``: ``layer_norm_grad_input_kernel``,
    ``GammaBetaBackwardCUDAKernel``).
    """
    data, mean = op.inputs[1:3]
    width = int(data.numel // mean.numel)
    row = _row_kernel(op, "layer_norm_backward", RowKind.NORMALIZATION, width)
    read, rows = float(op.inputs[0].nbytes + data.nbytes), data.numel / max(width, 1)
    row = replace(row, vector_flops=11.0 * data.numel, bytes_read=read, bytes_written=float(data.nbytes))
    if len(op.outputs) == 1:
        return (row,)
    return (row, _sums(op, "parameter_gradients", outputs=2.0 * width, length=rows))


@lowering_rule(Kind.CHANNEL_NORM_BACKWARD)
def channel_norm_backward(op: Op, execution: Execution) -> Sequence[Kernel]:
    """Sums over channels, from which parameters' gradients follow, and an elementwise pass for the input's.

    Both read the gradient and the input (``group_norm_kernel.cu``: ``ComputeInternalGradientsCUDAKernel``).
    """
    grad, data = op.inputs[:2]
    sums = float(data.shape[0] * data.shape[1])
    read = float(grad.nbytes + data.nbytes)
    return (
        _sums(op, "channel_gradients", outputs=sums, length=data.numel / sums),
        _elementwise(
            op,
            "channel_norm_backward",
            elements=data.numel,
            read=read,
            written=data.nbytes,
            pattern=AccessPattern.BROADCAST,
        ),
    )


@lowering_rule(Kind.BATCH_NORM_BACKWARD)
def batch_norm_backward(op: Op, execution: Execution) -> Sequence[Kernel]:
    """Sums of a channel over all images, a thread block each, and an elementwise pass for the input's gradient.

    Both read the gradient and the input (``Normalization.cuh``: ``batch_norm_backward_reduce_kernel``,
    ``batch_norm_backward_elemt_kernel``; cuDNN's ``bn_bw_1C11_kernel_new`` does both in one launch).
    """
    grad, data = op.inputs[:2]
    sums = replace(_channel_moments(op, "channel_gradients"), bytes_read=float(grad.nbytes + data.nbytes))
    return (
        sums,
        _elementwise(
            op,
            "batch_norm_backward",
            elements=data.numel,
            read=float(grad.nbytes + data.nbytes),
            written=float(data.nbytes),
            pattern=AccessPattern.BROADCAST,
        ),
    )


def _channel_moments(op: Op, name: str) -> RowWise:
    """Moments of each channel over all images, in a thread block each."""
    data = op.inputs[0]
    channels = data.shape[1]
    return RowWise(
        name=name,
        kind=RowKind.MOMENTS,
        number_format=number_format(data.dtype),
        vector_flops=4.0 * data.numel,
        bytes_read=float(data.nbytes),
        bytes_written=2.0 * channels * _PARAMETER_BYTES,
        resident_bytes=float(data.nbytes),
        itemsize=data.itemsize,
        rows=channels,
        row_length=data.numel / channels,
    )


@lowering_rule(Kind.SOFTMAX)
def softmax(op: Op, execution: Execution) -> Sequence[Kernel]:
    """One kernel along the reduced axis, after a copy of what does not lie in order (``SoftMax.cu``)."""
    axis = op.attribute("dim", -1)
    width = op.inputs[0].shape[axis if isinstance(axis, int) else -1] if op.inputs[0].shape else 1
    kernel = _row_kernel(op, "softmax", RowKind.SOFTMAX, width)
    held = width <= execution.software.softmax_in_registers
    return (*_made_contiguous(op, execution), replace(kernel, held=held))


def _normalized_width(op: Op) -> int:
    """Elements of a row: as given, or those of the weight, or of the last axis."""
    given = op.attribute("normalized_shape")
    if isinstance(given, tuple) and given:
        return prod(int(n) for n in given)
    return op.inputs[1].numel if len(op.inputs) > 1 else op.inputs[0].shape[-1]


def _num_groups(op: Op) -> int:
    given = op.attribute("group", op.attribute("num_groups"))
    if isinstance(given, int):
        return given
    # A trace may not say; the statistics that the operator returns have shape (samples, groups).
    return op.outputs[1].shape[-1] if len(op.outputs) > 1 else 32


def _made_contiguous(op: Op, execution: Execution) -> tuple[Kernel, ...]:
    """Eager PyTorch's copy of an operand whose elements do not lie in the order of its axes; a compiler walks it."""
    data = op.inputs[0]
    if data.is_contiguous or execution.compiled:
        return ()
    ordered = replace(data, strides=())
    return (conversion_kernel("to_contiguous", data, access_pattern([data], ordered)),)


def _layout_copies(op: Op, execution: Execution) -> tuple[tuple[Kernel, ...], tuple[Kernel, ...]]:
    """PyTorch's own copies of an image that lies channels-last, before a group norm and after it."""
    data = op.inputs[0]
    if not execution.channels_last or len(data.shape) < 4:
        return _made_contiguous(op, execution), ()
    return (
        (conversion_kernel("to_channels_first", data, AccessPattern.TRANSPOSED),),
        (conversion_kernel("to_channels_last", op.outputs[0] if op.outputs else data, AccessPattern.TRANSPOSED),),
    )


def _generated_copy(op: Op, execution: Execution) -> tuple[Kernel, ...]:
    """The compiler's own copy of a normalized image for a convolution whose filters lie channels-last.

    The image is contiguous, whatever the operand was (``group_norm.cpp`` makes that so before anything is compiled),
    and its buffer keeps the strides that it has in eager execution (``torch/_inductor/kernel/conv.py``:
    ``constrain_conv_to_fx_strides``) before the convolution asks for its own (``require_stride_order``).
    """
    data = op.outputs[0] if op.outputs else op.inputs[0]
    if not execution.channels_last or execution.optimizes_layout or len(data.shape) < 4:
        return ()
    return (replace(conversion_kernel("to_channels_last", data, AccessPattern.STRIDED), generated=True),)


def _row_kernel(op: Op, name: str, kind: RowKind, width: int) -> RowWise:
    data, work = op.inputs[0], work_of(op)
    return RowWise(
        name=name,
        kind=kind,
        number_format=number_format(data.dtype),
        vector_flops=work.vector_flops,
        special_ops=work.special_ops,
        bytes_read=work.bytes_read,
        bytes_written=float(op.outputs[0].nbytes) if op.outputs else float(data.nbytes),
        resident_bytes=float(data.nbytes),
        itemsize=data.itemsize,
        rows=data.numel / max(width, 1),
        row_length=width,
    )


def _sums(op: Op, name: str, *, outputs: float, length: float) -> Stream:
    """Reduction of a gradient and the tensor beside it to a few sums."""
    grad, data = op.inputs[:2]
    kernel = _elementwise(op, name, elements=outputs, read=grad.nbytes + data.nbytes, written=outputs * data.itemsize)
    flops = 4.0 * data.numel
    loads = reduction_loads(length, along=False)
    return replace(kernel, kind=StreamKind.REDUCTION, vector_flops=flops, reduced_length=max(length, 1.0), loads=loads)


def _elementwise(
    op: Op,
    name: str,
    *,
    elements: float,
    read: float,
    written: float,
    pattern: AccessPattern = AccessPattern.CONTIGUOUS,
) -> Stream:
    data = op.inputs[0]
    return Stream(
        name=name,
        kind=StreamKind.ELEMENTWISE,
        number_format=number_format(data.dtype),
        vector_flops=2.0 * elements,
        bytes_read=float(read),
        bytes_written=float(written),
        resident_bytes=float(min(data.nbytes, read)),
        itemsize=data.itemsize,
        elements=elements,
        num_inputs=3,
        pattern=pattern,
    )
