"""What kernel times rest on: the weakest ground of the parameters that each time uses.

A time uses a parameter if a step of it changes the time by a twentieth or more, to either side. A step is one logit of
the way between the ends of the physical range: from the middle of it, a quarter of the range. A parameter that no row
determined may as well lie there. Parameters that rows determined on the very part are ``calibrated``, those that others
determined ``inherited``, and defaults ``datasheet``, which is the weakest ground.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import FamilyTable, KernelTables

from .families import GROUPS, PARAMETERS, group_cost, group_named, groups_of
from .hardware import BASES, HardwareColumns
from .roofline import roofline_terms

__all__ = ["kernel_basis"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Relative change of a time with a step of a parameter from which on the time uses it. [1]
_USED = 0.05

# Grounds from the strongest to the weakest.
_ORDER = tuple(BASES.index(name) for name in ("calibrated", "inherited", "datasheet"))
_WEAKNESS = np.argsort(_ORDER)


def kernel_basis(kernels: KernelTables, hardware: HardwareColumns) -> IntArray:
    """Ground of the calibrated time of each kernel on each accelerator.

    Returns
    -------
    ndarray of int, shape (num_kernels, num_accelerators)
        Codes into :data:`BASES`.
    """
    basis, working = np.zeros((len(kernels), len(hardware)), dtype=np.int64), hardware.at_working_clock()
    for table, rows in kernels:
        groups = groups_of(table)
        for code in np.unique(groups).tolist():
            own = np.flatnonzero(groups == code)
            part = table.select(own)
            least = np.stack(list(roofline_terms(part, hardware).values())).max(axis=0)
            basis[rows[own]] = _group_basis(GROUPS[code], part, working, least)
    return basis


def _group_basis(group: str, table: FamilyTable, hardware: HardwareColumns, least: FloatArray) -> IntArray:
    """Grounds of kernels of one parameter group, whose times are no less than some."""
    used = (group, *group_named(group).borrowed)
    weakness = {n: _WEAKNESS[hardware.basis[n]] for n, p in PARAMETERS.items() if p.group in used}
    strongest = np.min(list(weakness.values()), axis=0)
    found = np.tile(strongest, (len(table), 1))
    weaker = sorted((n for n, of in weakness.items() if (of > strongest).any()), key=lambda n: -int(weakness[n].max()))
    time = _time(group, table, hardware, least) if weaker else least
    for name, step in itertools.product(weaker, (1.0, -1.0)):
        # A kernel that already rests on as weak a ground need not be looked at again.
        rows = np.flatnonzero((found < weakness[name]).any(axis=1))
        if rows.size:
            moved = _time(group, table.select(rows), _moved(hardware, name, step), least[rows])
            uses = np.abs(moved / time[rows] - 1.0) >= _USED
            found[rows] = np.where(uses, np.maximum(found[rows], weakness[name]), found[rows])
    codes: IntArray = np.array(_ORDER, dtype=np.int64)[found]
    return codes


def _time(group: str, table: FamilyTable, hardware: HardwareColumns, least: FloatArray) -> FloatArray:
    return np.maximum(group_cost(group, table, hardware).time, least)


def _moved(hardware: HardwareColumns, name: str, step: float) -> HardwareColumns:
    """The same accelerators with one parameter a step away."""
    group, _, field = name.partition(".")
    record = hardware.parameters[group]
    values = record.declarations()[field].moved(getattr(record, field), step)
    return replace(hardware, parameters={**hardware.parameters, group: replace(record, **{field: values})})
