"""The error of this package, and the near-miss hint that its messages end with."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["ComplaintsError", "SpecError", "did_you_mean"]


class ComplaintsError(ValueError):
    """Input that cannot be used.

    The message is one line: where, what is wrong, what would be valid. Where more is wrong than that, `complaints` has
    a line for each finding, the first one among them.
    """

    def __init__(self, message: str, complaints: tuple[str, ...] = ()) -> None:
        """Of a message, and of all findings."""
        super().__init__(message)
        self.complaints = complaints or (message,)


class SpecError(ComplaintsError):
    """A specification, a unit string or a change to a specification that cannot be used."""


def did_you_mean(word: str, choices: Iterable[str], *, limit: int = 3) -> str:
    """Return ``"; did you mean 'a' or 'b'?"`` for choices close to the word, or an empty string."""
    by_lower = {choice.lower(): choice for choice in choices}
    close = difflib.get_close_matches(word.lower(), list(by_lower), n=limit, cutoff=0.6)
    if not close:
        return ""
    return f"; did you mean {' or '.join(repr(by_lower[name]) for name in close)}?"
