"""Pairs of published runs that differ in one thing alone."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from simulator.uncertainty.ratios import CHANGES

from .run import Run

__all__ = ["Pair", "pairs_of"]


class Pair(NamedTuple):
    """Two runs of one source, and the position in :data:`~simulator.uncertainty.ratios.CHANGES` of what differs."""

    first: Run
    second: Run
    differs: int

    @property
    def change(self) -> str:
        """Kind of thing that differs."""
        return CHANGES[self.differs]


def pairs_of(runs: Sequence[Run]) -> Iterator[Pair]:
    """All pairs of runs that differ in one of :data:`~simulator.uncertainty.ratios.CHANGES` alone."""
    groups: dict[tuple[object, ...], list[Run]] = {}
    for run in runs:
        groups.setdefault(run.shared, []).append(run)
    for group in groups.values():
        for first, second in itertools.combinations(group, 2):
            differs = [at for at, (a, b) in enumerate(zip(first.values, second.values, strict=True)) if a != b]
            if len(differs) == 1 and _may_be_one_release(first, second):
                yield Pair(first, second, differs[0])


def _may_be_one_release(first: Run, second: Run) -> bool:
    """Whether two runs are of one release of the framework, as far as their source says."""
    releases = {run.case.software for run in (first, second)} - {""}
    return len(releases) <= 1
