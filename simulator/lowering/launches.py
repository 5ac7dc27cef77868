"""Lowering of a whole graph: distinct kernels once, and every stage as a sequence of launches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from simulator.execution import Execution
from simulator.kernels import Kernel, KernelTables
from simulator.work import UnsupportedOpError
from tracer.graph import AttributeValue, GraphError, IndexArray, Op, OpGraph, Stage, TensorSpec

from .categories import category_of
from .fusion import fuse
from .rules import kernels_of

__all__ = ["Launches", "StageLaunches", "interpolate", "lower", "operators_by_repeat"]


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
    """

    stage: Stage
    rows: IndexArray
    calls: IndexArray
    categories: tuple[str, ...]

    @property
    def launches_per_variant(self) -> float:
        """How often each variant runs."""
        return self.stage.repeats / len(self.rows)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Launches:
    """A lowered graph.

    Attributes
    ----------
    graph : OpGraph
    execution : Execution
    table : KernelTables
        Distinct kernels, with the number of launches in the whole run.
    stages : tuple of StageLaunches
    unmodelled : mapping of str to int
        Operators without a formula or rule, and how often they are called in the whole run.
    """

    graph: OpGraph
    execution: Execution
    table: KernelTables
    stages: tuple[StageLaunches, ...]
    unmodelled: dict[str, int] = field(default_factory=dict)


def lower(graph: OpGraph, execution: Execution) -> Launches:
    """Kernels of every stage under an execution mode.

    A growing stage is lowered at its first, middle and last repeat; extents, FLOPs and bytes of the repeats between
    are taken from the parabola through the three, which is exact for work that is constant, linear or quadratic in
    the length.
    """
    lowering = _Lowering(graph, execution)
    stages = tuple(lowering.stage(stage) for stage in graph.stages)
    table = lowering.columns.table()
    count = np.zeros(len(table))
    for stage in stages:
        np.add.at(count, stage.rows, stage.launches_per_variant)
    return Launches(
        graph=graph,
        execution=execution,
        table=table.with_count(count),
        stages=stages,
        unmodelled=dict(lowering.unmodelled),
    )


# Launches of a growing stage that are kept one by one, at 8 bytes each.
_MOST_LAUNCHES = 50_000_000


class _Columns:
    """Distinct kernels found so far, and the rows of each."""

    def __init__(self) -> None:
        self._kernels: list[Kernel] = []
        self._rows: dict[Kernel, int] = {}
        self._grown: dict[tuple[Kernel, Kernel, Kernel, int], int] = {}

    def row(self, kernel: Kernel) -> int:
        """Row of a kernel."""
        row = self._rows.setdefault(kernel, len(self._kernels))
        if row == len(self._kernels):
            self._kernels.append(kernel)
        return row

    def grown_rows(self, points: tuple[Kernel, Kernel, Kernel], repeats: int) -> int | IndexArray:
        """Row of a kernel that stays the same, or a row for each repeat of one that grows."""
        if points[0] == points[-1] == points[1]:
            return self.row(points[0])
        key = (*points, repeats)
        if key not in self._grown:
            self._grown[key] = len(self._kernels)
            self._kernels.extend(_grow(points, repeats))
        start = self._grown[key]
        return np.arange(start, start + repeats)

    def table(self) -> KernelTables:
        """All rows as columns."""
        return KernelTables.from_kernels(self._kernels)


