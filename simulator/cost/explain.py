"""How the time of one kernel came about, term by term."""

from __future__ import annotations

from typing import NamedTuple

from simulator.kernels import KernelTables

from .basis import kernel_basis
from .families import GROUPS, PARAMETERS, family_of, group_cost, groups_of
from .families.family import Formula
from .gains import RESOURCES, gains_of
from .hardware import BASES, HardwareColumns
from .model import kernel_times
from .roofline import BOUNDS, roofline_terms

__all__ = ["ExplainError", "Term", "explain"]


class ExplainError(ValueError):
    """More or less than one kernel or accelerator to explain."""


class Term(NamedTuple):
    """One line of an explanation.

    Attributes
    ----------
    name : str
    value : float | str
    unit : str
        ``s`` for times, ``1`` for counts and shares, empty for text.
    formula : str
        How it was computed, or what it is.
    """

    name: str
    value: float | str
    unit: str
    formula: str


def explain(kernel: KernelTables, hardware: HardwareColumns) -> tuple[Term, ...]:
    """Terms of the calibrated time of one kernel on one accelerator, in the order of the computation.

    The roofline's terms come first, then the mechanisms' terms, the result, what bounds it and on what ground it
    stands, and last the parameters that were used.

    Parameters
    ----------
    kernel : KernelTables
        A single row, see :meth:`KernelTables.select`.
    hardware : HardwareColumns
        A single accelerator.
    """
    if len(kernel) != 1 or len(hardware) != 1:
        raise ExplainError(f"expected one kernel on one accelerator, got {len(kernel)} on {len(hardware)}")
    (table,) = kernel.tables
    group = GROUPS[int(groups_of(table, hardware.traits[0].engine)[0])]
    costs = kernel_times(kernel, hardware, fidelity="calibrated")
    roofline = [
        Term(f"roofline: {name}", float(time[0, 0]), "s", "work / datasheet rate")
        for name, time in roofline_terms(table, hardware).items()
        if time[0, 0] > 0
    ]
    shown, formulas = group_cost(group, table, hardware).terms, family_of(table).formulas_of(group)
    terms = [_term(name, float(values[0, 0]), formulas[name]) for name, values in shown.items()]
    result = [
        Term("time", float(costs.time[0, 0]), "s", "the terms joined, and no less than the roofline"),
        Term("bound", BOUNDS[int(costs.bound[0, 0])], "", "largest term"),
        Term("held back by", _held_back(kernel, hardware), "", "share of a gain in each that the time takes"),
        Term("basis", BASES[int(kernel_basis(kernel, hardware)[0, 0])], "", "weakest ground of the parameters it uses"),
    ]
    return (*roofline, *terms, *result, *_parameters(group, hardware))


def _held_back(kernel: KernelTables, hardware: HardwareColumns) -> str:
    """Resources that a kernel's time depends on, the greatest share first."""
    (shares,) = gains_of(kernel, hardware, fidelity="calibrated").shares
    named = sorted(zip(shares, RESOURCES, strict=True), reverse=True)
    return ", ".join(f"{name} {100 * share:.0f} %" for share, name in named if share >= _WORTH_NAMING)


_WORTH_NAMING = 0.005


def _term(name: str, value: float, formula: Formula) -> Term:
    if formula.choices:
        return Term(name, formula.choices[int(value)], "", formula.text)
    return Term(name, value, formula.unit, formula.text)


def _parameters(group: str, hardware: HardwareColumns) -> tuple[Term, ...]:
    return tuple(
        Term(name, float(hardware.parameter(name)[0]), parameter.unit, parameter.meaning)
        for name, parameter in PARAMETERS.items()
        if parameter.group == group
    )
