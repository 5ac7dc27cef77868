"""Repeats that grow: operators and kernels of every repeat, from those of some of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import Kernel
from tracer.graph import AttributeValue, GraphError, Op, OpGraph, Stage, TensorSpec

__all__ = ["grown_kernels", "interpolate", "operators_by_repeat"]


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


def grown_kernels(points: tuple[Kernel, Kernel, Kernel], repeats: int) -> list[Kernel]:
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
