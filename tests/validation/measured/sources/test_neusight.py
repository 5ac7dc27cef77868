"""Rows of NeuSight."""

from __future__ import annotations

from hw_specs import load_accelerator
from simulator.kernels import Convolution, Product
from validation.measured.row import Row
from validation.measured.row_kernels import row_kernels

T4, A100 = load_accelerator("t4"), load_accelerator("a100")


def test_axes_of_batched_products_are_exchanged() -> None:
    row = Row(op="aten::bmm", shapes=[[21, 31, 18], [21, 18, 870]], dtype="float32", attributes={}, source="neusight")
    (product,) = row_kernels(row, T4)
    assert isinstance(product, Product)
    assert (product.batch, product.m, product.n, product.k) == (21, 31, 18, 870)
    assert product.bytes_read == 4 * 21 * (31 * 870 + 870 * 18)


def test_convolutions_use_no_tf32_and_so_need_no_other_layout() -> None:
    shapes = [[2, 8, 8, 6], [16, 8, 3, 3]]
    attributes = {"stride": [1, 1], "padding": [1, 1]}
    row = Row(op="aten::conv2d", shapes=shapes, dtype="float32", attributes=attributes, source="neusight")
    (convolution,) = row_kernels(row, A100)
    assert isinstance(convolution, Convolution)
    assert convolution.number_format == "fp32"
    assert (convolution.positions, convolution.reduced_length) == (96, 72)
