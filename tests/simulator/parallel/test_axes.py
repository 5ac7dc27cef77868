"""Factors of extents, and the axes that they belong to."""

from __future__ import annotations

from simulator.parallel.axes import NO_AXIS, Axes, Factor, laid_out, strides_of
from tracer.graph import TensorSpec


def _spec(*shape, strides=()):
    return TensorSpec(shape, "float16", strides)


def test_joined_axes_have_one_root():
    axes = Axes()
    first, second, third = (axes.new(4)[0].axis for _ in range(3))
    axes.joined(second, third)
    assert axes.joined(first, second) == axes.root(third)
    assert axes.joined(first, NO_AXIS) == axes.root(first)
    assert axes.new(1) == ()


def test_a_flattened_extent_keeps_both_factors():
    axes = Axes()
    batch, tokens, width = axes.new(2), axes.new(8), axes.new(16)
    laid = laid_out(_spec(2, 8, 16), [batch, tokens, width])
    assert axes.of_tensor(_spec(16, 16), laid) == ((*batch, *tokens), width)


def test_the_outer_part_of_a_split_extent_has_its_axis():
    axes = Axes()
    (axis,) = axes.roots(axes.new(16))
    laid = laid_out(_spec(16), [(Factor(16, axis),)])
    assert axes.of_tensor(_spec(4, 4), laid) == ((Factor(4, axis),), (Factor(4, NO_AXIS),))


def test_a_transposed_view_and_a_part_of_an_extent():
    axes = Axes()
    rows, columns = axes.new(8), axes.new(16)
    laid = laid_out(_spec(8, 16), [rows, columns])
    assert axes.of_tensor(_spec(16, 8, strides=(1, 16)), laid) == (columns, rows)
    assert axes.of_tensor(_spec(3, 16), laid) == ((Factor(3, rows[0].axis),), columns)
    assert axes.of_tensor(_spec(5, 8, strides=(0, 16)), laid) == ((), rows)


def test_extents_of_other_factors_share_the_outermost_axis():
    axes = Axes()
    (rows,), (height,), (width,) = axes.new(64), axes.new(8), axes.new(8)
    merged = axes.merged((rows,), (height, width))
    assert merged == (Factor(8, axes.root(rows.axis)), width)
    assert axes.roots((rows,)) == axes.roots((height,))
    assert axes.merged((), (width,)) == (width,)


def test_steps_of_a_row_major_tensor():
    assert strides_of(_spec(2, 3, 4)) == (12, 4, 1)
    assert strides_of(_spec(2, 3, strides=(1, 2))) == (1, 2)
