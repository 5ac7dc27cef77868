from __future__ import annotations

from collections import Counter

import pytest

from validation.published.case import CaseError
from validation.published.errors import CaseResult, summarise
from validation.published.presentation import published_text


def result(name: str, error: float) -> CaseResult:
    return CaseResult(
        id=name,
        model="m",
        device="d",
        execution="eager/flash",
        dtype="float16",
        batch=1,
        grade="A",
        measured=2.0,
        predicted=2.0 * (1 + error),
        roofline=1.0,
        error=error,
        low=1.9,
        high=2.1,
        deviation=0.1,
        basis="inherited",
        source="here",
        family="images",
        maker="NVIDIA",
    )


def test_groupings_worst_cases_and_reasons_are_shown() -> None:
    results = [result("near", 0.01), result("far", -0.5)]
    text = published_text(results, Counter({"engine": 3}), {"all": summarise(results, lambda r: "all")})
    worst = text[text.index("ten worst") :]
    assert worst.index("far") < worst.index("near")
    assert "-50.0 %" in worst
    assert "1.9 to     2.1 s" in worst
    assert "80 % intervals held" in worst
    assert "not predicted: 3" in text
    assert "25.5 %" in text  # mean of 1 % and 50 %


def test_nothing_predicted_is_one_line_with_the_reasons() -> None:
    with pytest.raises(CaseError, match="engine") as caught:
        published_text([], Counter({"engine": 3}), {})
    assert "\n" not in str(caught.value)
    with pytest.raises(CaseError, match="there are none"):
        published_text([], Counter(), {})
