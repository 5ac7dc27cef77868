"""All families of kernels, and what follows from their records: parameter groups and parameters by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hw_specs.architecture import Engine
from simulator.cost.families.attention.cost import ATTENTION
from simulator.cost.hardware import HardwareColumns
from simulator.cost.parameters import Parameter, named_parameters
from simulator.kernels import FamilyTable, KernelTables

from .collective import COLLECTIVES
from .convolution import CONVOLUTIONS
from .family import Family, FamilyCost, ParameterGroup
from .matmul import PRODUCTS
from .rows import ROWS
from .scatter import SCATTERS
from .searched_convolution import SEARCHED_CONVOLUTIONS
from .stream import STREAMS

__all__ = ["FAMILIES", "GROUPS", "PARAMETERS", "family_of", "group_cost", "group_named", "groups_of", "parameter_group"]

FAMILIES: tuple[Family[Any], ...] = (
    PRODUCTS,
    CONVOLUTIONS,
    SEARCHED_CONVOLUTIONS,
    ATTENTION,
    SCATTERS,
    STREAMS,
    ROWS,
    COLLECTIVES,
)

_GROUPS: Mapping[str, ParameterGroup[Any, Any]] = {
    group.name: group for family in FAMILIES for group in family.groups
} | {group.name: group for family in FAMILIES for group in family.systolic}
_FAMILIES: Mapping[type[FamilyTable], Family[Any]] = {family.table: family for family in FAMILIES}

#: Names of the parameter groups; codes of groups are positions here.
GROUPS: tuple[str, ...] = tuple(_GROUPS)

#: Every parameter by the name that files use.
PARAMETERS: Mapping[str, Parameter] = {
    parameter.name: parameter
    for group in _GROUPS.values()
    for parameter in named_parameters(group.name, group.parameters)
}


def group_named(name: str) -> ParameterGroup[Any, Any]:
    """Record of a parameter group."""
    return _GROUPS[name]


def family_of(table: FamilyTable) -> Family[Any]:
    """Record of the family of a table."""
    return _FAMILIES[type(table)]


def groups_of(table: FamilyTable, engine: Engine = "simt") -> NDArray[np.int64]:
    """Parameter group of each kernel of a family on an engine, codes into :data:`GROUPS`, shape (num_kernels,)."""
    family = family_of(table)
    codes = np.array([GROUPS.index(group.name) for group in family.groups_on(engine)])
    chosen: NDArray[np.int64] = codes[family.group_positions(table, engine)]
    return chosen


def parameter_group(kernels: KernelTables, engine: Engine = "simt") -> NDArray[np.int64]:
    """Parameter group of each kernel on an engine, codes into :data:`GROUPS`, shape (num_kernels,)."""
    group = np.zeros(len(kernels), dtype=np.int64)
    for table, rows in kernels:
        group[rows] = groups_of(table, engine)
    return group


def group_cost(name: str, table: FamilyTable, hardware: HardwareColumns) -> FamilyCost:
    """Calibrated cost of kernels that all belong to one parameter group."""
    group = group_named(name)
    return group.cost(table, hardware, hardware.parameters[name])
