"""What counts as a linear layer."""

from __future__ import annotations

import pytest

from simulator.lowering.quantization.layers import layer_of, main_component, operands_of, weights_alone
from tracer.graph import Op, TensorSpec


def _op(name, *shapes, out):
    return Op(f"aten::{name}", tuple(TensorSpec(s, "float16") for s in shapes), (TensorSpec(out, "float16"),))


@pytest.mark.parametrize(
    ("op", "sizes"),
    [
        (_op("mm", (5, 3), (3, 7), out=(5, 7)), (5, 7, 3)),
        (_op("addmm", (7,), (5, 3), (3, 7), out=(5, 7)), (5, 7, 3)),
        (_op("linear", (2, 5, 3), (7, 3), out=(2, 5, 7)), (10, 7, 3)),
        (_op("bmm", (1, 5, 3), (1, 3, 7), out=(1, 5, 7)), (5, 7, 3)),
    ],
)
def test_sizes_of_a_layer(op, sizes):
    assert tuple(layer_of(op).sizes) == sizes


@pytest.mark.parametrize(
    "op", [_op("bmm", (4, 5, 3), (4, 3, 7), out=(4, 5, 7)), _op("mul", (5, 3), (5, 3), out=(5, 3))]
)
def test_batches_of_products_and_others_are_none(op):
    assert layer_of(op) is None


def test_operands_of_a_biased_product_come_after_its_bias():
    assert operands_of(_op("addmm", (7,), (5, 3), (3, 7), out=(5, 7))) == (1, 2, 0)
    assert operands_of(_op("linear", (5, 3), (7, 3), out=(5, 7))) == (0, 1, None)


def test_weights_that_others_read_and_activations_are_left(layers):
    assert weights_alone(layers) == {1, 2, 4}


def test_the_main_component_does_the_most_work(layers):
    assert main_component(layers) == "model"
