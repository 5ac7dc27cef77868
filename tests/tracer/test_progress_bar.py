"""Progress bars."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich import console as rich_console

from tracer.progress_bar import counts, reading, shares, working


def test_bars_stay_silent_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with counts() as advance:
        advance("one", 1, 2)
    with shares() as part:
        part("half", 0.5)
    with reading(Path("run.json")) as read:
        read(1, 2)
    with working("long") as say:
        say("longer")
    assert capsys.readouterr().err == ""


def _screen(kind: str, monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What is written to a terminal of some kind from now on."""
    screen = io.StringIO()
    plain = rich_console.Console

    def terminal(*, stderr: bool) -> rich_console.Console:
        assert stderr
        return plain(file=screen, force_terminal=True, width=100)

    monkeypatch.setenv("TERM", kind)
    monkeypatch.setattr(rich_console, "Console", terminal)
    return screen


def test_a_terminal_that_cannot_move_its_cursor_has_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = _screen("dumb", monkeypatch)
    with working("tracing sdxl") as say:
        say("tracing sdxl: unet")
    assert screen.getvalue() == ""


def test_a_bar_names_the_file_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = _screen("xterm", monkeypatch)
    with reading(Path("folder/run.json")) as read:
        read(1, 4)
    assert "reading run.json" in screen.getvalue()
    assert "25%" in screen.getvalue()
    with working("tracing sdxl") as say:
        say("tracing sdxl: unet")
    assert "tracing sdxl: unet" in screen.getvalue()
    assert "0:00:00" in screen.getvalue()
