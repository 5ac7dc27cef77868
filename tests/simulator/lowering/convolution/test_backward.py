"""Gradients of convolutions as the implicit products that they are."""

from __future__ import annotations

import pytest

from simulator.execution import Execution
from simulator.lowering import kernels_of
from simulator.work import work_of

_EAGER = Execution(matmul_tf32=False, convolution_tf32=False)
_DATA, _WEIGHT, _GRAD = (2, 16, 9, 9), (32, 16, 3, 3), (2, 32, 9, 9)
_TAPS, _POSITIONS = 9, 2 * 81


def _backward(call, *tensors, mask=(True, True, False), dtype="float32", **attributes):
    grad, data, weight = tensors
    wanted = [t for t, asked in zip((data, weight), mask, strict=False) if asked]
    given = {"stride": (1, 1), "padding": (1, 1), "groups": 1, "transposed": False} | attributes
    return call("convolution_backward", [grad, data, weight], wanted, dtype=dtype, output_mask=mask, **given)


def test_each_gradient_takes_the_flops_of_the_forward_pass(call):
    forward = 2 * _POSITIONS * 32 * 16 * _TAPS
    assert work_of(_backward(call, _GRAD, _DATA, _WEIGHT)).contraction_flops == 2 * forward
    alone = work_of(_backward(call, _GRAD, _DATA, _WEIGHT, mask=(False, True, True)))
    assert (alone.contraction_flops, alone.vector_flops) == (forward, 2 * 32 * 81)


def test_the_gradient_of_the_data_is_a_convolution_with_the_filter_turned_around(call):
    (kernel,) = kernels_of(_backward(call, _GRAD, _DATA, _WEIGHT, mask=(True, False, False)), _EAGER)
    assert (kernel.positions, kernel.output_channels, kernel.reduced_length) == (_POSITIONS, 16, 32 * _TAPS)
    assert (kernel.winograd, kernel.filter_positions) == (True, _TAPS)
    assert (kernel.bytes_read, kernel.bytes_written) == (4 * (2 * 32 * 81 + 32 * 16 * 9), 4 * 2 * 16 * 81)


def test_where_the_filter_moves_by_two_it_is_a_transposed_one(call):
    op = _backward(call, (2, 32, 5, 5), _DATA, _WEIGHT, mask=(True, False, False), stride=(2, 2))
    (kernel,) = kernels_of(op, _EAGER)
    assert (kernel.positions, kernel.output_channels, kernel.reduced_length) == (2 * 25, 16 * _TAPS, 32)
    assert not kernel.winograd


def test_that_of_a_transposed_convolution_is_a_plain_one(call):
    op = _backward(
        call, (1, 8, 8, 8), (1, 16, 4, 4), (16, 8, 2, 2), mask=(True, False, False), stride=(2, 2), transposed=True
    )
    (kernel,) = kernels_of(op, _EAGER)
    assert (kernel.positions, kernel.output_channels, kernel.reduced_length) == (16, 16, 8 * 4)
    assert kernel.matrix_flops == 2 * 16 * 16 * 32


def test_the_gradient_of_a_filter_is_summed_over_positions_in_parts(call):
    grad, data, weight = (4, 64, 32, 32), (4, 128, 32, 32), (64, 128, 1, 1)
    main, total = kernels_of(_backward(call, grad, data, weight, mask=(False, True, False), padding=(0, 0)), _EAGER)
    # One tile of 128 x 64; 4096 positions make 16 parts of 256.
    assert (main.positions, main.output_channels, main.num_groups, main.reduced_length) == (128, 64, 16, 256)
    assert main.matrix_flops == 2 * 128 * 64 * 4096
    assert main.bytes_written == total.bytes_read == 16 * 4 * 64 * 128
    assert (total.elements, total.reduced_length) == (64 * 128, 16)


def test_a_filter_of_many_tiles_is_one_part(call):
    grad, data, weight = (4, 4096, 8, 8), (4, 4096, 8, 8), (4096, 4096, 1, 1)
    op = _backward(call, grad, data, weight, mask=(False, True, False), padding=(0, 0))
    assert [kernel.name for kernel in kernels_of(op, _EAGER)] == ["filter_gradient"]


def test_three_by_three_in_float32_goes_by_winograd_both_ways(call):
    kernels = kernels_of(_backward(call, _GRAD, _DATA, _WEIGHT), _EAGER)
    assert [(kernel.name, kernel.winograd) for kernel in kernels] == [
        ("data_gradient", True),
        ("filter_gradient", True),
    ]


def test_each_call_of_the_library_converts_its_operands_and_its_result(call):
    kernels = kernels_of(_backward(call, _GRAD, _DATA, _WEIGHT, dtype="float16"), _EAGER)
    expected = ["to_channels_last", "to_channels_last", "data_gradient", "to_channels_first"]
    expected += ["to_channels_last", "to_channels_last", "filter_gradient", "to_channels_first"]
    assert [kernel.name for kernel in kernels] == expected


def test_a_bias_has_the_sum_over_images_and_positions(call):
    *_, bias = kernels_of(_backward(call, _GRAD, _DATA, _WEIGHT, mask=(True, True, True)), _EAGER)
    assert (bias.name, bias.elements, bias.reduced_length) == ("bias_gradient", 32, 2 * 81)


@pytest.mark.parametrize("mask", [(True, False, False), (False, True, False)], ids=["data", "filter"])
def test_a_depthwise_one_reduces_nothing(mask, call):
    op = _backward(call, (2, 16, 9, 9), (2, 16, 9, 9), (16, 1, 3, 3), mask=mask, groups=16)
    (kernel,) = kernels_of(op, _EAGER)
    assert kernel.matrix_flops == 2 * 16 * 162 * 9
