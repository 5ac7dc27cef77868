"""Kernel time by what it is spent on, under two attributions.

*By operator*: attention is the attention operator alone (its fused kernel, or the products, softmax and copies that
stand in for it); the projections of its queries, keys, values and outputs are linear.

*By module*: attention is everything that an attention module runs, projections and layout copies included. Profilers
that link kernels to modules by hooks on their forward functions count so; the other is always shown beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.lowering import CATEGORIES, category_of
from simulator.schedule.timeline import StageTimeline
from simulator.simulation import Simulation
from tracer.graph import OpGraph, Stage

__all__ = [
    "ATTRIBUTIONS",
    "KINDS",
    "PARTS",
    "LaunchTimes",
    "attention_modules",
    "is_attention",
    "launch_times",
]

FloatArray = NDArray[np.float64]

ATTRIBUTIONS = ("operator", "module")
KINDS = ("spatial", "temporal")
"""Attention over the pixels of a frame, and over the frames at a pixel."""
GROUP_NORM = "group_norm"
PARTS = tuple(part for name in CATEGORIES for part in ((GROUP_NORM, name) if name == "normalization" else (name,)))
"""Categories of :mod:`simulator.lowering`, with group norm apart from the other normalizations."""

_ATTENTION = "attention_"
_CONTRACTIONS = ("convolution", "linear")


def is_attention(part: str) -> bool:
    """Whether a part of the kernel time is attention of any kind."""
    return part.startswith(_ATTENTION)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LaunchTimes:
    """Every launch position of a run, its repeats summed; arrays of shape (num_launches,).

    Attributes
    ----------
    stage, module : array of str
        Stage, and path of the module that made the call.
    operator, owner : array of str
        Part of the time by operator and by module.
    time : array
        Execution on the device; waiting for the host is no kernel time. [s]
    flops : array
        Matrix FLOPs. [FLOP]
    bytes : array
        Compulsory traffic of the kernels. [B]
    """

    stage: NDArray[np.str_]
    module: NDArray[np.str_]
    operator: NDArray[np.str_]
    owner: NDArray[np.str_]
    time: FloatArray
    flops: FloatArray
    bytes: FloatArray

    @property
    def total(self) -> float:
        """Kernel time of the run. [s]"""
        return float(self.time.sum())

    def parts(self, attribution: str) -> NDArray[np.str_]:
        """Part of each launch under one of :data:`ATTRIBUTIONS`."""
        return self.operator if attribution == "operator" else self.owner

    def by_part(self, attribution: str) -> dict[str, float]:
        """Kernel time of each part that occurs, in the order of :data:`PARTS`. [s]"""
        found = self.parts(attribution)
        return {part: float(self.time[found == part].sum()) for part in PARTS if (found == part).any()}

    def attention_time(self, attribution: str) -> float:
        """Kernel time of attention of all kinds. [s]"""
        return sum(time for part, time in self.by_part(attribution).items() if is_attention(part))


def launch_times(simulation: Simulation) -> LaunchTimes:
    """Launches of a simulation with the parts that they belong to."""
    timeline = simulation.timeline
    graph, table = timeline.launches.graph, timeline.launches.kernels
    stages = timeline.stages
    modules = [np.array(graph.modules)[s.launches.stage.modules[s.launches.calls]] for s in stages]
    return LaunchTimes(
        stage=np.concatenate([np.full(len(m), s.launches.stage.name) for s, m in zip(stages, modules, strict=True)]),
        module=np.concatenate(modules),
        operator=np.concatenate([_operator_parts(graph, s) for s in stages]),
        owner=np.concatenate([_owner_parts(graph, s) for s in stages]),
        time=np.concatenate([s.execution for s in stages]),
        flops=np.concatenate([_summed(table.matrix_flops, s) for s in stages]),
        bytes=np.concatenate([_summed(table.bytes, s) for s in stages]),
    )


def _summed(column: FloatArray, stage: StageTimeline) -> FloatArray:
    summed: FloatArray = column[stage.launches.rows].sum(axis=0) * stage.launches.launches_per_variant
    return summed


def _operator_parts(graph: OpGraph, stage: StageTimeline) -> NDArray[np.str_]:
    operators = stage.launches.stage.operators[stage.launches.calls]
    names = [graph.operators[i].name for i in operators]
    parts = [
        GROUP_NORM if category == "normalization" and "group_norm" in name else category
        for category, name in zip(stage.launches.categories, names, strict=True)
    ]
    return np.array(parts, dtype=np.str_)


def _owner_parts(graph: OpGraph, stage: StageTimeline) -> NDArray[np.str_]:
    owners = attention_modules(graph, stage.launches.stage)
    indices = stage.launches.stage.modules[stage.launches.calls]
    kinds = {int(i): _nearest(graph.modules[i], owners) for i in set(indices.tolist())}
    parts = _operator_parts(graph, stage)
    return np.array([kinds[int(i)] or part for i, part in zip(indices, parts.tolist(), strict=True)], dtype=np.str_)


def attention_modules(graph: OpGraph, stage: Stage) -> dict[str, str]:
    """Attention modules of a stage with the part (kind) of attention that each one runs.

    An attention module is the widest module around an attention call that holds no other attention and no other
    product or convolution: it has the projections, and the norm and copies that only serve the attention.
    """
    kinds: dict[str, str] = {}
    contracting: set[str] = set()
    for operator, module in set(zip(stage.operators.tolist(), stage.modules.tolist(), strict=True)):
        path = graph.modules[module]
        category = category_of(graph.operators[operator], path)
        if is_attention(category):
            kinds[path] = category
        if is_attention(category) or category in _CONTRACTIONS:
            contracting.add(path)
    below = Counter(ancestor for path in contracting for ancestor in _ancestors(path))
    return {_widest(path, below): kind for path, kind in kinds.items()}


def _ancestors(path: str) -> Iterator[str]:
    """The path itself, then each path above it, the component's own excepted."""
    while "." in path:
        yield path
        path = path.rpartition(".")[0]


def _widest(path: str, below: Counter[str]) -> str:
    wanted = below[path]
    return [above for above in _ancestors(path) if below[above] == wanted][-1] if wanted else path


def _nearest(path: str, owners: Mapping[str, str]) -> str | None:
    """Kind of the attention module that a path lies in, or None."""
    return next((owners[above] for above in _ancestors(path) if above in owners), None)
