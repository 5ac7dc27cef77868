"""The ``validate`` command: its commands are there, and everything that a user can mend is one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from validation.__main__ import app


def test_every_command_is_there() -> None:
    assert [command.name for command in app.registered_commands] == [
        *(
            "published",
            "kernels",
            "ratios",
            "projection",
            "limits",
            "calibrate",
            "trace",
            "training",
            "study",
            "accuracy",
        ),
        *("probe", "check", "campaign", "energy", "intervals", "relatives"),
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("kernels", "/nonexistent.csv"), "nonexistent"),
        (("published", "--grade", "Q"), "grade"),
        (("published", "/nonexistent.csv"), "nonexistent"),
        (("trace", "/nonexistent.json"), "nonexistent"),
        (("trace", "/nonexistent.json", "--hw", "a1000000"), "a1000000"),
        (("trace", "/nonexistent.json", "--attention", "none"), "attention"),
        (("study", "other2020"), "golden2023"),
        (("accuracy", "/nonexistent"), "kernels"),
        (("energy", "/nonexistent"), "nonexistent"),
        (("calibrate", "/nonexistent.csv"), "nonexistent"),
        (("calibrate", "/nonexistent.csv", "--folder", "/nonexistent"), "folder"),
        (("calibrate",), "--ceilings"),
        (("calibrate", "--ceilings", "/nonexistent.csv"), "nonexistent"),
        (("campaign", "-o", "begun", "--minutes", "0"), "minutes"),
        (("campaign", "-o", "/nonexistent/x", "--device", "cpu"), "nonexistent"),
        (("probe", "-o", "/nonexistent/my.yaml", "--device", "cpu"), "nonexistent"),
        (("probe", "-o", "my.yaml", "--device", "cpu", "--seconds", "-1"), "seconds"),
        (("check", "/nonexistent", "--hw", "a100"), "no calibration beside it"),
        (("check", "run.trace", "--hw", "a100", "--calibration", "absent.yaml"), "absent.yaml: no such file"),
        (("kernels", "--format", "xml", "x.csv"), "xml"),
        (("frobnicate",), "'frobnicate'; valid: published, kernels"),
        (("study", "golden2023", "-o", "absent/study"), "absent/study: cannot make this folder"),
        (("intervals", "--grade", "Z"), "unknown grade 'Z'; valid: A, AB, ABC"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else str(value),
)
def test_what_a_user_can_mend_is_one_line(
    run: Callable[..., Any], arguments: tuple[str, ...], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(*arguments)
    assert done.status == 2
    assert done.out == ""
    assert done.err.count("\n") == 1
    assert words in done.err
    assert list(tmp_path.iterdir()) == []
