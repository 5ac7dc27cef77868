"""Rows of Liger-Kernel's benchmark."""

from __future__ import annotations

import pytest

from validation.measured.sources import source_of


@pytest.mark.parametrize("op", ["aten::softmax", "aten::layer_norm", "aten::group_norm", "aten::rms_norm"])
def test_rows_that_hold_more_than_the_kernels_are_not_fitted(op: str) -> None:
    assert op in source_of("liger-kernel").not_fitted


def test_times_are_of_the_device() -> None:
    source = source_of("liger-kernel")
    assert not source.timed_from_host
    assert "Liger-Kernel" in source.citation
