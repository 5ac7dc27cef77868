"""What is said of a command line that cannot be read: what, where, and what would be valid, in one line.

The library that reads command lines words the same thing otherwise in each of its releases, and names no value.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from typing import Any

from .meanings import nearest_command, nearest_option, unknown

__all__ = ["OptionOf", "complaint"]

#: Option that a word without one belongs to, with the word: ``--hw a100``; None where it says nothing.
OptionOf = Callable[[str], str | None]

#: What a value must be, by what the library says of one that is not.
_KINDS = (("integer", int, "a whole number"), ("number|float", float, "a number"))
_LEAST = re.compile(r"(?:greater than or equal to |x>=)(-?[\d.]*\d)|(-?[\d.]*\d)<=x")
_MOST = re.compile(r"(?:less than or equal to |x<=)(-?[\d.]*\d)")
_CHOICES = re.compile(r"is not one of (.+?)\.?$")


def complaint(error: Any, commands: Sequence[str], words: Sequence[str], option_of: OptionOf | None = None) -> str:
    """Line about a command line that cannot be read, without the name of the program.

    Parameters
    ----------
    error : exception
        Of the library.
    commands : sequence of str
        That the application has.
    words : sequence of str
        The command line.
    option_of : callable, optional
        What a word without an option means.
    """
    message = str(error.format_message())
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoSuchOption" and context is not None:
        return _unknown_option(str(error.option_name), context.command.params)
    if type(error).__name__ == "MissingParameter":
        return f"{message.rstrip('.')}{_help_of(error.param)}"
    if message.startswith("Got unexpected extra argument"):
        return f"{message}; {_strays(message, context, option_of)}"
    if message.startswith("No such command"):
        given = message.partition("'")[2].partition("'")[0]
        hint = nearest_command(given, commands) or ("; files follow a command;" if "." in given else ";")
        return f"No such command {given!r}{hint} valid: {', '.join(commands)}"
    if getattr(error, "param", None) is not None:
        name = next((option for option in error.param.opts if option.startswith("-")), str(error.param.name))
        return _wrong_value(error.param, str(error.message), words) or f"{name}: {error.message}"
    return message.removeprefix("Invalid value: ")


def _unknown_option(given: str, parameters: Sequence[Any]) -> str:
    known = [option for parameter in parameters for option in parameter.opts if option.startswith("--")]
    return f"No such option: {given}{nearest_option(given, known) or '; --help lists them'}"


def _help_of(parameter: Any) -> str:
    text = str(getattr(parameter, "help", None) or "")
    return f": {text[:1].lower()}{text[1:].rstrip('.')}" if text else ""


def _strays(message: str, context: Any, option_of: OptionOf | None) -> str:
    """What to write in place of words without an option."""
    words = message.rpartition("(")[2].rstrip(")")
    known = {option for parameter in (context.command.params if context else ()) for option in parameter.opts}
    meant = [option_of(word) for word in words.split()] if option_of else []
    found = [option for option in meant if option and option.partition(" ")[0] in known]
    if found and len(found) == len(meant):
        return f"did you mean {' '.join(found)}?"
    return "values follow the names of their options, which --help lists"


def _wrong_value(parameter: Any, message: str, words: Sequence[str]) -> str:
    """Line about a value of an option, empty where nothing better is known than what the library says."""
    names = [name for name in parameter.opts if name.startswith("-")]
    given = list(_given(names, words))
    choices, bound = _CHOICES.search(message), _bound(message, given[-1] if given else "")
    if not given:
        return ""
    if choices:
        return unknown(names[0], given[-1], [choice.strip("' ") for choice in choices[1].split(",")])
    if bound:
        return f"{names[0]} is {given[-1]}; it must be {bound}"
    for pattern, kind, what in _KINDS:
        if re.search(pattern, message):
            return _no_number(names[0], given, kind, what, several=bool(getattr(parameter, "multiple", False)))
    return ""


def _bound(message: str, value: str) -> str:
    """What a value must be where it lies beyond an end of a range; a library may name both."""
    least, most = _LEAST.search(message), _MOST.search(message)
    if most and not (least and _is(float, value) and float(value) < float(most[1])):
        return f"at most {most[1]}"
    return f"at least {least[1] or least[2]}" if least else ""


def _given(names: Sequence[str], words: Sequence[str]) -> Sequence[str]:
    """Values that a command line gives to an option."""
    after = [value for word, value in itertools.pairwise(words) if word in names]
    return after + [word.partition("=")[2] for word in words if "=" in word and word.partition("=")[0] in names]


def _no_number(name: str, given: Sequence[str], kind: Callable[[str], object], what: str, *, several: bool) -> str:
    wrong = next((value for value in given if not _is(kind, value)), given[-1])
    hint = f"; give {name} once for each" if several and "," in wrong else ""
    return f"{name}: {wrong!r} is not {what}{hint}"


def _is(kind: Callable[[str], object], text: str) -> bool:
    try:
        kind(text)
    except ValueError:
        return False
    return True
