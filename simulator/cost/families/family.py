"""One record for each family of kernels: its table, its parameter groups, and what each of them costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from hw_specs.architecture import Engine
from simulator.cost.hardware import HardwareColumns
from simulator.cost.hardware.cores import SYSTOLIC
from simulator.cost.parameters import Parameters
from simulator.cost.roofline import BOUNDS
from simulator.kernels import FamilyTable

__all__ = ["Family", "FamilyCost", "Formula", "ParameterGroup", "bound_of", "every", "narrow", "parameters_of"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Table = TypeVar("Table", bound=FamilyTable)
Record = TypeVar("Record", bound=Parameters)


class Formula(NamedTuple):
    """How a term of a cost comes about.

    Attributes
    ----------
    text : str
    unit : str
        ``s`` for times, ``1`` for counts and shares.
    choices : tuple of str
        What its values stand for, where they are codes.
    """

    text: str
    unit: str = "s"
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FamilyCost:
    """Times of the kernels of one parameter group; arrays of shape (num_kernels, num_accelerators).

    Attributes
    ----------
    time : array
        [s]
    bound : array of int
        Codes into :data:`BOUNDS`.
    terms : mapping
        How the time came about: name of the term to its values, in the order of the computation.
    clocked : array, optional
        Part of the time that goes with the clock of the cores, which a power limit lowers; none by default. [s]
    done : array, optional
        Share of the FLOPs of the table that the chosen algorithm really does; all by default. [1]
    """

    time: FloatArray
    bound: NDArray[np.int64]
    terms: Mapping[str, FloatArray]
    clocked: FloatArray | None = None
    done: FloatArray | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ParameterGroup(Generic[Table, Record]):
    """Kernels of a family that share their parameters, and are fitted and inherited together.

    Attributes
    ----------
    name : str
        As calibrations call it.
    parameters : type of Parameters
    holds : callable
        Which kernels of a table belong to it, shape (num_kernels,), unless a later group of the family holds them.
    cost : callable
        Calibrated cost of kernels that all belong to it.
    related : tuple of str
        Groups that stand in for it where they were measured on nearer accelerators: kernels of the same instructions,
        with the same work around them.
    borrowed : tuple of str
        Groups whose parameters its cost uses beside its own.
    """

    name: str
    parameters: type[Record]
    holds: Callable[[Table], BoolArray]
    cost: Callable[[Table, HardwareColumns, Record], FamilyCost]
    related: tuple[str, ...] = ()
    borrowed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Family(Generic[Table]):
    """All that the cost model knows of the kernels of one table.

    Attributes
    ----------
    table : type of FamilyTable
    groups : tuple of ParameterGroup
        Of kernels that several hold the last one gets them.
    formulas : mapping
        Formula of every term that a cost of the family shows, by its name.
    systolic : tuple of ParameterGroup
        Groups in place of :attr:`groups` on systolic engines; none where these are no matter.
    systolic_formulas : mapping
        Formulas of the terms that this group shows.
    """

    table: type[Table]
    groups: tuple[ParameterGroup[Table, Any], ...]
    formulas: Mapping[str, Formula]
    systolic: tuple[ParameterGroup[Table, Any], ...] = ()
    systolic_formulas: Mapping[str, Formula] = field(default_factory=dict)

    @property
    def every_group(self) -> tuple[ParameterGroup[Table, Any], ...]:
        """Groups of all engines."""
        return (*self.groups, *self.systolic)

    def formulas_of(self, group: str) -> Mapping[str, Formula]:
        """Formulas of the terms that a group shows."""
        of_systolic = group in {each.name for each in self.systolic}
        return self.systolic_formulas if of_systolic else self.formulas

    def groups_on(self, engine: Engine) -> tuple[ParameterGroup[Table, Any], ...]:
        """Groups that hold its kernels on an engine."""
        return self.systolic if engine == SYSTOLIC and self.systolic else self.groups

    def group_positions(self, table: Table, engine: Engine = "simt") -> NDArray[np.int64]:
        """Position in :meth:`groups_on` of the group of each kernel, shape (num_kernels,)."""
        position = np.zeros(len(table), dtype=np.int64)
        for index, group in enumerate(self.groups_on(engine)):
            position[group.holds(table)] = index
        return position


def parameters_of(hardware: HardwareColumns, group: ParameterGroup[Any, Record]) -> Record:
    """Parameters of a group on some accelerators."""
    return cast(Record, hardware.parameters[group.name])


def every(table: FamilyTable) -> BoolArray:
    """All kernels of a table."""
    return np.ones(len(table), dtype=np.bool_)


_EIGHT_BIT = ("fp8", "fp6", "fp4", "int8", "int4")


def narrow(table: FamilyTable) -> BoolArray:
    """Kernels in formats of at most 8 bits, shape (num_kernels,)."""
    of_format = np.array([name in _EIGHT_BIT for name in table.formats], dtype=np.bool_)
    chosen: BoolArray = of_format[table.number_format]
    return chosen


def bound_of(terms: Mapping[str, FloatArray]) -> NDArray[np.int64]:
    """Code of the largest of some terms that are named as in :data:`BOUNDS`."""
    codes = np.array([BOUNDS.index(name) for name in terms])
    winner: NDArray[np.int64] = np.choose(np.stack(list(terms.values())).argmax(axis=0), codes)
    return winner
