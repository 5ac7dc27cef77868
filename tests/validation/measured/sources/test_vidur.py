"""Rows of Vidur."""

from __future__ import annotations

from validation.measured.sources.vidur import SOURCE


def test_fits_take_the_kernels_of_the_framework_alone() -> None:
    assert "aten::rms_norm" in SOURCE.not_fitted  # vLLM's
    assert not {"aten::linear", "aten::layer_norm", "aten::embedding"} & set(SOURCE.not_fitted)
