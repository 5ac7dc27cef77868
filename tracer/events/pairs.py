"""Events given as a begin and an end (phases ``B`` and ``E`` of the Trace Event Format)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

__all__ = ["BeginEndPairs"]

#: Begins that may wait for their ends at once.
_MOST_OPEN = 100_000


class BeginEndPairs:
    """Ends meet the last begin of their track.

    Attributes
    ----------
    unmatched : int
        Begins and ends that have met none so far, but for begins that still wait.
    """

    def __init__(self) -> None:
        """Nothing has begun."""
        self.unmatched = 0
        self._open: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
        self._count = 0

    @property
    def waiting(self) -> list[Mapping[str, Any]]:
        """Begins that have met no end."""
        return [event for stack in self._open.values() for event in stack]

    def begin(self, track: str, event: Mapping[str, Any]) -> None:
        """An event begins."""
        if self._count < _MOST_OPEN:
            self._open[track].append(event)
            self._count += 1
        else:
            self.unmatched += 1

    def end(self, track: str, event: Mapping[str, Any]) -> tuple[dict[str, Any], Any] | None:
        """The event that ends, with the arguments of both phases, and the time of its end; None where none began."""
        if not self._open.get(track):
            self.unmatched += 1
            return None
        begun = self._open[track].pop()
        self._count -= 1
        arguments = {**_arguments(begun), **_arguments(event)}
        return {**begun, "ph": "X", "args": arguments}, event.get("ts")


def _arguments(event: Mapping[str, Any]) -> Mapping[str, Any]:
    found = event.get("args")
    return found if isinstance(found, dict) else {}
