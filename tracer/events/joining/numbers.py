"""Numbers by which recorded events name one another, which may be used more than once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tracer.graph import IndexArray
from tracer.storage.column_store import as_positions

__all__ = ["PROCESS_SHIFT", "Numbered", "in_process", "launch_of", "local_number", "process_of"]

#: Numbers of one process lie below two to this power, and those of the next above: each process counts anew.
PROCESS_SHIFT = 54
_NONE = -1


def in_process(number: int, process: int) -> int:
    """Number of an event among those of all processes; below 0 where it has none.

    Numbers beyond 54 bits keep the lower ones, which tell those of a run apart.
    """
    return _NONE if number < 0 else (process << PROCESS_SHIFT) | (number & ((1 << PROCESS_SHIFT) - 1))


def local_number(numbers: IndexArray) -> IndexArray:
    """Numbers without their process; of those below 0 it means nothing."""
    # Columns may be narrower than the mask.
    local: IndexArray = numbers & np.int64((1 << PROCESS_SHIFT) - 1)
    return local


def process_of(numbers: IndexArray) -> IndexArray:
    """Process of each number; of those below 0 it means nothing."""
    process: IndexArray = numbers.astype(np.int64) >> PROCESS_SHIFT
    return process


class Numbered:
    """Entries that are found by their number, and of those with the same one by their start."""

    def __init__(self, numbers: IndexArray, start: IndexArray) -> None:
        """See the class."""
        self._order = as_positions(np.lexsort((start, numbers)))
        self._numbers = numbers[self._order]
        self._start = start[self._order]

    def count(self, wanted: IndexArray) -> IndexArray:
        """Entries with each number, 0 where it is below 0."""
        found = np.searchsorted(self._numbers, wanted, "right") - np.searchsorted(self._numbers, wanted, "left")
        counted: IndexArray = np.where(wanted >= 0, found, 0)
        return counted

    def latest(self, wanted: IndexArray, by: IndexArray) -> IndexArray:
        """Position of the last entry of each number that starts no later than `by`, else of its first; -1 for none."""
        place = np.searchsorted(self._numbers, wanted, "left")
        count = self.count(wanted)
        repeated = np.flatnonzero(count > 1)
        if len(repeated):
            place[repeated] = np.maximum(place[repeated], self._before(wanted[repeated], by[repeated]))
        return self._entries(place, count > 0)

    def ranked(self, wanted: IndexArray, rank: IndexArray) -> IndexArray:
        """Position of the entry of each number that is the `rank`-th by its start; -1 where there are not so many."""
        return self._entries(np.searchsorted(self._numbers, wanted, "left") + rank, self.count(wanted) > rank)

    def ranks(self, wanted: IndexArray) -> IndexArray:
        """How many entries of the same number come before each of these entries, which are all of them in order."""
        rank = np.empty(len(self._order), dtype=np.int64)
        rank[self._order] = np.arange(len(rank)) - np.searchsorted(self._numbers, self._numbers, "left")
        return rank[: len(wanted)]

    def _entries(self, place: IndexArray, known: NDArray[np.bool_]) -> IndexArray:
        if not len(self._order):
            return np.full(len(place), _NONE, dtype=np.int64)
        found: IndexArray = np.where(known, self._order[np.minimum(place, len(self._order) - 1)], _NONE)
        return found

    def _before(self, wanted: IndexArray, by: IndexArray) -> IndexArray:
        """Place in sorted order of the last entry at or before each (number, time), whatever its number."""
        size = len(self._order)
        kind = np.concatenate((np.zeros(size, np.int8), np.ones(len(wanted), np.int8)))
        order = np.lexsort((kind, np.concatenate((self._start, by)), np.concatenate((self._numbers, wanted))))
        seen = np.maximum.accumulate(np.where(order < size, order, _NONE))
        place = np.empty(len(wanted), dtype=np.int64)
        asked = order >= size
        place[order[asked] - size] = seen[asked]
        return place


def launch_of(correlation: IndexArray, start: IndexArray, host: Numbered, *, drift: int) -> IndexArray:
    """Host call that launched each device event, -1 where none has its correlation.

    Of calls with the same correlation, as many as device events have it, each launched one in turn; else the last
    that began before the device event. Correlation 0 is none, as RCCL's kernels have it, unless it is used once.

    Parameters
    ----------
    correlation, start : array of int
        Of the device events.
    host : Numbered
        Host calls by their correlations.
    drift : int
        How far the device's clock may be behind. [ns]
    """
    events = Numbered(correlation, start)
    shared, launches = events.count(correlation), host.count(correlation)
    wanted = np.where((local_number(correlation) == 0) & ((shared > 1) | (launches > 1)), _NONE, correlation)
    in_turn = host.ranked(wanted, events.ranks(correlation))
    launch: IndexArray = np.where(shared == launches, in_turn, host.latest(wanted, start + drift))
    return np.where(wanted >= 0, launch, _NONE)
