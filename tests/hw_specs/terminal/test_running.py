"""What a command line does with errors."""

from __future__ import annotations

import sys
from importlib.metadata import version

import pytest
import typer

from hw_specs.terminal.commands import VersionOption
from hw_specs.terminal.running import run_command_line

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@app.callback()
def options(version: VersionOption = False) -> None:
    """Options of the command itself."""


@app.command("good")
def good(status: int = 0) -> None:
    """Leave with a status."""
    raise typer.Exit(status)


@app.command("bad")
def bad() -> None:
    """Fail as a user can cause it."""
    raise ValueError("two\n  lines")


@app.command("worse")
def worse() -> None:
    """Fail as a defect does."""
    raise ZeroDivisionError


@app.command("lacking")
def lacking(package: str) -> None:
    """Fail for want of a package."""
    raise ModuleNotFoundError(name=f"{package}.part")


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["good"], 0, ""),
        (["good", "--status", "1"], 1, ""),
        (["bad"], 2, "thing: error: two lines\n"),
        (["lacking", "scipy"], 2, "thing: error: this needs scipy: pip install 'roofcast[validate]'\n"),
        (["gud"], 2, "thing: error: No such command 'gud'; valid: good, bad, worse, lacking\n"),
        (
            ["good", "a100"],
            2,
            "thing: error: Got unexpected extra argument",
        ),
        (["good", "--status", "x"], 2, "thing: error: --status: 'x' is not a whole number\n"),
    ],
)
def test_errors_are_one_line(
    arguments: list[str],
    status: int,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["thing", *arguments])
    with pytest.raises(SystemExit) as caught:
        run_command_line(app, "thing", (ValueError,))
    assert caught.value.code == status
    written = capsys.readouterr().err
    assert written.startswith(message)
    assert "extra" not in message or "(a100); values follow the names of their options" in written
    assert written.count("\n") == (status == 2)


def test_every_complaint_of_an_error_is_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class SeveralError(ValueError):
        complaints = ("one", "two\nlines")

    several = typer.Typer()

    @several.command()
    def fail() -> None:
        raise SeveralError("one; two")

    monkeypatch.setattr(sys, "argv", ["thing"])
    with pytest.raises(SystemExit):
        run_command_line(several, "thing", (ValueError,))
    assert capsys.readouterr().err == "thing: error: one\nthing: error: two lines\n"


@pytest.mark.parametrize(("name", "package", "extra"), [("whatif", "scipy", "whatif"), ("thing", "pyarrow", "whatif")])
def test_the_extra_is_the_commands_own_where_it_has_the_package(name, package, extra, monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys, "argv", [name, "lacking", package])
    with pytest.raises(SystemExit):
        run_command_line(app, name, ())
    assert f"this needs {package}: pip install 'roofcast[{extra}]'" in capsys.readouterr().err


def test_without_a_command_there_is_help(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["thing"])
    with pytest.raises(SystemExit) as caught:
        run_command_line(app, "thing", (ValueError,))
    assert caught.value.code == 2
    assert "Usage" in "".join(capsys.readouterr())


def test_a_defect_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["thing", "worse"])
    with pytest.raises(ZeroDivisionError):
        run_command_line(app, "thing", (ValueError,))
    monkeypatch.setattr(sys, "argv", ["thing", "lacking", "ours"])
    with pytest.raises(ModuleNotFoundError):
        run_command_line(app, "thing", (ValueError,))


def test_the_version_is_that_of_the_distribution(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["thing", "--version"])
    with pytest.raises(SystemExit) as caught:
        run_command_line(app, "thing", ())
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"roofcast {version('roofcast')}\n"
