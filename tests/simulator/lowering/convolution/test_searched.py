"""Convolutions of a library that searches its solvers: one call, and the bias."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hw_specs import load_accelerator
from simulator.execution import Execution
from simulator.kernels import SearchedConvolution
from simulator.lowering import execution_on, kernels_of
from simulator.software import load_software
from tracer.graph import TensorSpec

_EXECUTION = execution_on(load_accelerator("mi210"))
_DATA, _WEIGHT, _OUT = (2, 4, 9, 9), (6, 4, 3, 3), (2, 6, 9, 9)


def _call(op, execution=_EXECUTION) -> SearchedConvolution:
    kernel = kernels_of(op, execution)[0]
    assert isinstance(kernel, SearchedConvolution)
    return kernel


def test_images_are_taken_as_they_lie(call):
    op = call("convolution", [_DATA, _WEIGHT, (6,)], [_OUT], groups=1, padding=(1, 1), stride=(1, 1), dilation=(1, 1))
    assert [kernel.name for kernel in kernels_of(op, _EXECUTION)] == ["convolution", "bias"]
    kernel = _call(op)
    assert (kernel.images, kernel.positions, kernel.output_channels, kernel.input_channels) == (2, 81, 6, 4)
    assert (kernel.filter_height, kernel.filter_width, kernel.stride, kernel.image_bytes) == (3, 3, 1, 2 * 4 * 81 * 2)
    assert kernel.winograd
    assert not kernel.channels_last
    assert not kernel.as_it_lies


def test_channels_innermost_leave_winograd_out(call):
    data = TensorSpec(_DATA, "float16", (324, 1, 36, 4))
    kernel = _call(call("convolution", [data, _WEIGHT], [_OUT], groups=1))
    assert kernel.channels_last
    assert not kernel.winograd


@pytest.mark.parametrize(
    ("stride", "padding", "expected"), [((1, 1), (0, 0), True), ((2, 2), (0, 0), False), ((1, 1), (1, 1), False)]
)
def test_one_position_is_a_product_of_the_image_as_it_lies(call, stride, padding, expected):
    op = call("convolution", [_DATA, (6, 4, 1, 1)], [_OUT], groups=1, stride=stride, padding=padding)
    assert _call(op).as_it_lies == expected


def test_dilated_and_transposed_ones_have_no_winograd(call):
    dilated = call("convolution", [_DATA, _WEIGHT], [_OUT], groups=1, dilation=(2, 2))
    transposed = call("convolution", [_DATA, (4, 6, 3, 3)], [_OUT], groups=1, transposed=True)
    assert not _call(dilated).winograd
    assert not _call(transposed).winograd
    assert _call(transposed).stride == 0


def test_three_axes_are_unfolded_where_the_software_has_nothing_else(call):
    op = call("convolution", [(2, 16, 4, 8, 8), (32, 16, 3, 3, 3)], [(2, 32, 4, 8, 8)], groups=1)
    old = replace(_EXECUTION, software=load_software("rocm-5.7"))
    new = replace(_EXECUTION, software=load_software("rocm-6.3"))
    assert _call(op, old).unfolds
    assert not _call(op, new).unfolds
    assert (_call(op).filter_height, _call(op).filter_width) == (3, 9)


def test_the_compiler_keeps_layouts_and_fuses_the_bias(call):
    compiled = execution_on(load_accelerator("mi210"), Execution(mode="compiled"))
    op = call("convolution", [_DATA, _WEIGHT, (6,)], [_OUT], groups=1)
    assert [kernel.name for kernel in kernels_of(op, compiled)] == ["convolution"]
    assert not _call(op, compiled).channels_last
