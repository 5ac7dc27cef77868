"""How eager kernels walk their operands."""

from __future__ import annotations

import pytest

from simulator.kernels import AccessPattern
from simulator.lowering.memory_bound.access import access_pattern, joined_axes
from tracer.graph import TensorSpec


def _tensor(shape, strides=()):
    return TensorSpec(shape, "bfloat16", strides)


@pytest.mark.parametrize(
    ("inputs", "out", "axes"),
    [
        ([_tensor((16, 559, 64))], _tensor((16, 559, 64)), 1),
        # Every second half row: rows apart, so two.
        ([_tensor((16, 559, 32), (559 * 64, 64, 1))], _tensor((16, 559, 32)), 2),
        # Heads beside one another in a row, put one after another: none can be joined.
        ([_tensor((16, 16, 559, 64), (572416, 64, 1024, 1))], _tensor((16, 16, 559, 64)), 4),
        # The rotary factors of all heads: samples and heads are one axis, positions and channels another.
        ([_tensor((16, 16, 559, 64)), _tensor((1, 1, 559, 64))], _tensor((16, 16, 559, 64)), 2),
        ([_tensor((1024,)), _tensor((16, 559, 1024))], _tensor((16, 559, 1024)), 2),
        ([_tensor((4, 1, 8))], _tensor((4, 1, 8)), 1),
        ([_tensor((2, 3))], _tensor((6,)), 1),  # not a broadcast
        ([_tensor(())], _tensor(()), 1),
    ],
)
def test_axes_that_all_operands_walk_as_one_are_joined(inputs, out, axes):
    assert joined_axes(inputs, out) == axes


def test_a_block_that_covers_the_other_order_uses_whole_lines():
    # Keys of 3136 sequences of 8 frames, transposed: a block of 512 elements holds all 64 x 8 of one head.
    frames = _tensor((3136, 12, 64, 8), (18432, 64, 1, 2304))
    assert access_pattern([frames], _tensor((3136, 12, 64, 8))) == AccessPattern.STRIDED
    space = _tensor((8, 12, 64, 3137), (7227648, 64, 1, 2304))
    assert access_pattern([space], _tensor((8, 12, 64, 3137))) == AccessPattern.TRANSPOSED
