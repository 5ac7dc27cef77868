"""The error of this package."""

from __future__ import annotations

__all__ = ["ComplaintsError", "SpecError"]


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
