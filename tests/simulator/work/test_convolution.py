"""Convolutions by hand: two FLOPs for each tap of each output element."""

from __future__ import annotations

import pytest

from simulator.work import work_of
from simulator.work.convolution import convolution_shape


@pytest.mark.parametrize(
    ("data", "weight", "out", "attributes", "flops"),
    [
        # Rank 1, 2 and 3.
        ((2, 4, 10), (6, 4, 3), (2, 6, 8), {}, 2 * (2 * 6 * 8) * 4 * 3),
        ((2, 4, 9, 9), (6, 4, 3, 3), (2, 6, 9, 9), {}, 2 * (2 * 6 * 81) * 4 * 9),
        ((2, 4, 5, 9, 9), (6, 4, 3, 3, 3), (2, 6, 5, 9, 9), {}, 2 * (2 * 6 * 405) * 4 * 27),
        # A stride of 2 has a quarter of the outputs.
        ((2, 4, 8, 8), (6, 4, 3, 3), (2, 6, 4, 4), {"stride": (2, 2)}, 2 * (2 * 6 * 16) * 4 * 9),
        # Two groups: each output sees half of the channels. Depthwise: one.
        ((2, 4, 9, 9), (6, 2, 3, 3), (2, 6, 9, 9), {"groups": 2}, 2 * (2 * 6 * 81) * 2 * 9),
        ((2, 4, 9, 9), (4, 1, 3, 3), (2, 4, 9, 9), {"groups": 4}, 2 * (2 * 4 * 81) * 9),
    ],
)
def test_forward(data, weight, out, attributes, flops, call):
    attributes = {"transposed": False, "groups": 1} | attributes
    assert work_of(call("convolution", [data, weight], [out], **attributes)).contraction_flops == flops


def test_transposed_multiplies_each_input_with_every_tap(call):
    # (in, out, 4, 4), stride 2: 8x8 becomes 16x16; 64 input positions, not 256 output positions, meet 16 taps.
    op = call("convolution", [(2, 4, 8, 8), (4, 6, 4, 4)], [(2, 6, 16, 16)], transposed=True, groups=1, stride=(2, 2))
    assert work_of(op).contraction_flops == 2 * 2 * 64 * 4 * 6 * 16
    grouped = call("convolution", [(2, 4, 8, 8), (4, 3, 4, 4)], [(2, 6, 16, 16)], transposed=True, groups=2)
    assert work_of(grouped).contraction_flops == 2 * 2 * 64 * 4 * 3 * 16
    named = call("conv_transpose2d", [(2, 4, 8, 8), (4, 6, 4, 4)], [(2, 6, 16, 16)])
    assert work_of(named).contraction_flops == work_of(op).contraction_flops


def test_a_bias_is_one_add_an_output(call):
    op = call("convolution", [(2, 4, 9, 9), (6, 4, 3, 3), (6,)], [(2, 6, 9, 9)], groups=1)
    work = work_of(op)
    assert work.vector_flops == 2 * 6 * 81
    assert work.bytes_read == 2 * (2 * 4 * 81 + 6 * 4 * 9 + 6)
    assert work.bytes_written == 2 * 2 * 6 * 81


def test_as_a_product(call):
    op = call("convolution", [(2, 4, 8, 8), (6, 2, 3, 5)], [(2, 6, 4, 4)], groups=2, stride=(2,), transposed=False)
    shape = convolution_shape(op)
    assert (shape.groups, shape.positions, shape.channels, shape.reduced) == (2, 2 * 16, 3, 2 * 15)
    assert (shape.filter, shape.stride, shape.transposed) == ((3, 5), (2, 2), False)
    assert shape.flops == work_of(op).contraction_flops


def test_a_transposed_one_as_a_product(call):
    op = call("convolution", [(2, 4, 8, 8), (4, 3, 4, 4)], [(2, 6, 16, 16)], transposed=True, groups=2, stride=2)
    shape = convolution_shape(op)
    assert (shape.groups, shape.positions, shape.channels, shape.reduced) == (2, 2 * 64, 3, 2 * 16)
    assert (shape.stride, shape.transposed) == ((2, 2), True)


@pytest.mark.parametrize("name", ["cudnn_convolution", "conv2d", "miopen_convolution"])
def test_groups_follow_from_the_shapes_where_a_trace_does_not_say(name, call):
    op = call(name, [(2, 8, 9, 9), (8, 1, 3, 3)], [(2, 8, 9, 9)])
    assert convolution_shape(op).groups == 8