class _Lowering:
    """State of one call of :func:`lower`."""

    def __init__(self, graph: OpGraph, execution: Execution) -> None:
        self.columns = _Columns()
        self.unmodelled: Counter[str] = Counter()
        self._graph = graph
        self._execution = execution

    def stage(self, stage: Stage) -> StageLaunches:
        """Launches of one stage."""
        if stage.grown is None:
            ops = [self._graph.operators[i] for i in stage.operators]
            calls, kernels = self._sequence(stage, ops, weight=stage.repeats)
            rows = np.array([[self.columns.row(k) for k in kernels]], dtype=np.int64)
        else:
            calls, kernels, rows = self._growing(stage, stage.grown)
        at = np.array(calls, dtype=np.int64)
        return StageLaunches(stage=stage, rows=rows, calls=at, categories=self._categories(stage, at))

    def _categories(self, stage: Stage, calls: IndexArray) -> tuple[str, ...]:
        pairs = list(zip(stage.operators[calls].tolist(), stage.modules[calls].tolist(), strict=True))
        category = {
            pair: category_of(self._graph.operators[pair[0]], self._graph.modules[pair[1]]) for pair in set(pairs)
        }
        return tuple(category[pair] for pair in pairs)

    def _growing(self, stage: Stage, grown: IndexArray) -> tuple[list[int], list[Kernel], IndexArray]:
        points = sorted({0, stage.repeats // 2, stage.repeats - 1})
        points = points if len(points) == 3 else [0, 0, stage.repeats - 1]
        sequences = []
        for position, point in enumerate(points):
            at = point / max(stage.repeats - 1, 1)
            ops = self._interpolated(stage, grown, at)
            weight = stage.repeats if position == 0 else 0
            sequences.append(self._sequence(stage, ops, weight=weight))
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

    def _sequence(self, stage: Stage, ops: Sequence[Op], *, weight: int) -> tuple[list[int], list[Kernel]]:
        """Calls and kernels of one run of a stage, in order; unmodelled calls count `weight` times."""
        if self._execution.mode == "compiled":
            fused, skipped = fuse(stage, ops, self._execution, self._graph.storage_bytes)
            self._count(skipped, weight)
            return [call for call, _ in fused], [kernel for _, kernel in fused]
        memo: dict[int, Sequence[Kernel] | None] = {}
        calls: list[int] = []
        launched: list[Kernel] = []
        missing: Counter[str] = Counter()
        for call, op in enumerate(ops):
            if id(op) not in memo:
                memo[id(op)] = self._kernels(op)
            kernels = memo[id(op)]
            if kernels is None:
                missing[op.name] += 1
                continue
            calls.extend([call] * len(kernels))
            launched.extend(kernels)
        self._count(missing, weight)
        return calls, launched

    def _kernels(self, op: Op) -> Sequence[Kernel] | None:
        """Kernels of a call; None where the operator has no rule."""
        try:
            return kernels_of(op, self._execution)
        except UnsupportedOpError:
            return None

    def _count(self, missing: Counter[str], weight: int) -> None:
        if weight:
            self.unmodelled.update({name: count * weight for name, count in missing.items()})


def operators_by_repeat(graph: OpGraph, stage: Stage) -> Iterator[tuple[Op, float]]:
    """Operators of a whole run of a stage with their number of calls, those of growing repeats one by one."""
    if stage.grown is None:
        for index, calls in enumerate(np.bincount(stage.operators).tolist()):
            if calls:
                yield graph.operators[index], calls * stage.repeats
        return
    pairs = Counter(zip(stage.operators.tolist(), stage.grown.tolist(), strict=True))
    for (first, last), calls in pairs.items():
        if first == last:
            yield graph.operators[first], calls * stage.repeats
            continue
        for repeat in range(stage.repeats):
            at = repeat / max(stage.repeats - 1, 1)
            yield interpolate(graph.operators[first], graph.operators[last], at), calls


def interpolate(first: Op, last: Op, at: float) -> Op:
    """Operator part of the way between two: extents, strides and whole-number attributes are affine in `at`.

    A tensor that is contiguous at one end alone (a cache of one token, a cache that is full) is taken to lie as in the
    last repeat throughout.

    Raises
    ------
    GraphError
        The two differ in more than numbers.
    """
    if first == last:
        return first
    try:
        return replace(
            first,
            inputs=_tensors_between(first.inputs, last.inputs, at),
            outputs=_tensors_between(first.outputs, last.outputs, at),
            attributes=tuple(
                (name, _between(a, b, at)) for (name, a), (_, b) in zip(first.attributes, last.attributes, strict=True)
            ),
        )
    except ValueError as error:
        raise GraphError(f"{first.name} has other tensors or attributes in the last repeat") from error


def _tensors_between(first: tuple[TensorSpec, ...], last: tuple[TensorSpec, ...], at: float) -> tuple[TensorSpec, ...]:
    return tuple(
        replace(
            a,
            shape=_numbers_between(a.shape, b.shape, at),
            strides=_numbers_between(a.strides, b.strides, at) if len(a.strides) == len(b.strides) else b.strides,
        )
        for a, b in zip(first, last, strict=True)
    )


def _numbers_between(first: tuple[int, ...], last: tuple[int, ...], at: float) -> tuple[int, ...]:
    return tuple(round(a + (b - a) * at) for a, b in zip(first, last, strict=True))


def _between(first: AttributeValue, last: AttributeValue, at: float) -> AttributeValue:
    if first != last and isinstance(first, int) and isinstance(last, int) and not isinstance(first, bool):
        return round(first + (last - first) * at)
    return first


def _grow(points: tuple[Kernel, Kernel, Kernel], repeats: int) -> list[Kernel]:
    """Kernels of every repeat, on the parabola through the first, middle and last."""
    at = np.arange(repeats, dtype=np.float64)
    nodes = np.array([0, repeats // 2, repeats - 1], dtype=np.float64)
    template = points[-1]
    if not all(isinstance(kernel, type(template)) for kernel in points):
        raise GraphError(f"{template.name} of the last repeat is another kind of kernel in the first or the middle one")
    values = np.array([kernel.numbers() for kernel in points], dtype=np.float64)
    grown = np.stack([_lagrange(nodes, column, at) for column in values.T], axis=1)
    names = template.number_names()
    return [replace(template, **dict(zip(names, row, strict=True))) for row in grown.tolist()]


def _lagrange(nodes: NDArray[np.float64], values: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
    if len(set(nodes.tolist())) < 3:
        return np.interp(at, nodes[[0, -1]], values[[0, -1]])
    a, b, c = nodes
    weights = (
        (at - b) * (at - c) / ((a - b) * (a - c)),
        (at - a) * (at - c) / ((b - a) * (b - c)),
        (at - a) * (at - b) / ((c - a) * (c - b)),
    )
    return np.maximum(np.stack(weights, axis=1) @ values, 0.0)
