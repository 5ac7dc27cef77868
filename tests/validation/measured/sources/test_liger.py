"""Rows of Liger-Kernel."""

from __future__ import annotations

from hw_specs import load_accelerator
from simulator.kernels import RowWise
from validation.measured.row import Row
from validation.measured.row_kernels import row_kernels
from validation.measured.sources.liger import SOURCE


def test_its_own_kernels_are_generated_and_those_of_the_framework_are_not() -> None:
    for kernel, generated in (("liger triton", True), ("torch", False)):
        row = Row(
            op="aten::layer_norm", shapes=[[64, 128]], dtype="float32", attributes={}, kernel=kernel, source=SOURCE.name
        )
        (norm,) = row_kernels(row, load_accelerator("a100"))
        assert isinstance(norm, RowWise)
        assert norm.generated == generated


def test_no_fit_takes_its_rows() -> None:
    assert set(SOURCE.not_fitted) == {"aten::group_norm", "aten::layer_norm", "aten::rms_norm", "aten::softmax"}
