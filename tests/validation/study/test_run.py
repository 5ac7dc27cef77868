from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from validation.study import StudyResult, load_study, run_study
from validation.study.findings import Claim


def test_claims_are_records_of_text(study: StudyResult) -> None:
    for record in study.claims:
        assert {"claim", "flag", "paper", "ours", "verdict", "why"} <= set(record)
        assert record["verdict"] in ("agree", "explained", "disagree", "untestable")
        assert all(isinstance(value, str) for value in record.values())


def test_nothing_is_left_uncomputed(study: StudyResult) -> None:
    assert [claim.id for claim in study.judged if claim.ours == "not computed"] == []
    assert all(claim.ours and claim.why for claim in study.judged if claim.verdict != "untestable")


def test_facts_of_the_models_do_not_depend_on_the_cost_model(study: StudyResult) -> None:
    verdicts = {claim.id: claim.verdict for claim in study.judged}
    facts = {
        "S3a": "agree",
        "S3b": "explained",
        "S4": "agree",
        "S6": "untestable",
        "S7a": "explained",
        "S7b": "explained",
        "S7c": "agree",
        "S8b": "agree",
        "S9a": "agree",
        "S9b": "agree",
        "S10": "agree",
        "S11": "untestable",
        "S13": "untestable",
        "S14": "agree",
    }
    assert verdicts | facts == verdicts


def test_the_plain_form_is_json(study: StudyResult) -> None:
    data = json.loads(json.dumps(study.to_dict(), allow_nan=False))
    assert set(data) == {"accelerator", "claims", "tables", "exit_status"}
    assert set(data["tables"]) == set(study.tables)


def test_exit_status_follows_the_verdicts_on_record(study: StudyResult) -> None:
    disagreeing = next(claim for claim in study.judged if claim.verdict == "explained")

    def recorded(claim: Claim) -> Claim:
        return replace(claim, expected="agree") if claim is disagreeing else replace(claim, expected=claim.verdict)

    as_found = replace(study, judged=tuple(replace(claim, expected=claim.verdict) for claim in study.judged))
    assert as_found.exit_status == 0
    changed = replace(study, judged=tuple(map(recorded, study.judged)))
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


ANOTHER = """\
title: A study of one statement
introduction: Two models on the {accelerator}.
accelerator: h100_sxm5_80gb
models:
  - {name: SD, workload: stable-diffusion, task: TTI, architecture: diffusion, main_stage: unet}
  - {name: Llama, workload: llama2-7b, task: LLM, architecture: transformer, main_stage: decode}
sections: [taxonomy, operator_breakdown]
statements:
  - id: one
    section: operator_breakdown
    claim: Convolution takes more than a tenth of the time.
    paper: a tenth
    source: nowhere
    reading: its share of the kernel time
    measure:
      judge: largest_share
      with: {part: convolution, models: {task: TTI}, attention: flash, attribution: operator}
    criterion: {share: {above: 0.1}}
    expected: agree
"""


def test_one_file_is_a_study(tmp_path: Path) -> None:
    """The recipe of CONTRIBUTING.md: a YAML with models, sections, and statements that judges measure."""
    pytest.importorskip("matplotlib", reason="figures need matplotlib")
    path = tmp_path / "another.yaml"
    path.write_text(ANOTHER, encoding="utf-8")
    result = run_study(load_study(path), tmp_path / "out")
    (claim,) = result.judged
    assert (claim.verdict, result.exit_status, result.accelerator) == ("agree", 0, "H100-SXM5-80GB")
    assert claim.rule == "its share of the kernel time: share above 0.1"
    assert {p.name for p in (tmp_path / "out").iterdir()} >= {"study.html", "operator_breakdown.png", "claims.csv"}
    path.write_text(ANOTHER.replace("above: 0.1", "above: 0.99"), encoding="utf-8")
    assert run_study(load_study(path)).exit_status == 1
