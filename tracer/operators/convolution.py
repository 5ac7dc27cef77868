"""Convolutions, as PyTorch names them and as its backends do."""

from __future__ import annotations

from functools import partial

from tracer.graph import Op, TensorSpec

from .declaration import declare
from .kinds import Kind
from .shapes import Shape, channels_innermost, numbers

__all__ = ["OPERATORS"]


def _convolution(op: Op) -> tuple[TensorSpec, ...]:
    if op.attribute("transposed", False):
        return _transposed_convolution(op)
    data, weight = op.inputs[:2]
    taps = weight.shape[2:]
    rank = len(taps)
    if op.attribute("stride") is None:
        raise ValueError("stride and padding are not recorded")
    stride, padding = numbers(op, "stride", rank, 1), numbers(op, "padding", rank, 0)
    dilation = numbers(op, "dilation", rank, 1)
    spatial = tuple(
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, p, d, k, s in zip(data.shape[2:], padding, dilation, taps, stride, strict=True)
    )
    return (_image(data, weight, (data.shape[0], weight.shape[0], *spatial)),)


def _transposed_convolution(op: Op) -> tuple[TensorSpec, ...]:
    data, weight = op.inputs[:2]
    taps = weight.shape[2:]
    rank = len(taps)
    if op.attribute("stride") is None:
        raise ValueError("stride and padding are not recorded")
    stride, padding = numbers(op, "stride", rank, 1), numbers(op, "padding", rank, 0)
    dilation, extra = numbers(op, "dilation", rank, 1), numbers(op, "output_padding", rank, 0)
    spatial = tuple(
        (n - 1) * s - 2 * p + d * (k - 1) + e + 1
        for n, p, d, k, s, e in zip(data.shape[2:], padding, dilation, taps, stride, extra, strict=True)
    )
    channels = weight.shape[1] * numbers(op, "groups", 1, 1)[0]
    return (_image(data, weight, (data.shape[0], channels, *spatial)),)


def _image(data: TensorSpec, weight: TensorSpec, shape: Shape) -> TensorSpec:
    """Result with channels innermost where input or weight has them so."""
    if any(n < 1 for n in shape):
        raise ValueError("the filter is larger than the padded input")
    innermost = any(t.strides and t.strides[1] == 1 and t.shape[1] > 1 for t in (data, weight))
    return TensorSpec(shape, data.dtype, channels_innermost(shape) if innermost else ())


def _convolution_gradients(op: Op) -> tuple[TensorSpec, ...]:
    """Of the input and the weight, as far as the mask asks for them; that of the bias is small."""
    wanted = op.attribute("output_mask", (True, True))
    if not isinstance(wanted, tuple):
        wanted = (True, True)
    pairs = zip(op.inputs[1:3], wanted, strict=False)
    return tuple(TensorSpec(t.shape, t.dtype, t.strides) for t, asked in pairs if asked is not False)


_plain = partial(declare, kind=Kind.CONVOLUTION, outputs=_convolution)
_transposed = partial(declare, kind=Kind.TRANSPOSED_CONVOLUTION, outputs=_transposed_convolution)
_ALL = "input weight bias stride padding dilation transposed output_padding groups"

OPERATORS = (
    _plain("convolution convolution_overrideable", _ALL),
    _plain("_convolution", _ALL + " benchmark deterministic cudnn_enabled allow_tf32", same_as="convolution"),
    _plain("conv1d conv2d conv3d", "input weight bias stride padding dilation groups", same_as="convolution"),
    _plain("cudnn_convolution", "self weight padding stride dilation groups benchmark deterministic allow_tf32"),
    _plain("cudnn_convolution_add_relu", "self weight z alpha bias stride padding dilation groups"),
    _plain("miopen_convolution", "self weight bias padding stride dilation groups benchmark deterministic"),
    _plain("mkldnn_convolution", "self weight bias padding stride dilation groups"),
    _plain("thnn_conv2d _slow_conv2d_forward", "self weight kernel_size bias stride padding"),
    _plain("slow_conv3d slow_conv3d_forward", "self weight kernel_size bias stride padding"),
    _plain("_conv_depthwise2d", "self weight kernel_size bias stride padding dilation"),
    _transposed(
        "conv_transpose1d conv_transpose2d conv_transpose3d",
        "input weight bias stride padding output_padding groups dilation",
        same_as="convolution",
    ),
    _transposed(
        "cudnn_convolution_transpose",
        "self weight padding output_padding stride dilation groups benchmark deterministic allow_tf32",
    ),
    _transposed("miopen_convolution_transpose"),
    # The gradient of a bias is a sum that it calls (aten/src/ATen/native/Convolution.cpp).
    declare(
        "convolution_backward",
        "grad_output input weight bias_sizes stride padding dilation transposed output_padding groups output_mask",
        kind=Kind.CONVOLUTION_BACKWARD,
        outputs=_convolution_gradients,
        encloses=True,
    ),
)
