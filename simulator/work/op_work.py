"""The work of one operator, and the registry of formulas for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tracer.graph import GraphError, Op

__all__ = [
    "FormulaError",
    "OpFormula",
    "OpWork",
    "UnsupportedOpError",
    "compulsory_bytes",
    "op_formula",
    "operators_of",
    "supported_operators",
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
_FORMULAS: dict[str, OpFormula] = {}


class UnsupportedOpError(LookupError):
    """An operator has no formula."""

    def __str__(self) -> str:
        """Message without the quotes that a KeyError would add."""
        return str(self.args[0])


class FormulaError(ValueError):
    """A formula was registered twice, or an operator does not have the tensors that its formula needs."""


def op_formula(*names: str) -> Callable[[OpFormula], OpFormula]:
    """Register a formula for operators of the ``aten`` namespace, or of another where a name has a colon.

    Raises
    ------
    FormulaError
        An operator has a formula already.
    """

    def register(formula: OpFormula) -> OpFormula:
        for name in names:
            full = name if ":" in name else f"aten::{name}"
            if full in _FORMULAS:
                raise FormulaError(f"{full} has two formulas")
            _FORMULAS[full] = formula
        return formula

    return register


def work_of(op: Op) -> OpWork:
    """Work of one operator call.

    Raises
    ------
    UnsupportedOpError
        The operator has no formula.
    FormulaError
        The operator lacks a tensor that its formula needs.
    """
    formula = _FORMULAS.get(op.name) or _FORMULAS.get(op.name.removesuffix("_"))
    if formula is None:
        raise UnsupportedOpError(f"{op.name} has no formula; add one to the file of its family in simulator/work")
    try:
        return formula(op)
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


def operators_of(formula: OpFormula) -> frozenset[str]:
    """Names of the operators that share a formula."""
    return frozenset(name for name, registered in _FORMULAS.items() if registered is formula)


def supported_operators() -> frozenset[str]:
    """Names of all operators that have a formula."""
    return frozenset(_FORMULAS)
