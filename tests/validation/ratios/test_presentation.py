from __future__ import annotations

from collections import Counter

import pytest

from validation.published.case import CaseError
from validation.ratios.presentation import ratio_text, to_list
from validation.ratios.ratio import Ratio
from validation.ratios.tables import Ratios


def ratio(change: str, predicted: float, faster: str = "B200-SXM-180GB") -> Ratio:
    return Ratio(
        change=change,
        slower="H100-SXM5-80GB",
        faster=faster,
        subject="stable-diffusion whole, flash, eager, 16, 1024 x 1024, float16, " * 2,
        source="github.com/somebody/with-a-long-name@0123456789:docs/a-long-path/README.md",
        measured=2.0,
        predicted=predicted,
    )


FOUND = Ratios(
    ratios=(ratio("accelerator", 2.2), ratio("accelerator", 1.0, "far"), ratio("batch", 2.0)),
    runs_left_out=Counter({"engine is not PyTorch": 3, "a reason " * 20: 1}),
    rows_left_out=Counter({"no peak": 7}),
)


@pytest.mark.parametrize("width", [60, 80])
def test_the_table_and_the_reasons_fit_where_they_are_printed(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    text = ratio_text(FOUND, worst=5)
    assert max(map(len, text.splitlines())) <= width
    (line,) = (line for line in text.splitlines() if line.startswith("accelerator"))
    assert line.split() == ["accelerator", "2", "30.0", "%", "-20.0", "%", "50.0", "%"]
    assert "not compared: 4 runs" in text
    assert "     3  engine is not PyTorch" in text
    assert "not compared: 7 rows of calls" in text


def test_the_worst_pairs_are_listed_on_request_only() -> None:
    assert "worst" not in ratio_text(FOUND)
    (listed,) = (part for part in ratio_text(FOUND, worst=1).split("\n\n") if part.startswith("worst of accelerator"))
    assert "  -50.0 %  H100-SXM5-80GB over far: measured 2, predicted 1" in listed
    assert "B200" not in listed


def test_the_json_form_has_five_fields() -> None:
    first, second = to_list(FOUND.ratios)
    assert first == {
        "change": "accelerator",
        "count": 2,
        "median_ape": pytest.approx(0.3),
        "bias": pytest.approx(-0.2),
        "ranked_right": 0.5,
    }
    assert second["change"] == "batch"


def test_nothing_to_compare_is_one_line_with_the_reasons() -> None:
    empty = Ratios(ratios=(), runs_left_out=FOUND.runs_left_out, rows_left_out=Counter())
    with pytest.raises(CaseError, match=r"no two runs to compare: engine is not PyTorch \(3\)") as caught:
        ratio_text(empty)
    assert "\n" not in str(caught.value)
