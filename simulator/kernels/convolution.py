"""Convolutions, as the implicit products that they are, and as calls of a library that has several algorithms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic

import numpy as np

from .kernel import BoolArray, Flag, FloatArray, Kernel, Number, column
from .table import FamilyTable

__all__ = [
    "WINOGRAD_REDUCTION",
    "Convolution",
    "ConvolutionColumns",
    "ConvolutionTable",
    "SearchedColumns",
    "SearchedConvolution",
    "SearchedConvolutionTable",
]

#: Multiplications of direct convolution over those of Winograd's F(2x2, 3x3) (Lavin and Gray, CVPR 2016).
WINOGRAD_REDUCTION = 36 / 16


@dataclass(frozen=True, eq=False, kw_only=True)
class ConvolutionColumns(Generic[Number, Flag]):
    """Extents of convolutions.

    Attributes
    ----------
    num_groups
        Groups of channels that do not mix. [1]
    positions
        Output positions of all images; input positions where it is transposed. [1]
    output_channels
        Of one group; of one group's output positions where it is transposed. [1]
    reduced_length
        Products that are added up for one output element. [1]
    filter_positions
        Positions of the filter, each of which adds its input channels to the reduced length; 1 where the reduced length
        is not walked position by position. [1]
    axes
        Axes of an image. [1]
    output_height, output_width
        Sides of the output image in two dimensions; 0 where there is none. [1]
    winograd
        Whether Winograd's algorithm applies: filters of 3 x 3 that move by single positions, and a library that has it.
    depthwise
        Whether each output channel has one input channel, for which libraries have a kernel that reduces nothing.
    """

    num_groups: Number = column(1.0)
    positions: Number
    output_channels: Number
    reduced_length: Number
    filter_positions: Number = column(1.0)
    axes: Number = column(2.0)
    output_height: Number = column(0.0)
    output_width: Number = column(0.0)
    winograd: Flag = column(False)
    depthwise: Flag = column(False)


@dataclass(frozen=True, kw_only=True)
class Convolution(ConvolutionColumns[float, bool], Kernel):
    """One convolution without its bias."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ConvolutionTable(ConvolutionColumns[FloatArray, BoolArray], FamilyTable):
    """Convolutions as columns."""

    kernel_type = Convolution
    contracts = True

    @property
    def input_channels(self) -> FloatArray:
        """Input channels of a group, shape (num_kernels,). [1]"""
        return self.reduced_length / self.filter_positions

    @property
    def may_run_winograd(self) -> BoolArray:
        """Whether the library may choose Winograd: on vector units alone, shape (num_kernels,)."""
        return self.winograd & ~self.depthwise & (self.vector_flops > self.matrix_flops)

    @property
    def least_vector_flops(self) -> FloatArray:
        """Operations on vector units, Winograd's where it may run. [FLOP]"""
        return self.vector_flops / np.where(self.may_run_winograd, WINOGRAD_REDUCTION, 1.0)


@dataclass(frozen=True, eq=False, kw_only=True)
class SearchedColumns(Generic[Number, Flag]):
    """Extents of calls of a library that has tried its solvers and launches the fastest.

    Attributes
    ----------
    images
        Images of the batch. [1]
    groups
        Groups of channels that do not mix. [1]
    positions
        Output positions of one image; input positions where it is transposed. [1]
    output_channels, input_channels
        Of one group. [1]
    filter_height, filter_width
        Sides of the filter; of three axes, the positions of the last two count as the width. [1]
    output_height, output_width
        Sides of the output image in two dimensions; 0 where there is none. [1]
    stride
        Positions by which the filter moves, the same along all axes; 0 where they differ or it is transposed. [1]
    image_bytes
        Of all images that are read. [B]
    winograd
        Whether Winograd's algorithm applies: two axes, nothing dilated, channels outermost.
    channels_last
        Whether the tensors lie with channels innermost.
    as_it_lies
        Whether it is a product of the filter and each image: one position that moves by single ones, nothing padded.
    axes
        Axes of an image. [1]
    unfolds
        Whether all that the library has for the format and the axes is a matrix of what each position needs, and a
        product, one image after another.
    timed
        Whether each launch was timed from the host, and nothing else ran meanwhile.
    """

    images: Number = column(1.0)
    groups: Number = column(1.0)
    positions: Number
    output_channels: Number
    input_channels: Number
    filter_height: Number = column(1.0)
    filter_width: Number = column(1.0)
    output_height: Number = column(0.0)
    output_width: Number = column(0.0)
    stride: Number = column(1.0)
    image_bytes: Number = column(0.0)
    winograd: Flag = column(False)
    channels_last: Flag = column(False)
    as_it_lies: Flag = column(False)
    axes: Number = column(2.0)
    unfolds: Flag = column(False)
    timed: Flag = column(False)


@dataclass(frozen=True, kw_only=True)
class SearchedConvolution(SearchedColumns[float, bool], Kernel):
    """One call of a library of several solvers, without its bias."""


@dataclass(frozen=True, eq=False, kw_only=True)
class SearchedConvolutionTable(SearchedColumns[FloatArray, BoolArray], FamilyTable):
    """Such calls as columns."""

    kernel_type = SearchedConvolution
    contracts = True

    @property
    def reduced_length(self) -> FloatArray:
        """Products that are added up for one output element, shape (num_kernels,). [1]"""
        return self.input_channels * self.filter_height * self.filter_width

    @property
    def least_vector_flops(self) -> FloatArray:
        """Operations on vector units, Winograd's where it may run. [FLOP]"""
        return self.vector_flops / np.where(self.winograd, WINOGRAD_REDUCTION, 1.0)
