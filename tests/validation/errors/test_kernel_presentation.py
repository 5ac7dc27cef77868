from __future__ import annotations

from collections import Counter

import pytest

from validation.errors.kernel_presentation import kernel_error_table, skipped_lines
from validation.errors.kernels import KernelError, KernelErrors


@pytest.mark.parametrize("width", [60, 80])
def test_reasons_fit_where_they_are_printed(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    lines = skipped_lines(Counter({"a reason " * 20: 2}))
    assert lines[:2] == ["not predicted: 2 rows", lines[1]]
    assert max(map(len, lines)) <= width


def test_every_record_and_every_reason_has_a_line() -> None:
    record = KernelError(
        device="NVIDIA X",
        source="somebody",
        op="aten::mm",
        dtype="float16",
        count=3,
        mape=0.123,
        mape_over_20us=None,
        mape_over_50us=0.05,
        median_ape=0.1,
        bias=-0.02,
        within_10_percent=0.5,
        time_weighted=0.07,
        roofline_mape=0.6,
        unseen_mape=None,
        unseen_mape_over_50us=None,
        coverage=0.79,
    )
    text = kernel_error_table(KernelErrors(records=(record,), skipped=Counter({"bad row": 2})))
    line = text.splitlines()[1]
    assert line.split()[:4] == ["NVIDIA", "X", "aten::mm", "float16"]
    assert "12.3 %" in line
    assert "-2.0 %" in line
    assert "79.0 %" in line
    assert "60.0 %" in line
    assert text.endswith("not predicted: 2 rows\n     2  bad row\n")
