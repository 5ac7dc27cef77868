from __future__ import annotations

from pathlib import Path

import pytest

from validation.commands.terminal import captured, emit, progress, remark


def test_text_goes_to_the_terminal_or_to_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    emit("here\n", None)
    emit("there\n", tmp_path / "out.txt")
    assert capsys.readouterr().out == "here\n"
    assert (tmp_path / "out.txt").read_text() == "there\n"


def test_what_is_printed_on_the_console_is_captured() -> None:
    assert captured(lambda console: console.print("x")) == "x\n"


def test_the_bar_stays_silent_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(2) as advance:
        advance("one")
        advance("two")
    assert capsys.readouterr().err == ""


def test_remarks_stand_beside_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    remark(["one", "two"])
    assert capsys.readouterr() == ("", "one\ntwo\n")
