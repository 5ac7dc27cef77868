from __future__ import annotations

import math

import pydantic
import pytest

from validation.study.statements import Bounds, Statement

FIELDS = {
    "id": "X",
    "section": "s",
    "claim": "c",
    "paper": "p",
    "source": "a page",
    "reading": "what is held against it",
}


def statement(**changes: object) -> Statement:
    given = {"measure": {"judge": "j"}, "criterion": {"share": {"above": 0.6}}, "expected": "agree"}
    return Statement.model_validate(FIELDS | given | changes)


@pytest.mark.parametrize(
    ("bounds", "inside", "outside"),
    [
        ({"above": 1}, 1.01, 1.0),
        ({"below": 1}, 0.99, 1.0),
        ({"at_least": 1.1, "at_most": 2.5}, 2.5, 2.51),
        ({"at_least": 1.1, "at_most": 2.5}, 1.1, 1.09),
        ({"equals": 4}, 4.0, 4.01),
        ({"at_least": 0}, 0.0, math.nan),
    ],
)
def test_bounds(bounds: dict[str, float], inside: float, outside: float) -> None:
    assert Bounds.model_validate(bounds).hold(inside)
    assert not Bounds.model_validate(bounds).hold(outside)


def test_a_verdict_needs_every_bound() -> None:
    both = statement(criterion={"share": {"above": 0.6}, "steps": {"equals": 4}})
    assert both.verdict({"share": 0.7, "steps": 4}) == "agree"
    assert both.verdict({"share": 0.7, "steps": 5}) == "disagree"
    assert both.verdict({"share": 0.5, "steps": 4}) == "disagree"
    with pytest.raises(KeyError, match="steps"):
        both.verdict({"share": 0.7})


def test_the_rule_says_the_bounds() -> None:
    assert statement(criterion={"share": {"at_least": 1.1, "at_most": 2.5}}).rule == (
        "what is held against it: share at least 1.1, at most 2.5"
    )


def test_without_a_criterion_a_statement_is_untestable() -> None:
    method = statement(criterion={}, measure=None, expected="untestable")
    assert method.verdict({}) == "untestable"
    assert method.rule == "what is held against it"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"measure": None}, "a criterion needs a measure"),
        ({"criterion": {}}, "without a criterion the statement is untestable"),
        ({"criterion": {"share": {}}}, "give one of above, below, at_least, at_most, equals"),
        ({"expected": "perhaps"}, "agree"),
        ({"source": ""}, "at least 1 character"),
    ],
)
def test_a_statement_that_cannot_be_judged_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(pydantic.ValidationError, match=message):
        statement(**changes)


def test_a_definition_needs_every_bound() -> None:
    other = statement(
        definitions=[{"text": "of one", "measure": {"judge": "j"}, "criterion": {"a": {"above": 1}, "b": {"below": 2}}}]
    ).definitions[0]
    assert other.holds({"a": 2, "b": 1})
    assert not other.holds({"a": 2, "b": 2})
    with pytest.raises(pydantic.ValidationError):
        statement(definitions=[{"text": "of one", "measure": {"judge": "j"}, "criterion": {}}])
