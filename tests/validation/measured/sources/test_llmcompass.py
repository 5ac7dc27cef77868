"""Rows of LLMCompass."""

from __future__ import annotations

import pytest

from hw_specs import load_accelerator
from simulator.kernels import RowWise, Stream
from validation.measured.row import Row
from validation.measured.row_kernels import row_kernels

A100 = load_accelerator("a100")


@pytest.mark.parametrize(
    ("op", "generated"), [("aten::layer_norm", True), ("aten::gelu", True), ("aten::softmax", False)]
)
def test_all_but_softmax_is_compiled(op: str, generated: bool) -> None:
    row = Row(op=op, shapes=[[64, 2048]], dtype="float16", attributes={}, source="llmcompass")
    (kernel,) = row_kernels(row, A100)
    assert isinstance(kernel, RowWise | Stream)
    assert kernel.generated == generated


def test_its_release_keeps_1024_values_in_registers() -> None:
    for width, held in ((1024, True), (2048, False)):
        row = Row(op="aten::softmax", shapes=[[64, width]], dtype="float16", attributes={}, source="llmcompass")
        (kernel,) = row_kernels(row, A100)
        assert isinstance(kernel, RowWise)
        assert kernel.held == held
