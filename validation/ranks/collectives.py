"""Messages between ranks in measured traces: what moves, and what waits.

A kernel of NCCL or RCCL runs from when its rank arrives until the message is through. Of the ranks of one message the
last to arrive waits for nobody: its kernel, the shortest, is the time to move the message, and what the kernels of the
others take longer they waited. That needs no common clock, only the ranks' kernels in the same order.

One rank's file has neither: what a kernel takes beyond the predicted time of its message is waiting or a slower link,
and cannot be told apart. The shortest of several equal messages bounds the time to move one from above.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tracer.events.attribution import Attribution
from tracer.events.kernel_names import COLLECTIVE, named_work
from tracer.graph import Op
from tracer.operators import COLLECTIVES, kind_of

__all__ = ["CollectiveTime", "collective_times"]

_Kernels = Mapping[str, list[tuple[float, int]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectiveTime:
    """Messages of one kind, size and number of ranks. Times in seconds, of all calls together.

    Attributes
    ----------
    message : str
        Operator, elements, dtype and ranks; the kernel's name where no operator says them.
    calls : int
        Of one rank.
    ranks : int
        Ranks whose kernels are at hand; where it is 1, waiting cannot be told from a slower link.
    measured : float
        Mean over these ranks.
    predicted : float or None
        Time to move the messages.
    moving, waiting : float or None
        The shortest kernel of each message, and what the kernels of the other ranks take longer, mean over all ranks.
        None with one rank, where the ranks sent different numbers of messages, and where more ranks are at hand than
        take part in one, so that they are of several groups.
    beyond : float or None
        Part of `measured` beyond `predicted`: waiting, or a slower link.
    at_most : float
        What moving all of them takes at most: as long as the shortest each.
    """

    message: str
    calls: int
    ranks: int
    measured: float
    predicted: float | None
    moving: float | None
    waiting: float | None
    beyond: float | None
    at_most: float


def collective_times(
    attributions: Sequence[Attribution], predicted: Callable[[Sequence[Op]], Sequence[float]]
) -> tuple[CollectiveTime, ...]:
    """Messages of the ranks of one run, from those that take longest.

    Parameters
    ----------
    attributions : sequence of Attribution
        One for each file; each device of a file is a rank.
    predicted : callable
        Time to move each of some messages, NaN where it has no prediction. [s]
    """
    times: dict[str, tuple[float | None, int]] = {}
    ranks = [rank for attribution in attributions for rank in _ranks(attribution, predicted, times)]
    found = [
        _times(message, [rank[message] for rank in ranks if message in rank], *times.get(message, (None, 0)))
        for message in dict.fromkeys(message for rank in ranks for message in rank)
    ]
    return tuple(sorted(found, key=lambda row: -row.measured))


def _ranks(
    attribution: Attribution,
    predicted: Callable[[Sequence[Op]], Sequence[float]],
    times: dict[str, tuple[float | None, int]],
) -> Iterator[_Kernels]:
    """(duration [s], repeats) of the kernels of each message in their order, for each device of a file."""
    trace = attribution.trace
    kernels = trace.kernels
    operators = _operators(attribution)
    named = np.array([named_work(name).kind == COLLECTIVE for name in trace.kernel_names], dtype=np.bool_)
    collective = np.array([kind_of(op.name) in COLLECTIVES for op in trace.operators], dtype=np.bool_)
    messages = {i: _label(op) for i, op in enumerate(trace.operators) if collective[i]}
    moving = predicted([trace.operators[i] for i in messages]) if messages else ()
    for (i, label), time in zip(messages.items(), moving, strict=True):
        times[label] = (time if time > 0 else None, _size(trace.operators[i]))
    of_operator = collective[np.maximum(operators, 0)] & (operators >= 0) if len(collective) else operators > 0
    rows = np.flatnonzero(of_operator | named[kernels.name])
    rows = rows[np.argsort(kernels.start[rows], kind="stable")]
    found: defaultdict[int, defaultdict[str, list[tuple[float, int]]]] = defaultdict(lambda: defaultdict(list))
    for row in rows.tolist():
        message = messages.get(int(operators[row])) or trace.kernel_names[kernels.name[row]]
        entry = (float(kernels.duration[row]), int(kernels.repeats[row]))
        found[int(kernels.device[row])][message].append(entry)
    yield from found.values()


def _operators(attribution: Attribution) -> np.ndarray:
    """Operator that answers for each device event, -1 for none."""
    if not len(attribution.calls):
        return np.full(len(attribution.owner), -1)
    return np.where(attribution.owner >= 0, attribution.operators[np.maximum(attribution.owner, 0)], -1)


def _size(op: Op) -> int:
    """Ranks that take part in a message, 0 where it does not say."""
    size = op.attribute("group_size") or op.attribute("num_gpus")
    return size if isinstance(size, int) else 0


def _label(op: Op) -> str:
    size, dtype = (op.inputs[0].numel, op.inputs[0].dtype) if op.inputs else (0, "")
    between = f", {ranks} ranks" if (ranks := _size(op)) else ""
    return f"{op.name.rpartition('::')[2].strip('_')} of {size:,} x {dtype}{between}"


def _times(message: str, ranks: Sequence[Sequence[tuple[float, int]]], one: float | None, size: int) -> CollectiveTime:
    durations = [np.array([duration for duration, _ in rank]) for rank in ranks]
    repeats = [np.array([count for _, count in rank]) for rank in ranks]
    calls = int(repeats[0].sum())
    alike = len({len(rank) for rank in ranks}) == 1 and all((r == 1).all() for r in repeats)
    alike = alike and 1 < len(ranks) <= (size or len(ranks))
    moving = float(np.min(durations, axis=0).sum()) if alike else None
    measured = float(np.mean([(d * r).sum() for d, r in zip(durations, repeats, strict=True)]))
    beyond = None
    if one is not None:
        beyond = float(np.mean([(np.maximum(d - one, 0.0) * r).sum() for d, r in zip(durations, repeats, strict=True)]))
    return CollectiveTime(
        message=message,
        calls=calls,
        ranks=len(ranks),
        measured=measured,
        predicted=None if one is None else one * calls,
        moving=moving,
        waiting=None if moving is None else measured - moving,
        beyond=beyond,
        at_most=calls * min(float(d.min()) for d in durations),
    )
