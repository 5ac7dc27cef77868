"""Tables of synonyms say what there is: every option, command and value of ours is one that some command has."""

from __future__ import annotations

import re

import pytest
from typer.main import get_command

from hw_specs import __main__ as hwspec
from hw_specs import changeable_paths, load_accelerator
from hw_specs.terminal.synonyms import COMMANDS, OPTIONS, PATHS, squeezed
from simulator import __main__ as simulate
from simulator.whatif import __main__ as whatif
from tracer import __main__ as trace
from validation import __main__ as validate

_APPLICATIONS = [get_command(module.app) for module in (hwspec, simulate, whatif, trace, validate)]


@pytest.fixture(scope="module")
def every_option() -> set[str]:
    commands = [each for app in _APPLICATIONS for each in getattr(app, "commands", {"": app}).values()]
    return {
        option
        for each in commands
        for parameter in each.params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }


def test_spelling_does_not_matter() -> None:
    assert squeezed("--Torch_dtype.x y") == "torchdtypexy"


def test_options_are_options_of_some_command(every_option: set[str]) -> None:
    named = {option for ours in OPTIONS.values() for each in ours for option in re.findall(r"--[a-z][a-z-]*", each)}
    assert named <= every_option


def test_commands_are_commands_of_some_application() -> None:
    known = {name for app in _APPLICATIONS for name in getattr(app, "commands", {})}
    assert {ours for every in COMMANDS.values() for ours in every} <= known


def test_whole_paths_are_numbers_of_an_accelerator() -> None:
    known = {*changeable_paths(load_accelerator("h100")), "peak.matrix"}
    assert {ours for every in PATHS.values() for ours in every if "." in ours} <= known
