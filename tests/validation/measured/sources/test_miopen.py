"""Rows of MIOpen's find-DB."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hw_specs import load_accelerator
from validation.measured.row import Row
from validation.measured.row_kernels import row_kernels
from validation.measured.sources.miopen import SOURCE

MI210 = load_accelerator("mi210")
_ROW = Row(
    op="aten::conv2d",
    shapes=[[2, 64, 8, 8], [32, 64, 3, 3]],
    dtype="float16",
    attributes={"stride": [1, 1], "padding": [1, 1], "layout": "NCHW"},
    source="miopen-finddb",
    kernel="miopen ConvHipImplicitGemmForwardV4R4Xdlops",
)


def _names(row: Row) -> list[str]:
    return [kernel.name for kernel in row_kernels(row, MI210)]


def test_a_solver_is_timed_with_the_transpositions_that_it_has_itself() -> None:
    assert _names(_ROW) == ["convolution"]
    assert len(_names(replace(_ROW, kernel="miopen ConvAsmImplicitGemmGTCDynamicFwdXdlopsNHWC"))) == 4


def test_unfolding_of_an_old_library_is_left_out() -> None:
    with pytest.raises(LookupError, match="unfolds the image"):
        row_kernels(replace(_ROW, kernel="miopen GemmFwdRest"), MI210)


def test_what_a_search_over_all_solvers_found_is_not_fitted() -> None:
    assert SOURCE.not_fitted == ("aten::conv2d", "aten::conv3d")
