"""Commands as they are declared: groups, examples, whole sentences."""

from __future__ import annotations

import re
import shlex
from typing import Annotated

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner

from hw_specs import __main__ as hwspec
from hw_specs.terminal.commands import Application, group_of
from simulator import __main__ as simulate
from simulator.whatif import __main__ as whatif
from tracer import __main__ as trace
from validation import __main__ as validate

_LONG = "Do what takes more words to say than a list of commands has room for on one line of eighty columns."
APPLICATIONS = {
    "hwspec": hwspec.app,
    "simulate": simulate.app,
    "whatif": whatif.app,
    "trace": trace.app,
    "validate": validate.app,
}


def _application() -> Application:
    app = Application("What it is for.", {"More of it": "thing go --help"})

    @app.command("go", examples={"Four of them": "thing go --size 4", "In silence": "thing go --quiet"})
    def go(
        where: Annotated[str, typer.Argument(help="To which place.")],
        size: Annotated[int, typer.Option(help="How large.", rich_help_panel="What runs")] = 1,
        quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing.")] = False,
        output: Annotated[str, typer.Option(help="A file.")] = "",
    ) -> None:
        pass

    go.__doc__ = _LONG
    return app


def _help(*arguments: str) -> str:
    return CliRunner().invoke(_application(), [*arguments, "--help"]).output


def test_options_stand_in_groups() -> None:
    text = _help("go")
    # typer 0.19 writes arguments in capitals, and has no group of its own for what it adds.
    assert "arguments:\n  where" in text.lower()
    places = [text.index(part) for part in ("Arguments:", "What runs:\n  --size", "Options:\n  --quiet")]
    places.append(text.index("What is printed:\n  --output"))
    assert places == sorted(places)
    assert text.index("-h, --help") < text.index("Examples:")
    assert "  Four of them:\n    thing go --size 4\n  In silence:\n    thing go --quiet\n" in text


def test_commands_are_listed_with_whole_sentences_and_before_the_options() -> None:
    app = _application()
    app.command("stay")(lambda: None)
    text = CliRunner().invoke(app, ["-h"]).output
    assert "..." not in text.partition("Commands:")[2]
    assert text.index("What it is for.") < text.index("Commands:") < text.index("Help:") < text.index("Examples:")


def test_the_version_is_said() -> None:
    done = CliRunner().invoke(_application(), ["--version"])
    assert (done.exit_code, done.output.startswith("roofcast ")) == (0, True)


def test_what_is_there_twice_is_refused() -> None:
    done = CliRunner().invoke(_application(), ["go", "x", "--size", "1", "--size=2"])
    assert done.exit_code == 2
    assert "--size is given 2 times" in done.output


def _commands() -> list[tuple[str, object]]:
    found = []
    for name, app in APPLICATIONS.items():
        command = get_command(app)
        inner = getattr(command, "commands", None)
        found += [(name, command)] if inner is None else [(f"{name} {own}", each) for own, each in inner.items()]
    return found


@pytest.mark.parametrize(("name", "command"), _commands(), ids=[name for name, _ in _commands()])
def test_every_command_has_examples_of_its_own_options(name: str, command) -> None:
    """Every word of an example that begins with a dash is an option, and every option has a group and a help text."""
    assert command.epilog, name
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    for line in command.epilog.splitlines()[1::2]:
        words = shlex.split(line)
        assert " ".join(words[: len(name.split())]) == name
        assert {word for word in words if re.match(r"--?[a-z]", word)} <= known
        assert len(line) + 2 <= 80
    for parameter in command.params:
        assert group_of(parameter)
        # typer 0.19 loses those of arguments beside click 8.5.
        assert getattr(parameter, "help", None) or parameter.param_type_name == "argument", (name, parameter.name)


@pytest.mark.parametrize("name", APPLICATIONS)
def test_help_of_every_application_looks_alike_in_80_columns(name: str, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = CliRunner().invoke(APPLICATIONS[name], ["-h"]).output
    assert max(map(len, text.splitlines())) <= 80
    assert "\nHelp:\n" in text
    assert "\nExamples:\n" in text
    assert "--version" in text
    assert "--install-completion" in text
    assert not set("╭│╰─") & set(text)
