"""Operators in place of one layer."""

from __future__ import annotations

import pytest

from simulator.lowering.quantization.layers import layer_of
from simulator.lowering.quantization.steps import layer_calls
from simulator.quantization import load_scheme
from tracer.graph import Op, TensorSpec


def _layer(*, bias: bool, rows: int = 32):
    spec = [TensorSpec((128,), "bfloat16")] if bias else []
    spec += [TensorSpec((rows, 64), "bfloat16"), TensorSpec((64, 128), "bfloat16")]
    return layer_of(Op("aten::addmm" if bias else "aten::mm", tuple(spec), (TensorSpec((rows, 128), "bfloat16"),)))


def _calls(name: str, *, bias: bool, compiled: bool = False, rows: int = 32):
    scheme = load_scheme(name)
    return layer_calls(_layer(bias=bias, rows=rows), scheme, scheme.recipe(compiled=compiled, rows=rows))


def test_a_bias_is_added_where_there_is_one():
    assert [c.op.name for c in _calls("int8-weight", bias=True).calls] == [
        "aten::_to_copy",
        "aten::mm",
        "aten::mul",
        "aten::add",
    ]
    assert len(_calls("int8-weight", bias=False).calls) == 3


def test_a_product_takes_a_bias_that_there_is():
    (*_, product) = _calls("fp8-row", bias=True).calls
    assert product.reads == ("q", "w", "step", "scale", "bias")
    assert [t.dtype for t in product.op.inputs[:2]] == ["float8_e4m3fn"] * 2
    assert _calls("fp8-row", bias=False).calls[-1].reads == ("q", "w", "step", "scale")


def test_conversions_of_the_input_depend_on_nothing_else():
    calls = _calls("int8-dynamic", bias=True, compiled=True)
    assert calls.of_input == (*(True,) * 7, False)
    assert not any(_calls("nf4", bias=True).of_input)


@pytest.mark.parametrize(("rows", "names"), [(1, ["gemv_4bit"]), (2, ["dequantize_4bit", "linear"])])
def test_one_row_has_a_kernel_of_its_own(rows, names):
    calls = _calls("nf4", bias=False, rows=rows).calls
    assert [c.op.name.partition("::")[2] for c in calls] == names


def test_attributes_go_with_the_operator():
    (product, _) = _calls("int4-weight", bias=True).calls
    assert product.op.attribute("packed") is True
