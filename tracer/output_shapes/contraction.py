"""Matrix products and convolutions."""

from __future__ import annotations

from tracer.graph import Op, TensorSpec

from .rules import Shape, broadcast, channels_innermost, numbers, shape_rule

__all__: list[str] = []


@shape_rule("mm bmm matmul mv dot _scaled_mm _grouped_mm")
def _product(op: Op) -> tuple[TensorSpec, ...]:
    a, b = op.inputs[:2]
    dtype = op.attribute("out_dtype")
    return (TensorSpec(_product_shape(a.shape, b.shape), dtype if isinstance(dtype, str) else a.dtype),)


@shape_rule("addmm baddbmm addmv addbmm _addmm_activation")
def _biased_product(op: Op) -> tuple[TensorSpec, ...]:
    _, a, b = op.inputs[:3]
    shape = _product_shape(a.shape, b.shape)
    return (TensorSpec(shape[1:] if op.name == "aten::addbmm" else shape, a.dtype),)


@shape_rule("linear")
def _linear(op: Op) -> tuple[TensorSpec, ...]:
    data, weight = op.inputs[:2]
    if data.shape[-1] != weight.shape[-1]:
        raise ValueError("inner extents differ")
    return (TensorSpec((*data.shape[:-1], *weight.shape[:-1]), data.dtype),)


def _product_shape(a: Shape, b: Shape) -> Shape:
    inner = b[-2] if len(b) > 1 else b[-1]
    if a[-1] != inner:
        raise ValueError("inner extents differ")
    if len(b) == 1:
        return a[:-1]
    if len(a) == 1:
        return (*b[:-2], b[-1])
    return (*broadcast([a[:-2], b[:-2]]), a[-2], b[-1])


@shape_rule(
    "convolution _convolution cudnn_convolution cudnn_convolution_add_relu miopen_convolution mkldnn_convolution "
    "convolution_overrideable conv1d conv2d conv3d thnn_conv2d _slow_conv2d_forward slow_conv3d slow_conv3d_forward "
    "_conv_depthwise2d"
)
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


@shape_rule(
    "conv_transpose1d conv_transpose2d conv_transpose3d cudnn_convolution_transpose miopen_convolution_transpose"
)
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
