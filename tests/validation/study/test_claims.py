from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from validation.study.claims import (
    Claim,
    Finding,
    Statement,
    StatementError,
    UntestableError,
    Verdict,
    agreement,
    broken,
    judge,
    load_expected,
    load_statements,
    named_table,
)
from validation.study.table import Table

STATEMENT = Statement(
    id="X1", section="s", flag="SOURCE", claim="A  claim.", paper="1x", source="somewhere", rule="it holds"
)


def _claim(**changes: str) -> Claim:
    fields = dict.fromkeys(Claim.__dataclass_fields__, "")
    return Claim(**{**fields, "id": "X1", "flag": "SOURCE", "verdict": "agree", **changes})


def test_every_statement_of_the_reference_is_there() -> None:
    statements = load_statements()
    sourced = {statement.id.rstrip("abc") for statement in statements if statement.flag == "SOURCE"}
    assert sourced == {f"S{number}" for number in range(1, 15)}
    assert all(statement.confidence for statement in statements if statement.flag == "MEMORY")
    assert not any(statement.confidence for statement in statements if statement.flag == "SOURCE")


def test_expected_verdicts_are_those_of_sourced_statements() -> None:
    assert set(load_expected()) == {s.id for s in load_statements() if s.flag == "SOURCE"}


def test_a_claim_joins_statement_and_finding() -> None:
    finding = Finding(ours="2x", verdict="disagree", why="because")
    (claim,) = judge([STATEMENT], {}, {"X1": lambda tables: finding})
    assert claim.to_dict() | {"claim": "A claim.", "ours": "2x", "verdict": "disagree"} == claim.to_dict()


def test_what_a_run_lacks_is_untestable() -> None:
    def judged(tables: Mapping[str, Table]) -> Finding:
        return Finding(ours=named_table(tables, "t").name, verdict="agree", why="")

    (claim,) = judge([STATEMENT], {}, {"X1": judged})
    assert (claim.verdict, claim.ours) == ("untestable", "not computed")
    assert "no table t" in claim.why


def test_a_statement_without_a_judge_is_an_error() -> None:
    with pytest.raises(StatementError, match="X1"):
        judge([STATEMENT], {}, {})


def test_only_sourced_claims_marked_as_reproduced_can_break() -> None:
    claims = [
        _claim(verdict="disagree"),
        _claim(id="X2", verdict="untestable"),
        _claim(id="X3", flag="MEMORY", verdict="disagree"),
        _claim(id="X4", verdict="disagree"),
        _claim(id="X5"),
    ]
    expected: dict[str, Verdict] = {"X1": "agree", "X2": "agree", "X3": "agree", "X4": "disagree", "X5": "agree"}
    assert [claim.id for claim in broken(claims, expected)] == ["X1", "X2"]


def test_agreement_names_the_verdict() -> None:
    assert (agreement(True), agreement(False)) == ("agree", "disagree")
    assert str(UntestableError("no model")) == "no model"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: b: c", "cannot read"),
        ("a: 1", "must be a list"),
        ("- id: X1", "Field required"),
        ("", "must be a list"),
    ],
)
def test_damaged_statements_are_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "statements.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StatementError, match=message) as caught:
        load_statements(path)
    assert "\n" not in str(caught.value)


def test_a_statement_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "statements.yaml"
    record = "- {id: X1, section: s, flag: SOURCE, claim: c, paper: p, source: s, rule: r}\n"
    path.write_text(2 * record, encoding="utf-8")
    with pytest.raises(StatementError, match="X1 is there twice"):
        load_statements(path)


@pytest.mark.parametrize(("text", "message"), [("X1: perhaps", "perhaps"), ("- X1", "must map")])
def test_expected_verdicts_are_checked(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "expected.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StatementError, match=message):
        load_expected(path)


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(StatementError, match="cannot read"):
        load_statements(tmp_path / "none.yaml")
