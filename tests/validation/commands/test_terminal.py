from __future__ import annotations

import pytest

from validation.commands.terminal import progress


def test_the_bar_stays_silent_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(2) as advance:
        advance("one")
        advance("two")
    assert capsys.readouterr().err == ""
