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
    assert "1.9 to 2.1 s" in worst
    assert "80 % intervals held" in worst
    assert "not predicted: 3" in text
    assert "25.5 %" in text  # mean of 1 % and 50 %


@pytest.mark.parametrize("width", [60, 80])
def test_tables_and_reasons_fit_where_they_are_printed(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    results = [result("a-case-with-a-long-name-512", 0.01), result("a-case-with-a-long-name-1024", -0.5)]
    by = {"all": summarise(results, lambda r: "all"), "model": summarise(results, lambda r: "stable-diffusion-" * 3)}
    lines = published_text(results, Counter({"a reason " * 20: 3}), by).splitlines()
    assert max(map(len, lines)) <= width
    assert [line.split()[:4] for line in lines if line.startswith("all")] == [["all", "2", "25.5", "%"]]
    (worst,) = (line for line in lines if "-50.0 %" in line)
    assert worst.split()[:2] == ["m", "d"]
    assert "2 s" in worst
    assert "1 s" in worst


def test_nothing_predicted_is_one_line_with_the_reasons() -> None:
    with pytest.raises(CaseError, match="engine") as caught:
        published_text([], Counter({"engine": 3}), {})
    assert "\n" not in str(caught.value)
    with pytest.raises(CaseError, match="there are none"):
        published_text([], Counter(), {})
