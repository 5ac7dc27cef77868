"""Convolutions of any rank: direct FLOPs, whatever the algorithm that runs."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from tracer.graph import Op, TensorSpec
from tracer.operators import CONVOLUTIONS, Kind

from .op_work import OpWork, compulsory_bytes, declared, work_formula

__all__ = [
    "ConvolutionShape",
    "convolution",
    "convolution_backward",
    "convolution_shape",
    "data_gradient_shape",
    "filter_gradient_shape",
    "wanted_gradients",
]


class ConvolutionShape(NamedTuple):
    """A convolution as the product that it is.

    Attributes
    ----------
    groups : int
    positions : int
        Output positions times batch; input positions times batch when transposed.
    channels : int
        Output channels of a group; input channels' counterpart when transposed.
    reduced : int
        Input channels of a group times filter taps.
    filter : tuple of int
        Extents of the filter.
    stride : tuple of int
    transposed : bool
    """

    groups: int
    positions: int
    channels: int
    reduced: int
    filter: tuple[int, ...]
    stride: tuple[int, ...]
    transposed: bool

    @property
    def flops(self) -> float:
        """Two for each tap of each output element. [FLOP]"""
        return 2.0 * self.groups * self.positions * self.channels * self.reduced


@work_formula(*CONVOLUTIONS)
def convolution(op: Op) -> OpWork:
    """``2 * |output| * channels_in / groups * taps`` FLOPs, and one add an output element for a bias.

    A transposed convolution multiplies each *input* element with every tap, so its FLOPs count input positions.
    Taps that fall on padding are counted, as every counter of FLOPs does.
    """
    read, written = compulsory_bytes(op)
    bias = op.outputs[0].numel if len(op.inputs) > 2 else 0
    return OpWork(
        contraction_flops=convolution_shape(op).flops,
        vector_flops=bias,
        bytes_read=read,
        bytes_written=written,
    )


@work_formula(Kind.CONVOLUTION_BACKWARD)
def convolution_backward(op: Op) -> OpWork:
    """As many FLOPs as the forward pass for each of two gradients: of the input, and of the weight.

    Every multiply of the forward pass has one in each, of the output's gradient by the weight or by the input. The
    gradient of a bias adds the output's gradient up once.
    """
    read, written = compulsory_bytes(op)
    return OpWork(
        contraction_flops=sum(wanted_gradients(op)[:2]) * _forward_shape(op).flops,
        vector_flops=float(op.inputs[0].numel) * wanted_gradients(op)[2],
        bytes_read=read,
        bytes_written=written,
    )


def wanted_gradients(op: Op) -> tuple[bool, bool, bool]:
    """Whether the gradients of input, weight and bias are asked for; those of input and weight where nothing is said.

    A bias has a gradient where the mask says so; without a record there is taken to be none.
    """
    mask = op.attribute("output_mask")
    if isinstance(mask, tuple) and len(mask) == 3:
        return bool(mask[0]), bool(mask[1]), bool(mask[2])
    return True, True, False


def data_gradient_shape(op: Op) -> ConvolutionShape:
    """Gradient of the input as a convolution: of the output's gradient with the filter turned around.

    Where the filter moves by single positions it is a plain one over the input's positions, else the transposed one
    over the output's; that of a transposed convolution is a plain one.
    """
    forward, (_, data, weight) = _forward_shape(op), op.inputs[:3]
    taps = prod(forward.filter)
    if not forward.transposed and set(forward.stride) != {1}:
        into, out_of = weight.shape[1], weight.shape[0] // forward.groups
        return forward._replace(channels=into * taps, reduced=out_of, transposed=True)
    into, out_of = data.shape[1] // forward.groups, op.inputs[0].shape[1] // forward.groups
    stride = (1,) * len(forward.stride) if not forward.transposed else forward.stride
    positions = data.shape[0] * prod(data.shape[2:])
    return forward._replace(positions=positions, channels=into, reduced=out_of * taps, stride=stride, transposed=False)


def filter_gradient_shape(op: Op) -> ConvolutionShape:
    """Gradient of the filter as a product: a row for each of its positions and input channels, summed over images."""
    forward = _forward_shape(op)
    rows = forward.channels if forward.transposed else forward.reduced
    columns = forward.reduced if forward.transposed else forward.channels
    return forward._replace(positions=rows, channels=columns, reduced=forward.positions)


def _forward_shape(op: Op) -> ConvolutionShape:
    """Extents of the convolution whose gradients a call makes."""
    grad, data, weight = op.inputs[:3]
    return _shape(op, (data, weight, grad), transposed=bool(op.attribute("transposed", False)))


def convolution_shape(op: Op) -> ConvolutionShape:
    """Extents of a convolution call from its tensors and attributes."""
    transposed = bool(op.attribute("transposed", declared(op).kind is Kind.TRANSPOSED_CONVOLUTION))
    return _shape(op, (op.inputs[0], op.inputs[1], op.outputs[0]), transposed=transposed)


def _shape(op: Op, tensors: tuple[TensorSpec, TensorSpec, TensorSpec], *, transposed: bool) -> ConvolutionShape:
    """Extents of a convolution of input, weight and output."""
    data, weight, out = (tensor.shape for tensor in tensors)
    spatial = data if transposed else out
    groups = _groups(op, data[1], weight, transposed=transposed)
    return ConvolutionShape(
        groups=groups,
        positions=spatial[0] * prod(spatial[2:]),
        channels=(weight[1] if transposed else weight[0] // groups),
        reduced=(weight[0] // groups if transposed else weight[1] * prod(weight[2:]))
        * (prod(weight[2:]) if transposed else 1),
        filter=tuple(weight[2:]),
        stride=_extents(op.attribute("stride"), len(weight) - 2),
        transposed=transposed,
    )


def _groups(op: Op, channels: int, weight: tuple[int, ...], *, transposed: bool) -> int:
    """Groups as given, or as the channels of input and weight imply (a trace may not say)."""
    given = op.attribute("groups")
    if isinstance(given, int):
        return given
    return 1 if transposed else max(channels // weight[1], 1)


def _extents(value: object, rank: int) -> tuple[int, ...]:
    if isinstance(value, tuple) and value:
        extents = tuple(int(v) for v in value)
        return extents if len(extents) == rank else extents * rank
    return (int(value),) * rank if isinstance(value, int) else (1,) * rank
