"""Bounds on a YAML text before it is built: how deep it nests, how many values it holds, written out and by aliases.

The parser's events say so without any of it being built: libyaml composes by recursion in C, where thirty thousand
brackets end the process, and an alias costs a byte where it stands and everything below it where it is walked.
"""

from __future__ import annotations

from typing import Any

import yaml

from hw_specs.errors import SpecError

__all__ = ["DEEPEST", "LARGEST", "MOST_VALUES", "check_bounds"]

#: Longest text. [B]
LARGEST = 4 << 20
#: Most levels of nesting, and most values with those that aliases repeat.
DEEPEST, MOST_VALUES = 64, 200_000


def check_bounds(text: str, loader: type[Any]) -> None:
    """Refuse a text that nests too deep, holds too much, or holds itself.

    Parameters
    ----------
    text : str
    loader : type
        Loader of PyYAML whose parser is asked.

    Raises
    ------
    SpecError
        The bound and the line.
    yaml.YAMLError
        The text is no YAML.
    """
    count = _Count()
    try:
        for event in yaml.parse(text, Loader=loader):
            count.take(event)
    except yaml.MarkedYAMLError as error:
        # Releases of PyYAML from 6.0.4 on have a bound of their own, which what they look ahead at may reach first.
        if error.problem_mark is None or "nesting depth" not in str(error.problem):
            raise
        raise _too_deep(error.problem_mark.line + 1) from error


def _too_deep(line: int) -> SpecError:
    return SpecError(f"line {line}: nests deeper than {DEEPEST} levels, which no file here needs")


class _Count:
    """Values so far, those inside each open collection, and those of each anchor."""

    def __init__(self) -> None:
        self._values = 0
        self._open: list[tuple[str | None, int]] = []
        self._anchors: dict[str, int | None] = {}

    def take(self, event: Any) -> None:
        """Count one event."""
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            self._add(self._size(str(event.anchor), line), line)
        elif isinstance(event, yaml.ScalarEvent):
            self._add(1, line)
            if event.anchor is not None:
                self._anchors[event.anchor] = 1
        elif isinstance(event, yaml.CollectionStartEvent):
            self._begin(event.anchor, line)
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = self._open.pop()
            if anchor is not None:
                self._anchors[anchor] = self._values - before

    def _begin(self, anchor: str | None, line: int) -> None:
        if len(self._open) >= DEEPEST:
            raise _too_deep(line)
        self._open.append((anchor, self._values))
        self._add(1, line)
        if anchor is not None:
            self._anchors[anchor] = None

    def _size(self, anchor: str, line: int) -> int:
        """Values that an alias stands for; of an anchor that is not known, the composer will say so."""
        size = self._anchors.get(anchor, 1)
        if size is None:
            raise SpecError(f"line {line}: alias *{anchor} stands inside what it names; write out what is meant")
        return size

    def _add(self, number: int, line: int) -> None:
        self._values += number
        if self._values > MOST_VALUES:
            raise SpecError(f"line {line}: holds more than {MOST_VALUES} values, aliases written out")
