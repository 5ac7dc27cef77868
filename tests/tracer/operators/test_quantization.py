"""Operators of quantised layers."""

from __future__ import annotations

import pytest

from tracer.operators import Kind, kind_of
from tracer.operators.quantization import OPERATORS


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("aten::_int_mm", Kind.PRODUCT),
        ("aten::_weight_int4pack_mm", Kind.PRODUCT),
        ("bitsandbytes::gemv_4bit", Kind.PRODUCT),
        ("bitsandbytes::dequantize_4bit", Kind.COPY),
        ("_C::scaled_fp4_quant", Kind.ROW_QUANTIZATION),
    ],
)
def test_what_they_do(name, kind):
    assert kind_of(name) is kind
    assert any(name in declaration.names for declaration in OPERATORS)
