from __future__ import annotations

from validation.study.claims_presentation import claims_text


def claim(**changes: str) -> dict[str, str]:
    fields = {
        "claim": "Convolution takes up to 44 %",
        "flag": "SOURCE",
        "paper": "44 %",
        "ours": "60 %",
        "verdict": "disagree",
        "why": "",
    }
    return fields | changes


def test_sourced_statements_come_first_and_are_counted() -> None:
    text = claims_text([claim(flag="MEMORY med", claim="from memory", verdict="agree"), claim(why="steps")])
    sourced, unverified = text.index("Convolution"), text.index("from memory, unverified")
    assert sourced < unverified
    assert "why: steps" in text
    assert text.endswith("of 1 sourced statements: 0 agree, 1 disagree, 0 untestable\n")
