from __future__ import annotations

import re
from pathlib import Path

import pytest

from hw_specs import Calibration
from hw_specs.calibration import ResidualSummary
from validation.errors.accuracy import accuracy_page, residual_section
from validation.published.case import CaseError

PAGE = Path(__file__).parents[3] / "ACCURACY.md"
NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")


def summary(scope: str, mape: float) -> ResidualSummary:
    return ResidualSummary.model_validate(
        {
            "group": "matmul",
            "scope": scope,
            "regime": "all",
            "count": 1234,
            "mape": mape,
            "bias": -0.012,
            "quantiles": {"0.5": 0.0},
        }
    )


def test_unseen_shapes_and_left_out_parts_stand_beside_each_other() -> None:
    entry = Calibration(
        name="x",
        parameters={},
        residuals=(summary("held_out_shapes", 0.05), summary("left_out_device", 0.2)),
        sources=("s",),
    )
    assert "| x | matmul | 1,234 | 5.0 % | -1.2 % | 1,234 | 20.0 % | -1.2 % |" in residual_section([entry])


def test_what_was_not_measured_is_a_dash() -> None:
    entry = Calibration(name="x", parameters={}, residuals=(summary("held_out_shapes", 0.05),), sources=("s",))
    assert "| 5.0 % | -1.2 % | - | - | - |" in residual_section([entry])


def test_a_folder_without_kernels_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match=r"has no kernels") as caught:
        accuracy_page(tmp_path)
    assert "\n" not in str(caught.value)


def test_the_page_is_current(measured: Path) -> None:
    """Same text, and every number within half a point: the last digit differs between builds of NumPy."""
    current, page = accuracy_page(measured), PAGE.read_text()
    assert NUMBER.sub("#", current) == NUMBER.sub("#", page), "make it again: validate accuracy MEASURED -o ACCURACY.md"
    ours, theirs = (list(map(float, NUMBER.findall(text.replace(",", "")))) for text in (current, page))
    assert ours == pytest.approx(theirs, abs=0.5, rel=0.005)
