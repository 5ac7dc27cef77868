"""Options that commands of several packages share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from simulator.command_options import check_choice, check_format, fidelity_of, takes


def test_forms_of_output() -> None:
    check_format("table")
    check_format("json")
    with pytest.raises(typer.BadParameter, match=r"unknown format 'xml'; valid: table, json"):
        check_format("xml")


def test_a_choice_is_one_of_some() -> None:
    check_choice("side", "left", ("left", "right"))
    with pytest.raises(typer.BadParameter, match=r"unknown side 'up'; valid: left, right"):
        check_choice("side", "up", ("left", "right"))


def test_known_names_are_taken() -> None:
    check_format("json")
    assert fidelity_of("roofline") == "roofline"


@pytest.mark.parametrize("refuses", [check_format, fidelity_of])
def test_others_are_refused_with_what_is_valid(refuses) -> None:
    with pytest.raises(typer.BadParameter, match="valid: "):
        refuses("nonsense")


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
