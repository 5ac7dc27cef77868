"""Axes of a model: which extents of which tensors are one and the same, and are split together or not at all.

An extent of a tensor is a product of factors, the outermost first: the rows of a linear layer are batch times sequence.
Each factor belongs to an axis. Two factors are of one axis where an operator walks them together: the columns of a
weight are those of its output, the channels of two summands are the same channels.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tracer.graph import TensorSpec

__all__ = ["NO_AXIS", "Axes", "Dim", "Dims", "Factor", "Laid", "laid_out", "strides_of"]

NO_AXIS = -1


class Factor(NamedTuple):
    """Part of an extent, and the axis that it belongs to."""

    extent: int
    axis: int


class Laid(NamedTuple):
    """A factor as it lies in a storage: the step between two of its positions. [elements]"""

    step: int
    extent: int
    axis: int


Dim = tuple[Factor, ...]
Dims = tuple[Dim, ...]


class Axes:
    """Axes, joined as operators walk them together (union-find)."""

    def __init__(self) -> None:
        """None yet."""
        self._parents: list[int] = []

    def new(self, extent: int) -> Dim:
        """An extent along an axis of its own; none where there is nothing to walk."""
        if extent <= 1:
            return ()
        self._parents.append(len(self._parents))
        return (Factor(extent, len(self._parents) - 1),)

    def root(self, axis: int) -> int:
        """What stands for an axis and all those that it is joined with."""
        if axis == NO_AXIS:
            return axis
        while self._parents[axis] != axis:
            self._parents[axis] = self._parents[self._parents[axis]]
            axis = self._parents[axis]
        return axis

    def joined(self, one: int, other: int) -> int:
        """The axis that two become."""
        one, other = self.root(one), self.root(other)
        if NO_AXIS in (one, other):
            return max(one, other)
        self._parents[max(one, other)] = min(one, other)
        return min(one, other)

    def merged(self, one: Dim, other: Dim) -> Dim:
        """One extent that two tensors share; where they are made of other factors, the outermost ones are one axis."""
        if not one or not other:
            return one or other
        if [f.extent for f in one] == [f.extent for f in other]:
            pairs = zip(one, other, strict=True)
            return tuple(Factor(a.extent, self.joined(a.axis, b.axis)) for a, b in pairs)
        axis = self.joined(one[0].axis, other[0].axis)
        finer = max(one, other, key=len)
        return (Factor(finer[0].extent, axis), *finer[1:])

    def roots(self, dim: Dim) -> tuple[int, ...]:
        """Axes of an extent."""
        return tuple(self.root(factor.axis) for factor in dim)

    def of_tensor(self, spec: TensorSpec, laid: Sequence[Laid]) -> Dims:
        """Factors of each extent of a view of a storage.

        A view that splits a factor in two leaves its axis with the outer one: a part of the axis is then a part of
        that, and the inner one is whole.
        """
        strides = strides_of(spec)
        dims: list[Dim] = [()] * len(spec.shape)
        taken: set[int] = set()
        for d in sorted(range(len(strides)), key=lambda i: -strides[i]):
            if spec.shape[d] > 1 and strides[d] > 0:
                dims[d] = _pieces(spec.shape[d], strides[d], laid, taken)
        return tuple(dims)


def _pieces(extent: int, step: int, laid: Sequence[Laid], taken: set[int]) -> Dim:
    """Factors of a storage that one extent of a view walks; `taken` are those whose axis an outer extent has."""
    found: list[Factor] = []
    for at, factor in enumerate(laid):
        low, high = max(factor.step, step), min(factor.step * factor.extent, step * extent)
        part = high // low if low < high else 0
        if part > 1:
            found.append(Factor(part, NO_AXIS if at in taken else factor.axis))
            taken.add(at)
    return _filling(extent, found)


def _filling(extent: int, found: Sequence[Factor]) -> Dim:
    """The factors with the outermost made as long as the extent asks for."""
    if not found:
        return (Factor(extent, NO_AXIS),)
    inner = 1
    for factor in found[1:]:
        inner *= factor.extent
    return (Factor(-(-extent // inner), found[0].axis), *found[1:])


def strides_of(spec: TensorSpec) -> tuple[int, ...]:
    """Steps of a tensor, those of a row-major one where it names none. [elements]"""
    if spec.strides or not spec.shape:
        return spec.strides
    steps, step = [], 1
    for extent in reversed(spec.shape):
        steps.append(step)
        step *= extent
    return tuple(reversed(steps))


def laid_out(spec: TensorSpec, dims: Iterable[Dim]) -> tuple[Laid, ...]:
    """How the factors of a tensor lie in its storage, the longest steps first."""
    laid: list[Laid] = []
    for dim, stride in zip(dims, strides_of(spec), strict=True):
        step = stride
        for factor in reversed(dim):
            laid.append(Laid(step, factor.extent, factor.axis))
            step *= factor.extent
    return tuple(sorted((f for f in laid if f.step > 0), key=lambda f: -f.step))
