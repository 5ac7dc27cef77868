from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

STUDY = """\
title: A study of one model
introduction: One model on the {accelerator}.
accelerator: a100_sxm4_80gb
models:
  - {name: SD, workload: stable-diffusion, task: TTI, architecture: diffusion, main_stage: unet}
sections: [taxonomy]
statements:
  - id: one
    section: taxonomy
    claim: There is one model.
    paper: "1"
    source: nowhere
    reading: models of the suite
    measure: {judge: size_of_suite}
    criterion: {models: {equals: 1}}
    expected: agree
"""


@pytest.mark.parametrize(("claimed", "verdict", "status"), [(1, "agree", 0), (2, "disagree", 1)])
def test_the_status_says_whether_claims_still_hold(
    run: Callable[..., Any], tmp_path: Path, claimed: int, verdict: str, status: int
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(STUDY.replace("equals: 1", f"equals: {claimed}"), encoding="utf-8")
    done = run("study", path, "--format", "json")
    (claim,) = json.loads(done.out)
    assert (claim["verdict"], done.status) == (verdict, status)
    assert ("no longer reproduced: one: There is one model." in done.err) == bool(status)
    assert f"[{verdict}] There is one model." in run("study", path).out


def test_a_study_that_cannot_be_read_is_one_line(run: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(STUDY.replace("size_of_suite", "size_of_shoe"), encoding="utf-8")
    done = run("study", path)
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert "no judge 'size_of_shoe'; valid:" in done.err
