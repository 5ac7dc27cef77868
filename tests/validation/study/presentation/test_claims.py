from __future__ import annotations

import pytest

from validation.study.presentation.claims import claims_text


def claim(**changes: str) -> dict[str, str]:
    fields = {
        "claim": "Convolution takes up to 44 %",
        "paper": "44 %",
        "ours": "60 %",
        "verdict": "disagree",
        "why": "",
    }
    return fields | changes


def test_statements_have_verdict_and_reason_and_are_counted() -> None:
    text = claims_text(
        [claim(verdict="agree"), claim(why="steps"), claim(verdict="explained", elsewhere="Read so: 40 %")]
    )
    assert "[agree] Convolution takes up to 44 %" in text
    assert "why: steps" in text
    assert "Read so: 40 %" in text
    assert text.endswith("of 3 sourced statements: 1 agree, 1 explained, 1 disagree, 0 untestable\n")


@pytest.mark.parametrize("width", [60, 80])
def test_statements_fit_where_they_are_printed(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    text = claims_text([claim(why="a reason " * 20)])
    assert max(map(len, text.splitlines())) <= width
