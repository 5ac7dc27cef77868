"""Fixtures of the tests of what-if studies."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NamedTuple

import pytest

from simulator.whatif import __main__ as command_line


class Done(NamedTuple):
    """Outcome of one command."""

    status: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(monkeypatch, capsys) -> Run:
    """Function that runs ``whatif`` with some arguments in this process."""

    def whatif(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["whatif", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            command_line.main()
        captured = capsys.readouterr()
        code = caught.value.code
        return Done(code if isinstance(code, int) else 0, captured.out, captured.err)

    return whatif
