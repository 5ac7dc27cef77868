from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from validation.study import StudyResult
from validation.study.claims import load_statements
from validation.study.study import JUDGES


def test_every_statement_has_a_judge_and_every_judge_a_statement() -> None:
    assert set(JUDGES) == {statement.id for statement in load_statements()}


def test_claims_are_records_of_text(study: StudyResult) -> None:
    for record in study.claims:
        assert {"claim", "flag", "paper", "ours", "verdict", "why"} <= set(record)
        assert record["verdict"] in ("agree", "disagree", "untestable")
        assert record["flag"] in ("SOURCE", "MEMORY")
        assert all(isinstance(value, str) for value in record.values())
    flags = [record["flag"] for record in study.claims]
    assert flags == sorted(flags, reverse=True)


def test_nothing_is_left_uncomputed(study: StudyResult) -> None:
    assert [claim.id for claim in study.judged if claim.ours == "not computed"] == []


def test_the_plain_form_is_json(study: StudyResult) -> None:
    data = json.loads(json.dumps(study.to_dict(), allow_nan=False))
    assert set(data) == {"accelerator", "claims", "tables", "exit_status"}
    assert set(data["tables"]) == set(study.tables)


def test_exit_status_follows_the_expected_verdicts(study: StudyResult) -> None:
    disagreeing = next(claim for claim in study.judged if claim.flag == "SOURCE" and claim.verdict == "disagree")
    assert replace(study, expected={}).exit_status == 0
    changed = replace(study, expected={disagreeing.id: "agree"})
    assert changed.exit_status == 1
    assert [claim.id for claim in changed.broken] == [disagreeing.id]


def test_the_whole_study_is_written(study: StudyResult, tmp_path: Path) -> None:
    written = {path.name for path in study.write(tmp_path)}
    assert {f"{name}.csv" for name in study.tables} <= written
    assert {f"{s.name}.{ending}" for s in study.sections if s.draw for ending in ("png", "svg")} <= written
    assert {"claims.csv", "claims.json", "study.html"} <= written
    assert json.loads((tmp_path / "claims.json").read_text(encoding="utf-8")) == study.claims
    page = (tmp_path / "study.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == sum(section.draw is not None for section in study.sections)
