"""Two sequences lined up by what their elements are: calls of a run, and the operators of a graph that it should be.

What both have equally many of belongs together in its order. Between two such pairs that follow one another in both,
the same holds for what both have equally many of there, and for as long as the two go on alike from either end; the
last of these is left out, since what follows it differs. What is then still alone is in one of them only, or cannot be
told: fused operators, other versions of a library, a head that the graph has not.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np

from tracer.graph import IndexArray

__all__ = ["line_up"]

_NONE = -1
# Rounds after which what is still alone stays so.
_ROUNDS = 8
_Elements = Sequence[Hashable]
_Pair = tuple[int, int]


def line_up(run: _Elements, graph: _Elements) -> IndexArray:
    """Position in `graph` of each element of `run`, -1 for those that have none, shape (len(run),)."""
    pairs = dict(_equally_many(run, graph, range(len(run)), range(len(graph))))
    for _ in range(_ROUNDS):
        taken = set(pairs.values())
        found: dict[int, int] = {}
        for (begin, first), (end, last) in pairwise([(_NONE, _NONE), *_in_order(pairs), (len(run), len(graph))]):
            own = [place for place in range(begin + 1, end) if place not in pairs]
            other = [place for place in range(first + 1, last) if place not in taken]
            if own and other:
                found |= dict(_between(run, graph, own, other))
        if not found:
            break
        pairs |= found
    placed: IndexArray = np.full(len(run), _NONE, dtype=np.int64)
    placed[list(pairs)] = list(pairs.values())
    return placed


def _equally_many(run: _Elements, graph: _Elements, own: Iterable[int], other: Iterable[int]) -> Iterator[_Pair]:
    """Pairs of what there is equally often among some elements of both."""
    places = _places(graph, other)
    for element, found in _places(run, own).items():
        if len(found) == len(places.get(element, ())):
            yield from zip(found, places[element], strict=True)


def _places(elements: _Elements, among: Iterable[int]) -> Mapping[Hashable, list[int]]:
    found: defaultdict[Hashable, list[int]] = defaultdict(list)
    for place in among:
        found[elements[place]].append(place)
    return found


def _in_order(pairs: Mapping[int, int]) -> list[_Pair]:
    """Most pairs that follow one another in both: the longest increasing subsequence."""
    ordered = sorted(pairs.items())
    ends: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for place, (_, graph) in enumerate(ordered):
        length = bisect_left(ends, graph)
        before.append(last[length - 1] if length else _NONE)
        ends[length : length + 1], last[length : length + 1] = [graph], [place]
    chain, place = [], last[-1] if last else _NONE
    while place != _NONE:
        chain.append(ordered[place])
        place = before[place]
    return chain[::-1]


def _between(run: _Elements, graph: _Elements, own: list[int], other: list[int]) -> Iterator[_Pair]:
    """Pairs among elements of both that lie between the same two pairs."""
    found = dict(_equally_many(run, graph, own, other))
    if found:
        yield from found.items()
        return
    first = _alike(run, graph, own, other)
    yield from first
    yield from _alike(run, graph, own[len(first) :][::-1], other[len(first) :][::-1])


def _alike(run: _Elements, graph: _Elements, own: list[int], other: list[int]) -> list[_Pair]:
    """As long as the two go on alike, but for the last."""
    same = 0
    while same < min(len(own), len(other)) and run[own[same]] == graph[other[same]]:
        same += 1
    return list(zip(own[: max(same - 1, 0)], other, strict=False))
