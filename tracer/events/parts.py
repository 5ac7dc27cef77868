"""Parts of a run: what annotations name, and the steps that repeat with what comes before and after them.

Annotations are those of the run's author (``torch.profiler.record_function``, NVTX ranges) and of the profiler
(``ProfilerStep#3``). Without any, the steps of a diffusion model or the tokens of a language model are found as the
longest stretch of operator calls that repeats itself: layers repeat too, but only within a step.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracer.annotations import Annotation
from tracer.graph import IndexArray
from tracer.operators import is_free
from tracer.trace import Trace, TraceFormatError

from .selection import selected

__all__ = ["AFTER", "BEFORE", "STEP", "TracePart", "part_of", "parts_of"]

#: Names of the parts of a run that repeats itself.
BEFORE, STEP, AFTER = "before steps", "step", "after steps"
_PATTERN, _STAGE, _NAMED = "repetition", "stage", "annotation"
# Periods that are tried, and the part of the longest stretch that a shorter period must reach to be taken.
_MOST_PERIODS = 64
_NEARLY = 0.98
_FEWEST_CALLS = 3
_NUMBERED = re.compile(r"[#:\s_-]*\d+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class TracePart:
    """Part of a run, which may have been run several times.

    Attributes
    ----------
    name : str
    basis : str
        How it was found.
    spans : tuple of (float, float)
        Begin and end of each run on the host. [s]
    labels : tuple of str
        What each run is called by itself, where it has a name of its own: ``ProfilerStep#3``.
    """

    name: str
    basis: str
    spans: tuple[tuple[float, float], ...]
    labels: tuple[str, ...] = ()


def parts_of(trace: Trace) -> tuple[TracePart, ...]:
    """Parts of a trace in the order of their first runs, by annotations, stages and repetition; none without times."""
    calls = trace.calls
    if not len(calls) or not np.isfinite(calls.start).all():
        return ()
    return tuple(each for find in (_annotated, _stages, _steps) for each in find(trace))


def part_of(trace: Trace, name: str) -> tuple[Trace, int]:
    """Part of a trace by its name, and the number of its runs: ``step 3`` for one of them, ``step`` for all.

    Raises
    ------
    TraceFormatError
        There is no such part.
    """
    parts = parts_of(trace)
    for part in parts:
        if name == part.name:
            return selected(trace, part.spans, name), len(part.spans)
        if name in part.labels:
            return selected(trace, [part.spans[part.labels.index(name)]], name), 1
        number = name.removeprefix(part.name).strip().removeprefix("#")
        if name.startswith(part.name) and number.isdecimal() and 1 <= int(number) <= len(part.spans):
            return selected(trace, [part.spans[int(number) - 1]], name), 1
    known = ", ".join(f"{p.name} (1 to {len(p.spans)})" if len(p.spans) > 1 else p.name for p in parts)
    raise TraceFormatError(f"{trace.label}: has no part {name!r}; it has {known or 'none'}")


def _stages(trace: Trace) -> Iterator[TracePart]:
    """Stages of the trace's own annotations."""
    calls = trace.calls
    for number, name in enumerate(trace.stages):
        rows = np.flatnonzero(calls.stage == number)
        if len(rows):
            yield TracePart(name=name, basis=_STAGE, spans=tuple(_runs(trace, rows)))


def _runs(trace: Trace, rows: IndexArray) -> Iterator[tuple[float, float]]:
    """Spans of calls of one stage between which there is no call of another."""
    order = np.argsort(trace.calls.start, kind="stable")
    inside = np.zeros(len(order), dtype=np.bool_)
    inside[rows] = True
    edges = np.flatnonzero(np.diff(np.concatenate([[False], inside[order], [False]]).astype(np.int64)))
    ends = trace.calls.start + trace.calls.duration
    for first, after in edges.reshape(-1, 2).tolist():
        chosen = order[first:after]
        yield float(trace.calls.start[chosen[0]]), float(ends[chosen].max())


