"""Lowering of a whole graph: distinct kernels once, and every stage as a sequence of launches."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hw_specs.reading.identity import Same
from simulator.execution import Execution
from simulator.kernels import Collective, Kernel, KernelTables
from simulator.lowering.fusion.chains import fuse
from simulator.lowering.quantization import QuantizedWeights, quantized
from simulator.lowering.rules import kernels_of
from simulator.parallel.partition import partition
from simulator.work import FormulaError, UnsupportedOpError
from tracer.graph import GraphError, IndexArray, Op, OpGraph, Stage

from .categories import category_of, kernel_category
from .distinct import DistinctKernels
from .growth import interpolate
from .parts import parts_of

__all__ = ["Launches", "StageLaunches", "graph_as_run", "lower"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StageLaunches:
    """What one stage launches.

    Attributes
    ----------
    stage : Stage
    rows : ndarray of int, shape (variants, num_launches)
        Rows of the kernel tables as a whole. One variant where all repeats are alike, else one for each repeat.
    calls : ndarray of int, shape (num_launches,)
        Operator call that each launch belongs to; not decreasing.
    categories : tuple of str, length num_launches
    mode : str
        Execution mode.
    beside : ndarray of int
        Positions of launches that run at the same time as the next one that is none of them: keys on their way while
        others are attended to.
    """

    stage: Stage
    rows: IndexArray
    calls: IndexArray
    categories: tuple[str, ...]
    mode: str = "eager"
    beside: IndexArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    @property
    def launches_per_variant(self) -> float:
        """How often each variant runs."""
        return self.stage.repeats / len(self.rows)

    def shown(self, times: FloatArray) -> FloatArray:
        """Time that each launch takes of the device's, shape (num_launches, num_accelerators). [s]

        Parameters
        ----------
        times : ndarray, shape (num_launches, num_accelerators)
            Of each launch by itself. Those in a row that run beside the next one take what is left when that has
            ended. [s]
        """
        if not len(self.beside):
            return times
        shown = times.copy()
        first = np.flatnonzero(np.diff(self.beside, prepend=-2) > 1)
        last = np.append(first[1:], len(self.beside)) - 1
        together = np.add.reduceat(times[self.beside], first)
        shown[self.beside] = 0.0
        shown[self.beside[last]] = np.maximum(together - times[self.beside[last] + 1], 0.0)
        return shown


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Launches:
    """A lowered graph.

    Attributes
    ----------
    graph : OpGraph
    execution : Execution
    kernels : KernelTables
        Distinct kernels, with the number of launches in the whole run.
    stages : tuple of StageLaunches
    unmodelled : mapping of str to int
        Operators without a formula or rule, and how often they are called in the whole run.
    remarks : tuple of str
        Parts that run otherwise than was asked for.
    quantized : QuantizedWeights, optional
        Weights that a scheme of the execution changes; `graph` then has the operators of the scheme.
    """

    graph: OpGraph
    execution: Execution
    kernels: KernelTables
    stages: tuple[StageLaunches, ...]
    unmodelled: dict[str, int] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    quantized: QuantizedWeights | None = None


# Lowered graphs that are kept: one workload after another on many accelerators, or a few workloads in turn.
_KEPT = 8


def lower(graph: OpGraph, execution: Execution) -> Launches:
    """Kernels of every stage under an execution mode; those of the last few calls are kept.

    A growing stage is lowered at its first, middle and last repeat; extents, FLOPs and bytes of the repeats between
    are taken from the parabola through the three, which is exact for work that is constant, linear or quadratic in
    the length. Where several devices share the work, kernels are those of one of them.
    """
    return _lowered(Same(graph), execution)


@functools.lru_cache(maxsize=_KEPT)
def _lowered(same: Same[OpGraph], execution: Execution) -> Launches:
    graph, weights = _as_run(same.value, execution)
    lowering, parts = _Lowering(graph), parts_of(graph, execution)
    stages = tuple(lowering.stage(stage, parts.executions[stage.name]) for stage in graph.stages)
    table = lowering.columns.table()
    count = np.zeros(len(table))
    for stage in stages:
        np.add.at(count, stage.rows, stage.launches_per_variant)
    return Launches(
        graph=graph,
        execution=execution,
        kernels=table.with_count(count),
        stages=stages,
        unmodelled=dict(lowering.unmodelled),
        remarks=parts.remarks,
        quantized=weights,
    )


def graph_as_run(graph: OpGraph, execution: Execution) -> OpGraph:
    """Graph as one device runs it: its share of a split workload, with weights as they are quantised."""
    return _as_run(graph, execution)[0]


def _as_run(graph: OpGraph, execution: Execution) -> tuple[OpGraph, QuantizedWeights | None]:
    return quantized(partition(graph, execution.parallel), execution)


# Launches of a growing stage that are kept one by one, at 8 bytes each.
_MOST_LAUNCHES = 50_000_000


class _Lowering:
    """State of one call of :func:`lower`."""

    def __init__(self, graph: OpGraph) -> None:
        self.columns = DistinctKernels()
        self.unmodelled: Counter[str] = Counter()
        self._graph = graph

    def stage(self, stage: Stage, execution: Execution) -> StageLaunches:
        """Launches of one stage."""
        if stage.grown is None:
            ops = [self._graph.operators[i] for i in stage.operators]
            calls, kernels = self._sequence(stage, ops, execution, weight=stage.repeats)
            rows = np.array([[self.columns.row(k) for k in kernels]], dtype=np.int64)
        else:
            calls, kernels, rows = self._growing(stage, stage.grown, execution)
        at = np.array(calls, dtype=np.int64)
        categories = self._categories(stage, at, kernels)
        return StageLaunches(
            stage=stage, rows=rows, calls=at, categories=categories, mode=execution.mode, beside=_beside(kernels)
        )

    def _categories(self, stage: Stage, calls: IndexArray, kernels: Sequence[Kernel]) -> tuple[str, ...]:
        pairs = list(zip(stage.operators[calls].tolist(), stage.modules[calls].tolist(), strict=True))
        category = {
            pair: category_of(self._graph.operators[pair[0]], self._graph.modules[pair[1]]) for pair in set(pairs)
        }
        return tuple(kernel_category(kernel, category[pair]) for kernel, pair in zip(kernels, pairs, strict=True))

    def _growing(
        self, stage: Stage, grown: IndexArray, execution: Execution
    ) -> tuple[list[int], list[Kernel], IndexArray]:
        points = sorted({0, stage.repeats // 2, stage.repeats - 1})
        points = points if len(points) == 3 else [0, 0, stage.repeats - 1]
        sequences = []
        for position, point in enumerate(points):
            at = point / max(stage.repeats - 1, 1)
            ops = self._interpolated(stage, grown, at)
            weight = stage.repeats if position == 0 else 0
            sequences.append(self._sequence(stage, ops, execution, weight=weight))
        (calls, first), (_, middle), (_, last) = sequences
        if not len(first) == len(middle) == len(last):
            raise GraphError(f"stage {stage.name!r} launches {len(first)} kernels at first and {len(last)} at last")
        if stage.repeats * len(first) > _MOST_LAUNCHES:
            raise GraphError(
                f"stage {stage.name!r} grows over {stage.repeats} repeats of {len(first)} launches, too many to hold; "
                f"valid: up to {_MOST_LAUNCHES // len(first)} repeats"
            )
        rows = np.empty((stage.repeats, len(first)), dtype=np.int64)
        for column, kernels in enumerate(zip(first, middle, last, strict=True)):
            rows[:, column] = self.columns.grown_rows(kernels, stage.repeats)
        return calls, last, rows

    def _interpolated(self, stage: Stage, grown: IndexArray, at: float) -> list[Op]:
        memo: dict[tuple[int, int], Op] = {}
        ops = []
        for pair in zip(stage.operators.tolist(), grown.tolist(), strict=True):
            if pair not in memo:
                memo[pair] = interpolate(self._graph.operators[pair[0]], self._graph.operators[pair[1]], at)
            ops.append(memo[pair])
        return ops

    def _sequence(
        self, stage: Stage, ops: Sequence[Op], execution: Execution, *, weight: int
    ) -> tuple[list[int], list[Kernel]]:
        """Calls and kernels of one run of a stage, in order; unmodelled calls count `weight` times."""
        if execution.compiled:
            fused, skipped = fuse(stage, ops, execution, self._graph.storage_bytes)
            self._count(skipped, weight)
            return [call for call, _ in fused], [kernel for _, kernel in fused]
        memo: dict[int, Sequence[Kernel] | None] = {}
        calls: list[int] = []
        launched: list[Kernel] = []
        missing: Counter[str] = Counter()
        for call, op in enumerate(ops):
            if id(op) not in memo:
                memo[id(op)] = _kernels(op, execution)
            kernels = memo[id(op)]
            if kernels is None:
                missing[op.name] += 1
                continue
            calls.extend([call] * len(kernels))
            launched.extend(kernels)
        self._count(missing, weight)
        return calls, launched

    def _count(self, missing: Counter[str], weight: int) -> None:
        if weight:
            self.unmodelled.update({name: count * weight for name, count in missing.items()})


def _beside(kernels: Sequence[Kernel]) -> IndexArray:
    """Positions of kernels that run at the same time as the next one."""
    found = [at for at, kernel in enumerate(kernels[:-1]) if isinstance(kernel, Collective) and kernel.beside]
    return np.array(found, dtype=np.int64)


def _kernels(op: Op, execution: Execution) -> Sequence[Kernel] | None:
    """Kernels of a call; None where the operator has no rule, or lacks what its rule needs (in a trace)."""
    try:
        return kernels_of(op, execution)
    except (UnsupportedOpError, FormulaError):
        return None
