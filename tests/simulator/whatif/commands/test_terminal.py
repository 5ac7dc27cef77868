"""Remarks beside a result."""

from __future__ import annotations

from simulator.whatif.commands.terminal import remark


def test_remarks_are_lines_beside_the_result(capsys) -> None:
    remark(["one", "two"])
    assert capsys.readouterr() == ("", "one\ntwo\n")
