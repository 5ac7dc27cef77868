from __future__ import annotations

from pathlib import Path

import pytest

from hw_specs.output import OutputError
from simulator.views.terminal import captured, emit, remark


def test_text_goes_to_the_terminal_or_to_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    emit("here\n", None)
    emit("there\n", tmp_path / "out.txt")
    assert capsys.readouterr().out == "here\n"
    assert (tmp_path / "out.txt").read_text() == "there\n"


def test_a_file_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="No such file or directory"):
        emit("text", tmp_path / "absent" / "out.txt")


def test_what_is_printed_on_the_console_is_captured() -> None:
    assert captured(lambda console: console.print("x")) == "x\n"


def test_a_console_without_a_terminal_is_as_wide_as_asked() -> None:
    assert captured(lambda console: console.print("a b c"), width=3) == "a b\nc\n"


def test_remarks_are_lines_beside_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    remark(["one", "two"])
    assert capsys.readouterr() == ("", "one\ntwo\n")
