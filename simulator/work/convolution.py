"""Convolutions of any rank: direct FLOPs, whatever the algorithm that runs."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from tracer.graph import Op
from tracer.operators import CONVOLUTIONS, Kind

from .op_work import OpWork, compulsory_bytes, declared, work_formula

__all__ = ["ConvolutionShape", "convolution", "convolution_shape"]


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


def convolution_shape(op: Op) -> ConvolutionShape:
    """Extents of a convolution call from its tensors and attributes."""
    data, weight, out = op.inputs[0].shape, op.inputs[1].shape, op.outputs[0].shape
    transposed = bool(op.attribute("transposed", declared(op).kind is Kind.TRANSPOSED_CONVOLUTION))
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
