"""Two sequences lined up by what their elements are: calls of a run, and the operators of a graph that it should be.

What both have equally many of belongs together in its order. Between two such pairs that follow one another in both,
the same holds for what both have equally many of there, and for as long as the two go on alike from either end; the
last of these is left out, since what follows it differs. What is then still alone is in one of them only, or cannot be
told: fused operators, other versions of a library, a head that the graph has not.

Where that is not the order of both, the calls may be a window that begins within the graph and goes on as it does, over
and over. They are then walked side by side: where they part, what is left out of either is the least after which some
are alike again; an element before it that is also among what is left out may be either, and has no place.
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
# Elements of so many kinds that go on alike from the beginning or the end of both are no chance.
_KINDS = 4
# Share of a window that must be as the graph is; elements by which its beginning is found.
_ALIKE, _FIRST = 0.9, 256
# Elements that are left out at once at most, and those that must be alike after them.
_LEFT_OUT, _AGAIN = 24, 6
_Elements = Sequence[Hashable]
_Pair = tuple[int, int]


def line_up(run: _Elements, graph: _Elements, runs: int = 1) -> IndexArray:
    """Position in `graph` of each element of `run`, -1 for those that have none, shape (len(run),).

    Parameters
    ----------
    run, graph : sequence of hashable
    runs : int
        Times that the run goes through the graph, rounded up.
    """
    pairs = _paired(run, [*graph] * runs)
    if len(_in_order(pairs)) < _ALIKE * len(run) and graph:
        walked = max((_walked(run, graph, begin) for begin in _beginnings(run, graph)), key=len)
        pairs = walked if len(walked) >= max(_ALIKE * len(run), len(pairs)) else pairs
    placed: IndexArray = np.full(len(run), _NONE, dtype=np.int64)
    placed[list(pairs)] = [place % len(graph) for place in pairs.values()]
    return placed


def _paired(run: _Elements, graph: _Elements) -> dict[int, int]:
    """Positions in both of what belongs together."""
    pairs = dict(_equally_many(run, graph, range(len(run)), range(len(graph))))
    for _ in range(_ROUNDS):
        taken = set(pairs.values())
        found: dict[int, int] = {}
        for (begin, first), (end, last) in pairwise([(_NONE, _NONE), *_in_order(pairs), (len(run), len(graph))]):
            own = [place for place in range(begin + 1, end) if place not in pairs]
            other = [place for place in range(first + 1, last) if place not in taken]
            if own and other:
                ends = begin == _NONE, end == len(run)
                found |= dict(_between(run, graph, own, other, ends))
        if not found:
            break
        pairs |= found
    return pairs


def _beginnings(run: _Elements, graph: _Elements) -> set[int]:
    """Places of a graph that a run may begin at: its first, and that from which the two are most alike."""
    numbers: dict[Hashable, int] = {}
    own, other = (np.array([numbers.setdefault(each, len(numbers)) for each in elements]) for elements in (run, graph))
    first = np.arange(min(len(own), _FIRST))
    alike = [np.count_nonzero(own[first] == other[(first + begin) % len(other)]) for begin in range(len(other))]
    return {0, int(np.argmax(alike))}


def _walked(run: _Elements, graph: _Elements, begin: int) -> dict[int, int]:
    """Positions in both along a walk through a run, and through a graph over and over from some place of it on."""
    pairs: dict[int, int] = {}
    place, at = 0, begin
    while place < len(run):
        if run[place] == graph[at % len(graph)]:
            pairs[place] = at
            place, at = place + 1, at + 1
            continue
        own, other = _least_left_out(run, graph, place, at)
        left = {*run[place : place + own], *(graph[(at + more) % len(graph)] for more in range(other))}
        if place and run[place - 1] in left:
            pairs.pop(place - 1, None)
        place, at = place + own, at + other
        if len(pairs) < _ALIKE * place - _FIRST:
            return {}
    return pairs


def _least_left_out(run: _Elements, graph: _Elements, place: int, at: int) -> tuple[int, int]:
    """Fewest elements of both after which they are alike again; one of the run where they are not soon."""
    for together in range(1, _LEFT_OUT + 1):
        for own in range(together + 1):
            there, then = place + own, at + together - own
            ahead = min(_AGAIN, len(run) - there)
            if all(run[there + more] == graph[(then + more) % len(graph)] for more in range(ahead)):
                return own, together - own
    return 1, 0


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


def _between(
    run: _Elements, graph: _Elements, own: list[int], other: list[int], ends: tuple[bool, bool]
) -> Iterator[_Pair]:
    """Pairs among elements of both that lie between the same two pairs, or one and the beginning or end of both."""
    found = dict(_equally_many(run, graph, own, other))
    if found:
        yield from found.items()
        return
    first = _alike(run, graph, own, other, _KINDS if ends[0] else 0)
    yield from first
    rest = own[len(first) :][::-1], other[len(first) :][::-1]
    yield from _alike(run, graph, *rest, _KINDS if ends[1] else 0)


def _alike(run: _Elements, graph: _Elements, own: list[int], other: list[int], kinds: int) -> list[_Pair]:
    """As long as the two go on alike, but for the last; none where these are elements of too few kinds."""
    same = 0
    while same < min(len(own), len(other)) and run[own[same]] == graph[other[same]]:
        same += 1
    found = list(zip(own[: max(same - 1, 0)], other, strict=False))
    return found if len({run[place] for place, _ in found}) >= kinds else []
