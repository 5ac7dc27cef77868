"""What a computation does to the numbers of one accelerator, step by step, each distinct step once."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import numpy as np

__all__ = ["BINARY", "UNARY", "Cell", "Recording", "Ref", "Step", "UnrecordableError", "constant"]


class UnrecordableError(TypeError):
    """A computation does what no step does, or what it does depends on numbers that are not known yet."""


class Ref:
    """A number that is not known yet: the result of a step of a recording."""

    __slots__ = ("at", "recording")

    def __init__(self, recording: Recording, at: int) -> None:
        """The result of a step, by its position."""
        self.recording, self.at = recording, at

    def __bool__(self) -> bool:
        """Raise, since nobody knows yet."""
        raise UnrecordableError("what is done depends on a number that is not known yet")


#: A number that is known, or one that is not yet.
Cell: TypeAlias = Any

#: Functions of two numbers, as numpy computes them.
BINARY: Mapping[str, Callable[[Any, Any], Any]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "power": np.power,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "fmax": np.fmax,
    "fmin": np.fmin,
    "less": np.less,
    "less_equal": np.less_equal,
    "equal": np.equal,
}
#: Functions of one number.
UNARY: Mapping[str, Callable[[Any], Any]] = {
    "absolute": np.absolute,
    "ceil": np.ceil,
    "floor": np.floor,
    "sqrt": np.sqrt,
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "finite": np.nan_to_num,
}
_COMMUTATIVE = ("add", "multiply")


class Step(NamedTuple):
    """One step.

    Attributes
    ----------
    name : str
        Of :data:`BINARY` or :data:`UNARY`, ``where``, ``input``; or ``call`` and ``output``, whole functions and one of
        their results.
    cells : tuple
        What it is given.
    detail : hashable
        Name of an input, what a function is given beside numbers, which of the results.
    """

    name: str
    cells: tuple[Cell, ...] = ()
    detail: Hashable = None


@dataclass(slots=True, eq=False)
class Recording:
    """Steps in the order in which they were written down; none stands twice.

    Numbers that are not known are taken to be finite, and not NaN.
    """

    steps: list[Step] = field(default_factory=list)
    _known: dict[Step, Ref] = field(default_factory=dict)

    def step(self, name: str, *cells: Cell, detail: Hashable = None) -> Ref:
        """Result of a step."""
        step = Step(name, cells, detail)
        found = self._known.get(step)
        if found is None:
            found = self._known[step] = Ref(self, len(self.steps))
            self.steps.append(step)
        return found

    def binary(self, name: str, a: Cell, b: Cell) -> Cell:
        """Result of a function of two numbers, of which one is not known."""
        simple = _SIMPLER.get(name, _as_it_is)(a, b)
        if simple is not None:
            return simple
        if name == "power" and type(b) is not Ref:
            return self._power(a, b)
        if name in _COMMUTATIVE and type(b) is Ref and (type(a) is not Ref or a.at > b.at):
            a, b = b, a
        return self.step(name, a, b)

    def unary(self, name: str, a: Ref) -> Ref:
        """Result of a function of a number that is not known."""
        return self.step(name, a)

    def either(self, condition: Cell, a: Cell, b: Cell) -> Cell:
        """One of two numbers by a condition."""
        if type(condition) is not Ref:
            return a if condition else b
        if a is b or (type(a) is not Ref and type(b) is not Ref and a == b):
            return a
        return self.step("where", condition, a, b)

    def _power(self, a: Ref, exponent: float) -> Cell:
        """Power to an exponent that is known, by products and roots where those suffice."""
        if exponent == 1.0:
            return a
        if exponent == -1.0:
            return self.step("divide", 1.0, a)
        if exponent in (2.0, 4.0):
            half = self._power(a, exponent / 2)
            return self.step("multiply", half, half)
        if exponent in (0.5, 0.25):
            return self.step("sqrt", self._power(a, 2 * exponent))
        return self.step("power", a, float(exponent))


def constant(name: str, *cells: float) -> Any:
    """Result of a function of numbers that are all known."""
    with np.errstate(all="ignore"):
        return (BINARY.get(name) or UNARY[name])(*cells)


def _is(cell: Cell, value: float) -> bool:
    return type(cell) is not Ref and cell == value


def _unknown(*cells: Cell) -> bool:
    return any(type(cell) is not Ref and math.isnan(cell) for cell in cells)


def _as_it_is(a: Cell, b: Cell) -> Cell:
    return math.nan if _unknown(a, b) else None


def _sum(a: Cell, b: Cell) -> Cell:
    return a if _is(b, 0.0) else b if _is(a, 0.0) else _as_it_is(a, b)


def _difference(a: Cell, b: Cell) -> Cell:
    return a if _is(b, 0.0) else _as_it_is(a, b)


def _product(a: Cell, b: Cell) -> Cell:
    if _is(a, 0.0) or _is(b, 0.0):
        return 0.0
    return a if _is(b, 1.0) else b if _is(a, 1.0) else _as_it_is(a, b)


def _quotient(a: Cell, b: Cell) -> Cell:
    if _is(a, 0.0) or _is(b, math.inf):
        return 0.0
    return a if _is(b, 1.0) else _as_it_is(a, b)


def _larger(a: Cell, b: Cell) -> Cell:
    if a is b:
        return a
    return a if _is(b, -math.inf) else b if _is(a, -math.inf) else _as_it_is(a, b)


def _smaller(a: Cell, b: Cell) -> Cell:
    if a is b:
        return a
    return a if _is(b, math.inf) else b if _is(a, math.inf) else _as_it_is(a, b)


def _known_one(a: Cell, b: Cell) -> Cell:
    """What is left where the other one is NaN."""
    return a if a is b or _unknown(b) else b if _unknown(a) else None


def _raised(a: Cell, b: Cell) -> Cell:
    return 1.0 if _is(b, 0.0) else 0.0 if _is(a, 0.0) else _as_it_is(a, b)


def _compared(a: Cell, b: Cell) -> Cell:
    return False if _unknown(a, b) else None


_SIMPLER: Mapping[str, Callable[[Cell, Cell], Cell]] = {
    "add": _sum,
    "subtract": _difference,
    "multiply": _product,
    "divide": _quotient,
    "power": _raised,
    "maximum": _larger,
    "minimum": _smaller,
    "fmax": _known_one,
    "fmin": _known_one,
    "less": _compared,
    "less_equal": _compared,
    "equal": _compared,
}
