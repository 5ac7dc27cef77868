"""Commands that measure the machine at hand are those of ``validate``; tests/validation/test___main__.py runs them."""

from __future__ import annotations

from validation.__main__ import app
from validation.machine.commands import campaign_command, check_command, probe_command


def test_they_are_commands_of_validate() -> None:
    registered = {command.name: command.callback for command in app.registered_commands}
    assert (registered["probe"], registered["check"]) == (probe_command, check_command)
    assert registered["campaign"] == campaign_command
