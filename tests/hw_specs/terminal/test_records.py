from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer
from typer.testing import CliRunner

from hw_specs.terminal.records import takes


@dataclass(frozen=True, kw_only=True)
class _Options:
    size: Annotated[int, typer.Option(help="How large.")]
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing.")] = False


def test_a_command_takes_the_fields_of_a_record() -> None:
    app, seen = typer.Typer(), list[_Options]()

    @app.command()
    @takes(_Options)
    def command(given: _Options) -> None:
        """Do it."""
        seen.append(given)

    runner = CliRunner()
    assert runner.invoke(app, ["--size", "3"]).exit_code == 0
    assert runner.invoke(app, ["--size", "4", "--quiet"]).exit_code == 0
    assert seen == [_Options(size=3), _Options(size=4, quiet=True)]
    assert "Missing option '--size'" in runner.invoke(app, []).output
    assert "Do it." in runner.invoke(app, ["--help"]).output
