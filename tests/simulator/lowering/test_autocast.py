"""Casts around a norm, by hand."""

from __future__ import annotations

from simulator.execution import Execution
from simulator.lowering import kernels_of
from tracer.graph import Op, TensorSpec

_X = TensorSpec((8, 16), "float16")
_NORM = Op("aten::native_layer_norm", (_X,), (_X,), (("normalized_shape", (16,)),))


def test_a_norm_in_float32_between_two_casts():
    before, norm, after = kernels_of(_NORM, Execution(autocast=True))
    assert (before.bytes_read, before.bytes_written) == (2 * 128, 4 * 128)
    assert (norm.bytes_read, norm.bytes_written, norm.number_format) == (4 * 128, 4 * 128, "fp32")
    assert (after.bytes_read, after.bytes_written) == (4 * 128, 2 * 128)


def test_products_run_as_they_are():
    product = Op("aten::mm", (TensorSpec((8, 8), "float16"),) * 2, (TensorSpec((8, 8), "float16"),))
    assert kernels_of(product, Execution(autocast=True)) == kernels_of(product, Execution())


def test_float32_stays_and_a_compiler_casts_in_passing():
    wide = TensorSpec((8, 16), "float32")
    op = Op("aten::native_layer_norm", (wide,), (wide,), _NORM.attributes)
    assert len(kernels_of(op, Execution(autocast=True))) == 1
    assert len(kernels_of(_NORM, Execution(autocast=True, mode="compiled"))) == 1
