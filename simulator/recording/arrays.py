"""Arrays that write down what is computed with them.

An element is a number, or a :class:`~simulator.recording.tape.Ref` to one that is not known yet. Shapes, indices and
broadcasting are numpy's own; functions of numbers become steps. Arrays whose elements are all known become arrays of
numbers again, so that only what depends on unknown numbers is written down.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from .tape import BINARY, UNARY, Cell, Ref, UnrecordableError, constant

__all__ = ["Recorded", "is_recorded"]

_REVERSED = {np.greater: "less", np.greater_equal: "less_equal"}
_LOGICAL: Mapping[Any, str] = {
    np.logical_and: "multiply",
    np.bitwise_and: "multiply",
    np.logical_or: "maximum",
    np.bitwise_or: "maximum",
}
_BINARY = {function: name for name, function in BINARY.items()}
_UNARY = {function: name for name, function in UNARY.items()}
_BOOLEAN = ("less", "less_equal", "equal")


class Recorded(np.ndarray[Any, Any]):
    """Array of numbers of which some are not known yet."""

    @classmethod
    def of(cls, cells: Any) -> Recorded:
        """Array of elements, whether or not they are known."""
        return np.asarray(cells, dtype=object).view(cls)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """Write down a function of elements, or one that goes over an axis."""
        if method == "reduce":
            return _reduced(ufunc, inputs[0], **options)
        if method != "__call__":
            raise UnrecordableError(f"{ufunc.__name__}.{method} is no step")
        result = _function(ufunc)(*inputs)
        for out in options.get("out", ()):
            out[...] = result
            return out
        return result

    def __array_function__(self, function: Any, types: Iterable[type], args: Any, options: Any) -> Any:
        """Write down a function of arrays, or let numpy move elements."""
        own = _FUNCTIONS.get(function)
        if own is not None:
            return own(*args, **options)
        if function not in _MOVES:
            raise UnrecordableError(f"numpy.{function.__name__} is no step")
        return _settled(super().__array_function__(function, types, args, options))

    def argmax(self, axis: Any = None, out: Any = None, **_: Any) -> Any:
        """Position of the first of the largest elements along the first axis."""
        return _first_best(self, axis, lambda element, best: best < element)

    def argmin(self, axis: Any = None, out: Any = None, **_: Any) -> Any:
        """Position of the first of the smallest elements along the first axis."""
        return _first_best(self, axis, lambda element, best: element < best)

    def astype(self, *_: Any, **__: Any) -> Any:
        """The same: elements have no type of their own."""
        return self


def is_recorded(*arrays: Any) -> bool:
    """Whether some of the arrays have elements that are not known."""
    return any(isinstance(array, Recorded) for array in arrays)


def _settled(values: Any) -> Any:
    """Array of numbers where all elements are known, else one that goes on writing down."""
    if not isinstance(values, np.ndarray) or values.dtype != object:
        return values
    if any(type(cell) is Ref for cell in values.flat):
        return values.view(Recorded)
    return np.array(values.tolist())


def _cellwise(function: Callable[..., Cell], *inputs: Any) -> Any:
    """Function of elements over arrays that are broadcast together."""
    cells = (np.asarray(each).astype(object) for each in inputs)
    return _settled(np.asarray(np.frompyfunc(function, len(inputs), 1)(*cells), dtype=object))


@functools.cache
def _function(ufunc: Any) -> Callable[..., Any]:
    """What a function of numpy does with elements. Raises UnrecordableError."""
    if ufunc in _REVERSED:
        name = _REVERSED[ufunc]
        return lambda a, b: _cellwise(functools.partial(_of_two, name), b, a)
    if ufunc in _BINARY or ufunc in _LOGICAL:
        return functools.partial(_cellwise, functools.partial(_of_two, _BINARY.get(ufunc) or _LOGICAL[ufunc]))
    if ufunc in _UNARY:
        return functools.partial(_cellwise, functools.partial(_of_one, _UNARY[ufunc]))
    if ufunc in _OTHERS:
        return _OTHERS[ufunc]
    raise UnrecordableError(f"numpy.{ufunc.__name__} is no step")


def _of_two(name: str, a: Cell, b: Cell) -> Cell:
    if type(a) is Ref:
        return a.recording.binary(name, a, b)
    if type(b) is Ref:
        return b.recording.binary(name, a, b)
    result = constant(name, a, b)
    return bool(result) if name in _BOOLEAN else float(result)


def _of_one(name: str, a: Cell) -> Cell:
    return a.recording.unary(name, a) if type(a) is Ref else float(constant(name, a))


def _is_nan(a: Any) -> Any:
    return _cellwise(lambda cell: type(cell) is not Ref and bool(np.isnan(cell)), a)


def _not(a: Any) -> Any:
    return _cellwise(lambda cell: _of_two("subtract", 1.0, cell) if type(cell) is Ref else not cell, a)


def _other(a: Any, b: Any) -> Any:
    return _not(np.equal(a, b))


_OTHERS: Mapping[Any, Callable[..., Any]] = {
    np.isnan: _is_nan,
    np.isfinite: lambda a: _cellwise(lambda cell: type(cell) is Ref or bool(np.isfinite(cell)), a),
    np.logical_not: _not,
    np.invert: _not,
    np.not_equal: _other,
    np.negative: lambda a: np.multiply(a, -1.0),
    np.square: lambda a: np.multiply(a, a),
}


def _reduced(ufunc: Any, values: Any, axis: Any = 0, keepdims: bool = False, **_: Any) -> Any:
    """Function of two over an axis, or over all axes, one element after another."""
    array = np.asarray(values)
    moved = array.reshape(-1) if axis is None else np.moveaxis(array, axis, 0)
    total = functools.reduce(lambda a, b: _function(ufunc)(a, b), list(moved.view(Recorded)))
    if axis is None and type(total) is not Ref:
        return bool(total) if ufunc in _LOGICAL else total
    return np.expand_dims(total, axis) if keepdims else total


def _first_best(values: Any, axis: Any, is_better: Callable[[Any, Any], Any]) -> Any:
    if axis != 0:
        raise UnrecordableError("the best element is looked for along the first axis alone")
    best, position = values[0], np.zeros(values.shape[1:])
    for at in range(1, len(values)):
        better = is_better(values[at].view(Recorded), best)
        best, position = _where(better, values[at], best), _where(better, float(at), position)
    return position


def _where(condition: Any, a: Any, b: Any) -> Any:
    return _cellwise(_either, condition, a, b)


def _either(condition: Cell, a: Cell, b: Cell) -> Cell:
    return condition.recording.either(condition, a, b) if type(condition) is Ref else (a if condition else b)


def _clipped(values: Any, low: Any, high: Any) -> Any:
    return np.minimum(np.maximum(values, low), high)


def _finite(values: Any, nan: float = 0.0) -> Any:
    def of(cell: Cell) -> Cell:
        return cell.recording.unary("finite", cell) if type(cell) is Ref else float(np.nan_to_num(cell, nan=nan))

    return _cellwise(of, values)


def _full_like(like: Any, value: Any, dtype: Any = None, shape: Any = None) -> Any:
    return Recorded.of(np.full(like.shape if shape is None else shape, value, dtype=object))


def _taken(values: Sequence[Any], index: Any) -> Any:
    """Elements along the first axis, at positions of which some are not known."""
    result = np.broadcast_to(np.asarray(values[0]), np.asarray(index).shape)
    for at in range(1, len(values)):
        result = _where(np.equal(index, float(at)), values[at], result)
    return result


_FUNCTIONS: Mapping[Any, Callable[..., Any]] = {
    np.where: _where,
    np.clip: _clipped,
    np.nan_to_num: _finite,
    np.zeros_like: lambda like, dtype=None, shape=None, **_: _full_like(like, 0.0, shape=shape),
    np.ones_like: lambda like, dtype=None, shape=None, **_: _full_like(like, 1.0, shape=shape),
    np.full_like: lambda like, value, dtype=None, shape=None, **_: _full_like(like, value, shape=shape),
    np.choose: lambda index, choices: _taken(choices, index),
    np.take_along_axis: lambda values, index, axis: _taken(list(values), index[0])[None],
}
_MOVES = (np.stack, np.concatenate, np.broadcast_to, np.expand_dims, np.moveaxis, np.reshape, np.repeat, np.squeeze)
