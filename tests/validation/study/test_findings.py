from __future__ import annotations

import pytest

from validation.study import StudyError
from validation.study.findings import (
    Claim,
    Finding,
    Tables,
    UntestableError,
    broken,
    judged,
    listed,
    models_of,
    named_table,
)
from validation.study.statements import Statement
from validation.study.table import Table

STATEMENT = Statement.model_validate(
    {
        "id": "X1",
        "section": "s",
        "claim": "A  claim.",
        "paper": "1x",
        "source": "somewhere",
        "reading": "a  ratio",
        "measure": {"judge": "ratio", "with": {"over": "B"}},
        "criterion": {"ratio": {"above": 2}},
        "expected": "agree",
        "remark": "Because.",
    }
)


def ratio(tables: Tables, *, over: str) -> Finding:
    return Finding(ours=f"3x over {over}", values={"ratio": 3}, evidence="A 6, B 2.")


def _claim(**changes: str) -> Claim:
    fields = dict.fromkeys(Claim.__dataclass_fields__, "")
    return Claim(**{**fields, "id": "X1", "verdict": "agree", "expected": "agree", **changes})  # type: ignore[arg-type]


def test_a_claim_joins_statement_and_finding() -> None:
    (claim,) = judged([STATEMENT], {}, {"ratio": ratio})
    assert (claim.claim, claim.ours, claim.verdict) == ("A claim.", "3x over B", "agree")
    assert (claim.why, claim.rule) == ("A 6, B 2. Because.", "a ratio: ratio above 2")
    assert claim.to_dict()["flag"] == "SOURCE"


def test_what_a_run_lacks_is_untestable() -> None:
    def missing(tables: Tables, *, over: str) -> Finding:
        return Finding(ours=named_table(tables, "t").name)

    (claim,) = judged([STATEMENT], {}, {"ratio": missing})
    assert (claim.verdict, claim.ours) == ("untestable", "not computed")
    assert "no table t" in claim.why


def _other(tables: Tables) -> Finding:
    return Finding(ours="")


def _without_numbers(tables: Tables, *, over: str) -> Finding:
    return Finding(ours="", values={"share": 1})


@pytest.mark.parametrize(
    ("judges", "message"),
    [
        ({}, "X1: no judge 'ratio'"),
        ({"ratio": _other}, "X1: judge ratio: .*over"),
        ({"ratio": _without_numbers}, "X1: criterion on 'ratio'; valid: share"),
    ],
)
def test_a_measure_that_there_is_not_is_an_error(judges: dict[str, object], message: str) -> None:
    with pytest.raises(StudyError, match=message):
        judged([STATEMENT], {}, judges)  # type: ignore[arg-type]


def test_only_claims_on_record_as_reproduced_can_break() -> None:
    claims = [
        _claim(verdict="disagree"),
        _claim(id="X2", verdict="untestable"),
        _claim(id="X4", verdict="disagree", expected="disagree"),
        _claim(id="X5"),
    ]
    assert [claim.id for claim in broken(claims)] == ["X1", "X2"]


def test_models_of_a_kind_without_stand_ins() -> None:
    units = {"model": "", "architecture": "", "stand_in": ""}
    table = Table.of("t", "", units, [("A", "diffusion", False), ("B", "diffusion", True)])
    assert models_of(table, architecture="diffusion") == ["A"]
    with pytest.raises(UntestableError, match="architecture transformer"):
        models_of(table, architecture="transformer")
    assert str(UntestableError("no model")) == "no model"


def test_values_are_listed() -> None:
    assert listed({"A": 0.5, "B": 0.254}) == "A 50%, B 25%"


@pytest.mark.parametrize(("bound", "verdict", "said"), [(1, "explained", "agrees"), (4, "disagree", "disagrees")])
def test_another_definition_stands_beside_what_disagrees(bound: float, verdict: str, said: str) -> None:
    definition = {
        "text": "over  C",
        "measure": {"judge": "ratio", "with": {"over": "C"}},
        "criterion": {"ratio": {"above": bound}},
    }
    changed = STATEMENT.model_dump(by_alias=True) | {"criterion": {"ratio": {"above": 9}}, "definitions": [definition]}
    (claim,) = judged([Statement.model_validate(changed)], {}, {"ratio": ratio})
    assert (claim.verdict, claim.elsewhere) == (verdict, f"Read as over C: 3x over C, which {said}.")


def test_what_was_explained_and_no_longer_is_is_broken() -> None:
    kept, lost = _claim(expected="explained", verdict="agree"), _claim(expected="explained", verdict="disagree")
    assert broken([kept, lost, _claim(expected="disagree", verdict="disagree")]) == (lost,)
