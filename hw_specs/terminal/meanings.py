"""What someone means who writes a name that there is not: by meaning first, then by spelling, then by letters."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable

from .synonyms import COMMANDS, OPTIONS, PATHS, VALUES, squeezed

__all__ = ["did_you_mean", "nearest", "nearest_command", "nearest_option", "unknown"]

#: Least likeness of letters that is no accident, and least letters that another name may begin with or hold.
_ALIKE, _LETTERS = 0.67, 3
_OPTION = re.compile(r"--[a-z][a-z-]*")


def unknown(what: str, value: str, valid: Collection[str]) -> str:
    """Line about a value that there is not: ``unknown execution 'compile'; did you mean 'compiled'? valid: ...``."""
    hint = did_you_mean(value, valid)
    return f"unknown {what} {value!r}{hint or ';'} valid: {', '.join(valid)}"


def did_you_mean(word: str, choices: Iterable[str], *, limit: int = 3) -> str:
    """Return ``"; did you mean 'a' or 'b'?"`` for choices close to the word, or an empty string."""
    found = nearest(word, choices, limit=limit)
    return f"; did you mean {' or '.join(map(repr, found))}?" if found else ""


def nearest(word: str, choices: Iterable[str], *, limit: int = 3) -> list[str]:
    """Choices that a word stands for: its synonyms, other ways to write it, what begins with or holds it, letters."""
    known = {choice.lower(): choice for choice in choices}
    plain = squeezed(word)
    meant = [known[ours] for ours in (*VALUES.get(plain, ()), *PATHS.get(plain, ())) if ours in known]
    if meant:
        return meant[:limit]
    spelt = {name: squeezed(name) for name in known}
    same = [known[name] for name, other in spelt.items() if other == plain]
    if same:
        return same[:limit]
    if len(word) >= _LETTERS:
        holding = sorted((other.find(plain), len(other), name) for name, other in spelt.items() if plain in other)
        if holding:
            return [known[name] for _, _, name in holding[:limit]]
    close = difflib.get_close_matches(word.lower(), list(known), n=limit, cutoff=_ALIKE)
    return [known[name] for name in close]


def nearest_option(given: str, options: Collection[str]) -> str:
    """``"; did you mean --num-inference-steps?"`` for an option that there is not, or an empty string.

    Parameters
    ----------
    given : str
        As it was written.
    options : collection of str
        Of the command, with their dashes.
    """
    meant = [ours for ours in OPTIONS.get(squeezed(given), ()) if set(_OPTION.findall(ours)) <= set(options)]
    if not meant:
        names = {option.lstrip("-"): option for option in options}
        meant = [names[name] for name in nearest(given.lstrip("-"), names, limit=2)]
    return f"; did you mean {' or '.join(meant)}?" if meant else ""


def nearest_command(given: str, commands: Collection[str]) -> str:
    """``"; did you mean 'show'?"`` for a command that there is not, or an empty string."""
    meant = [ours for ours in COMMANDS.get(squeezed(given), ()) if ours in commands]
    return f"; did you mean {' or '.join(map(repr, meant))}?" if meant else did_you_mean(given, commands, limit=2)
