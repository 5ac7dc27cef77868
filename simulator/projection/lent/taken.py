"""What a graph gave to a trace, and what stayed without."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from simulator.projection.operator_times import can_predict
from tracer.graph import IndexArray, Op, OpGraph
from tracer.operators import Kind, is_free

from .lined_up import line_up

__all__ = ["Key", "ShapesTaken", "apart_of", "best_of", "launching", "runs_of"]

Key = Kind | str
"""What operators are lined up as."""
# How far the rounding of large sizes to whole blocks goes.
_ROUNDED = 0.05
# Operators that a line names.
_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapesTaken:
    """What a graph gave to a trace.

    Attributes
    ----------
    runs : int
        Times that the trace runs the graph: calls of most operators over those of the graph.
    calls : int
        Calls, or kernels of no operator, with shapes of the graph.
    share : float
        Share of the device time that they took. [1]
    apart : mapping of str to (int, int, int)
        Operator of both -> its calls in the trace, those in as many runs of the graph, and those lined up, where some
        are not.
    strange : mapping of str to float
        What the graph does not have -> share of the device time, the largest first. [1]
    elements : float or None
        Elements that the trace's elementwise kernels walk, by their names and grids, over those of the graph's tensors,
        the median: away from 1 where the graph has another batch. Without operators, those that tiles of products
        cover. None where there are no such kernels. [1]
    """

    runs: int
    calls: int
    share: float
    apart: Mapping[str, tuple[int, int, int]]
    strange: Mapping[str, float]
    elements: float | None

    @property
    def other_batch(self) -> bool:
        """Whether the graph's tensors are not as large as the trace's."""
        return self.elements is not None and abs(self.elements - 1.0) > _ROUNDED

    def lines(self) -> tuple[str, ...]:
        """What to say of it."""
        said = [
            f"recorded without shapes: {self.calls} calls, {self.share:.1%} of the device time, have those of the "
            f"graph, run {self.runs} times"
        ]
        if self.other_batch:
            said.append(
                f"the trace's kernels go through {self.elements:.3g} times as many elements as tensors of the graph "
                "have: give the graph of its batch"
            )
        for name, (calls, own, found) in self.apart.items():
            said.append(
                f"{name}: {found} of {calls} calls lined up with the graph's {own}, the others are without shapes"
            )
        some = list(self.strange.items())[:_NAMED]
        if some:
            rest = f", and {len(self.strange) - len(some)} more" if len(self.strange) > len(some) else ""
            names = ", ".join(f"{name} ({share:.1%})" for name, share in some)
            said.append(f"not in the graph: {names}{rest} of the device time")
        return tuple(said)

    def to_dict(self) -> dict[str, Any]:
        """Plain form for JSON."""
        return asdict(self)


def runs_of(own: Sequence[Key], keys: Sequence[Key]) -> int:
    """Runs of the graph: what the calls of most operators say, whole or rounded."""
    calls, of_graph = Counter(own), Counter(keys)
    ratios = [calls[key] / count for key, count in of_graph.items() if calls[key]]
    whole = Counter(int(ratio) for ratio in ratios if ratio == int(ratio))
    if whole:
        return whole.most_common(1)[0][0]
    return max(math.ceil(float(np.median(ratios))), 1) if ratios else 1


def best_of(
    graphs: Iterable[tuple[list[Op], list[Key]]], own: Sequence[Key]
) -> tuple[list[Op], list[Key], int, IndexArray]:
    """Of some forms of a graph the first that most calls line up with: its operators, what they are lined up as, the
    runs, and the place in it of each call, -1 for none.
    """
    tried = [(ops, keys, runs, line_up(own, keys, runs)) for ops, keys in graphs for runs in [runs_of(own, keys)]]
    return max(tried, key=lambda found: int(np.count_nonzero(found[-1] >= 0)))


def apart_of(own: Sequence[Key], keys: Sequence[Key], placed: IndexArray) -> dict[str, tuple[int, int, int]]:
    """Calls in the trace and in the graph and those lined up, of what is not lined up whole."""
    calls, of_graph = Counter(own), Counter(keys)
    found = Counter(key for key, place in zip(own, placed.tolist(), strict=True) if place >= 0)
    return {_label(key): (calls[key], of_graph[key], found[key]) for key in of_graph if found[key] < calls[key]}


def launching(graph: OpGraph) -> list[Op]:
    """Operators of a run that launch something."""
    runs = [stage.operators.tolist() * stage.repeats for stage in graph.stages]
    able = [can_predict(op) and not is_free(op.name) for op in graph.operators]
    return [graph.operators[number] for run in runs for number in run if able[number]]


def _label(key: Key) -> str:
    return key.name.lower() if isinstance(key, Kind) else key