def _steps(trace: Trace) -> Iterator[TracePart]:
    """What repeats itself, and what comes before and after."""
    rows = _outermost(trace)
    start, end = trace.calls.start[rows], trace.calls.start[rows] + trace.calls.duration[rows]
    found = _repetition(trace.calls.operator[rows], [op.name for op in trace.operators])
    if found is None:
        return
    period, first, length = found
    count = length // period
    shift = _phase(trace.calls.operator[rows], start, end, found)
    edges = [first + shift + step * period for step in range(count + 1)]
    times = [float(start[edge]) if edge < len(start) else float(end.max()) + 1e-9 for edge in edges]
    if edges[0] > 0:
        yield TracePart(name=BEFORE, basis=_PATTERN, spans=((float(start[0]), times[0]),))
    yield TracePart(name=STEP, basis=_PATTERN, spans=tuple(itertools.pairwise(times)))
    if edges[-1] < len(rows):
        yield TracePart(name=AFTER, basis=_PATTERN, spans=((times[-1], float(end.max()) + 1e-9),))


def _phase(
    operators: IndexArray, start: NDArray[np.float64], end: NDArray[np.float64], found: tuple[int, int, int]
) -> int:
    """Calls of the stretch before its first step, where it has more than a whole number of steps.

    Steps begin where most of their calls are alike with their shapes too, then where the host takes longest.
    """
    period, first, length = found
    count, spare = length // period, length % period
    gaps = np.concatenate([[0.0], np.maximum(start[1:] - end[:-1], 0.0)])
    alike = np.concatenate([[0], np.cumsum(operators[period:] == operators[:-period])])

    def fitness(shift: int) -> tuple[int, float]:
        begin, stop = first + shift, first + shift + count * period
        return int(alike[stop - period] - alike[begin]), float(np.median(gaps[begin + period : stop : period]))

    return max(range(spare + 1), key=fitness)


def _outermost(trace: Trace) -> IndexArray:
    """Calls at the outermost level that do not only describe data, in the order in which they began."""
    silent = np.array([is_free(op.name) for op in trace.operators], dtype=np.bool_)
    rows = np.flatnonzero((trace.calls.parent < 0) & ~silent[trace.calls.operator])
    return rows[np.argsort(trace.calls.start[rows], kind="stable")]


def _repetition(operators: IndexArray, names: Sequence[str]) -> tuple[int, int, int] | None:
    """(period, first call, calls) of the longest stretch that repeats itself at least once; None where none does.

    Only the names of operators count: shapes may grow with each step.
    """
    number = {name: i for i, name in enumerate(dict.fromkeys(names))}
    code = np.array([number[name] for name in names], dtype=np.int64)[operators] if len(operators) else operators
    stretches = [(period, *_longest(code[period:] == code[:-period], period)) for period in _periods(code)]
    stretches = [each for each in stretches if each[2] >= 2 * each[0] and each[0] >= _FEWEST_CALLS]
    if not stretches:
        return None
    most = max(length for _, _, length in stretches)
    return min((each for each in stretches if each[2] >= _NEARLY * most), key=lambda each: each[0])


def _periods(code: IndexArray) -> list[int]:
    """Distances between calls of one operator that occur most, those of rare operators first."""
    places: defaultdict[int, list[int]] = defaultdict(list)
    for place, each in enumerate(code.tolist()):
        places[each].append(place)
    weight: Counter[int] = Counter()
    for where in places.values():
        for distance in np.diff(where).tolist():
            # A rare operator says more of a step: its distances are that, and not those of layers.
            weight[distance] += distance
    return [period for period, _ in weight.most_common(_MOST_PERIODS)]


def _longest(alike: NDArray[np.bool_], period: int) -> tuple[int, int]:
    """Where the longest run of equal calls begins, and how many calls it covers with the period."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], alike, [False]]).astype(np.int64)))
    if not len(edges):
        return 0, 0
    begins, ends = edges.reshape(-1, 2).T
    best = int(np.argmax(ends - begins))
    return int(begins[best]), int(ends[best] - begins[best]) + period


def _annotated(trace: Trace) -> Iterator[TracePart]:
    """What annotations name; those that differ in a number at their end are runs of one part."""
    groups: defaultdict[str, list[Annotation]] = defaultdict(list)
    for each in trace.annotations:
        groups[_NUMBERED.sub("", each.name) or each.name].append(each)
    for name, rows in groups.items():
        yield TracePart(
            name=name,
            basis=_NAMED,
            spans=tuple((row.start, row.start + row.duration) for row in rows),
            labels=tuple(row.name for row in rows),
        )
