"""Arrows from launches to device events (flow events), for device events that have no number of their own."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["Arrows"]


class Arrows:
    """Both ends of arrows by where they lie, as long as device events may need them.

    Nearly all files number their device events; then arrows say the same again, and are not kept.
    """

    def __init__(self) -> None:
        """No arrows yet."""
        self._needed: bool | None = None
        self._starts: dict[str, tuple[int, int]] = {}
        self._ends: dict[tuple[int, int], str] = {}

    def device_event(self, *, numbered: bool) -> None:
        """Say whether a device event has a number; the first decides."""
        if self._needed is None:
            self._needed = not numbered
            if numbered:
                self._starts.clear()
                self._ends.clear()

    @property
    def kept(self) -> bool:
        """Whether there are any that device events may need."""
        return bool(self._ends)

    def add(self, name: str, track: int, at: int, *, end: bool) -> None:
        """One end of an arrow, at a time of a track."""
        if self._needed is False:
            return
        if end:
            self._ends[track, at] = name
        else:
            self._starts[name] = (track, at)

    def launches(
        self, tracks: Sequence[int], starts: Sequence[int], correlations: Sequence[int]
    ) -> dict[int, tuple[int, int]]:
        """Row of each device event without a number -> track and time of what its arrow comes from."""
        found = {}
        for row, correlation in enumerate(correlations):
            name = self._ends.get((tracks[row], starts[row])) if correlation < 0 else None
            if name is not None and name in self._starts:
                found[row] = self._starts[name]
        return found
