"""Options of ``simulate``: each one is used by the command, and says what it is for."""

from __future__ import annotations

import typing

from simulator import options
from simulator.__main__ import command


def test_every_option_is_a_parameter_of_the_command() -> None:
    used = list(typing.get_type_hints(command, include_extras=True).values())
    assert all(getattr(options, name) in used for name in options.__all__)


def test_every_option_has_a_help_text() -> None:
    for name in options.__all__:
        (declared,) = getattr(options, name).__metadata__
        assert declared.help.endswith("."), name
