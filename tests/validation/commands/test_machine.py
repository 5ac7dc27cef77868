from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from validation.__main__ import app
from validation.commands import machine
from validation.commands.machine import campaign_command, check_command, probe_command


def test_they_are_commands_of_validate() -> None:
    registered = {command.name: command.callback for command in app.registered_commands}
    assert (registered["probe"], registered["check"]) == (probe_command, check_command)
    assert registered["campaign"] == campaign_command


@pytest.mark.parametrize("seconds", [0, -1])
def test_a_probe_takes_time(run: Callable[..., Any], tmp_path: Path, seconds: int) -> None:
    done = run("probe", "-o", tmp_path / "my.yaml", "--device", "cpu", "--seconds", seconds)
    assert (done.status, list(tmp_path.iterdir())) == (2, [])
    assert f"--seconds is {float(seconds)}; it must be positive" in done.err


@pytest.mark.parametrize(("load", "said"), [(0.1, False), (8.0, True)])
def test_a_probe_under_load_says_so(load, said, monkeypatch):
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 0.0, 0.0))
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    assert [line.startswith("warning: 8.0 of 4 processors were busy") for line in machine._load_remarks()] == [
        True
    ] * said
