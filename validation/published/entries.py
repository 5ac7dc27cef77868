"""Lines of the map of names: a pattern for a text, and in subclasses what it means."""

from __future__ import annotations

import re
from typing import Annotated, Self

import pydantic

__all__ = ["Entry", "Expression", "Record", "Text"]


def _expression(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{text!r} is no regular expression: {error}") from error
    return text


Expression = Annotated[str, pydantic.AfterValidator(_expression)]
Text = Annotated[str, pydantic.Field(min_length=1)]


class Record(pydantic.BaseModel):
    """One line of the map."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    reason: str = ""
    """Why the line is as it is."""


class Entry(Record):
    """One line of the map: a pattern for the text of a column, and in subclasses what it means."""

    pattern: Expression | None = None
    """Fits the whole text."""
    contains: Expression | None = None
    """Fits a piece of the text."""

    @pydantic.model_validator(mode="after")
    def _has_one_pattern(self) -> Self:
        if (self.pattern is None) == (self.contains is None):
            raise ValueError("give either pattern or contains")
        return self

    def fits(self, text: str) -> bool:
        """Whether a text is meant, whatever its case."""
        if self.pattern is not None:
            return re.fullmatch(self.pattern, text, re.IGNORECASE | re.DOTALL) is not None
        return re.search(self.contains or "", text, re.IGNORECASE) is not None
