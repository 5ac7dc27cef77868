"""The work of one operator, and the registry of formulas: one for each kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tracer.graph import GraphError, Op
from tracer.operators import FREE, Declaration, Kind, declaration_of

__all__ = [
    "FormulaError",
    "OpFormula",
    "OpWork",
    "UnknownKeysError",
    "UnsupportedOpError",
    "compulsory_bytes",
    "declared",
    "require_formulas",
    "work_formula",
    "work_of",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpWork:
    """Arithmetic and traffic of one operator call. Knows no hardware.

    Attributes
    ----------
    contraction_flops : float
        Adds and multiplies of inner products, which matrix units can run. [FLOP]
    vector_flops : float
        Other adds, multiplies, divisions and comparisons. [FLOP]
    special_ops : float
        Exponentials, roots, sines and the like, one each. [1]
    bytes_read, bytes_written : float
        Compulsory traffic: each distinct input byte once, each output byte once. [B]
    """

    contraction_flops: float = 0.0
    vector_flops: float = 0.0
    special_ops: float = 0.0
    bytes_read: float = 0.0
    bytes_written: float = 0.0

    @property
    def flops(self) -> float:
        """Adds and multiplies of both kinds. [FLOP]"""
        return self.contraction_flops + self.vector_flops

    @property
    def bytes(self) -> float:
        """Traffic in both directions. [B]"""
        return self.bytes_read + self.bytes_written


OpFormula = Callable[[Op], OpWork]
_FORMULAS: dict[Kind, OpFormula] = {}


class UnknownKeysError(ValueError):
    """How many keys an attention call sees stands in a cache or a tensor whose contents are not known."""


class UnsupportedOpError(LookupError):
    """An operator has no formula."""

    def __str__(self) -> str:
        """Message without the quotes that a KeyError would add."""
        return str(self.args[0])


class FormulaError(ValueError):
    """A kind has two formulas or none, or an operator does not have the tensors that its formula needs."""


def work_formula(*kinds: Kind) -> Callable[[OpFormula], OpFormula]:
    """Register a formula for kinds of operators.

    Raises
    ------
    FormulaError
        A kind has a formula already, or launches nothing.
    """

    def register(formula: OpFormula) -> OpFormula:
        for kind in kinds:
            if kind in _FORMULAS or kind in FREE:
                raise FormulaError(f"{kind.name} {'is free' if kind in FREE else 'has two formulas'}")
            _FORMULAS[kind] = formula
        return formula

    return register


def require_formulas() -> None:
    """Check that every kind has a formula or launches nothing.

    Raises
    ------
    FormulaError
        One has none.
    """
    missing = sorted(kind.name for kind in Kind if kind not in _FORMULAS and kind not in FREE)
    if missing:
        raise FormulaError(f"no formula for {', '.join(missing)}; add one in simulator/work")


def declared(op: Op) -> Declaration:
    """Declaration of the operator of a call.

    Raises
    ------
    UnsupportedOpError
        Nothing declares it.
    """
    found = declaration_of(op.name)
    if found is None:
        raise UnsupportedOpError(f"{op.name} is not declared; add it to the file of its family in tracer/operators")
    return found


def work_of(op: Op) -> OpWork:
    """Work of one operator call.

    Raises
    ------
    UnsupportedOpError
        Nothing declares the operator, or it launches nothing.
    FormulaError
        The operator lacks a tensor that its formula needs.
    """
    kind = declared(op).kind
    if kind in FREE:
        raise UnsupportedOpError(f"{op.name} launches nothing ({kind.name.lower()}): it has no work")
    try:
        return _FORMULAS[kind](op)
    except GraphError:
        raise
    except (IndexError, ValueError, ZeroDivisionError) as error:
        shapes = ", ".join(str(list(t.shape)) for t in op.inputs)
        raise FormulaError(f"{op.name} with inputs {shapes or 'none'}: not the tensors that it takes") from error


def compulsory_bytes(op: Op) -> tuple[float, float]:
    """Bytes read and written when every input is read once and every output written once. [B]"""
    return (
        float(sum(t.nbytes for t in op.inputs)),
        float(sum(t.nbytes for t in op.outputs)),
    )
