"""What kinds of operators say of axes."""

from __future__ import annotations

import pytest

from simulator.parallel.axes import Axes
from simulator.parallel.rules import walk_of
from tracer.graph import Op, TensorSpec


@pytest.fixture
def walked():
    """Function that gives the axes of a call's inputs, all new, its walk and the axes themselves."""

    def walk(name, inputs, outputs, **attributes):
        op = Op(
            f"aten::{name}",
            tuple(TensorSpec(shape, "float16") for shape in inputs),
            tuple(TensorSpec(shape, "float16") for shape in outputs),
            tuple(sorted(attributes.items())),
        )
        axes = Axes()
        dims = [tuple(axes.new(n) for n in shape) for shape in inputs]
        return axes, dims, walk_of(axes, op, dims)

    return walk


def _same(axes, *dims):
    return len({axes.roots(dim) for dim in dims}) == 1


def test_operands_broadcast(walked):
    axes, (image, bias), walk = walked("add", [(2, 8, 16), (16,)], [(2, 8, 16)])
    assert _same(axes, image[2], bias[0], walk.outputs[0][2])
    assert not _same(axes, image[1], image[2])


@pytest.mark.parametrize(
    ("name", "shapes", "out", "pairs"),
    [
        ("mm", [(8, 16), (16, 32)], (8, 32), ((0, 1), (1, 0))),
        ("linear", [(2, 8, 16), (32, 16)], (2, 8, 32), ((0, 2), (1, 1))),
        ("addmm", [(32,), (8, 16), (16, 32)], (8, 32), ((1, 1), (2, 0))),
        ("bmm", [(4, 8, 16), (4, 16, 32)], (4, 8, 32), ((0, 2), (1, 1))),
    ],
)
def test_products_sum_over_what_both_share(walked, name, shapes, out, pairs):
    axes, dims, walk = walked(name, shapes, [out])
    assert _same(axes, walk.summed, *(dims[tensor][extent] for tensor, extent in pairs))
    assert [len(dim) for dim in walk.outputs[0]] == [1] * len(out)


def test_heads_of_keys_go_with_those_of_queries_and_lengths_do_not(walked):
    shapes = [(2, 8, 6, 4), (2, 2, 10, 4), (2, 2, 10, 4)]
    axes, (query, key, value), walk = walked("scaled_dot_product_attention", shapes, [(2, 8, 6, 4)])
    assert _same(axes, query[1], key[1], value[1], walk.outputs[0][1])
    assert _same(axes, key[2], value[2])
    assert not _same(axes, query[2], key[2])


def test_parts_of_a_concatenation_are_one_axis(walked):
    axes, (text, image), walk = walked("cat", [(1, 3, 16), (1, 5, 16)], [(1, 8, 16)], dim=1)
    assert _same(axes, text[1], image[1])
    assert (walk.outputs[0][1][0].extent, axes.roots(walk.outputs[0][1])) == (8, axes.roots(text[1]))
    axes, (one, _), walk = walked("stack", [(3, 16), (3, 16)], [(3, 16, 2)], dim=-1)
    assert walk.outputs[0][2] == ()
    assert _same(axes, one[1], walk.outputs[0][1])


def test_a_convolution_reads_neighbours_where_its_taps_overlap(walked):
    axes, (image, weight), walk = walked("convolution", [(1, 4, 8, 8), (6, 4, 3, 3)], [(1, 6, 8, 8)], stride=(1, 1))
    assert walk.spread == (image[2], image[3])
    assert _same(axes, walk.summed, image[1], weight[1])
    assert _same(axes, walk.outputs[0][1], weight[0])
    _, (image, _), walk = walked("convolution", [(1, 4, 8, 8), (6, 4, 2, 2)], [(1, 6, 4, 4)], stride=(2, 2))
    assert walk.spread == ((), ())
    assert (walk.outputs[0][2][0].extent, walk.outputs[0][2][0].axis) == (4, image[2][0].axis)


def test_norms_and_sums_say_what_they_take_statistics_of(walked):
    _, (rows, _), walk = walked("native_layer_norm", [(8, 16), (16,)], [(8, 16)], normalized_shape=(16,))
    assert walk.reduced == (rows[1],)
    _, (rows,), walk = walked("mean", [(8, 16)], [(8, 1)], dim=(-1,), keepdim=True)
    assert walk.reduced == (rows[1],)
    assert walk.outputs == ((rows[0], ()),)
    _, (rows,), walk = walked("_softmax", [(8, 16)], [(8, 16)], dim=0)
    assert walk.reduced == (rows[0],)


def test_rows_of_a_table(walked):
    _, (table, index), walk = walked("embedding", [(100, 16), (2, 8)], [(2, 8, 16)])
    assert walk.outputs[0] == (*index, table[1])
    assert walk.summed == table[0]
