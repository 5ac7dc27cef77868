"""What kernel times rest on: the weakest ground of the parameters that each time uses.

A time uses a parameter if a step of it changes the time by a twentieth or more, to either side. A step is one logit of
the way between the ends of the physical range: from the middle of it, a quarter of the range. A parameter that no row
determined may as well lie there. Parameters that rows determined on the very part are ``calibrated``, those that others
determined ``inherited``, and defaults ``datasheet``, which is the weakest ground.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import FamilyTable, KernelTables

from .families import GROUPS, PARAMETERS, group_cost, group_named, groups_of
from .hardware import BASES, HardwareColumns
from .parameters import value_of
from .roofline import roofline_terms

__all__ = ["kernel_basis"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Relative change of a time with a step of a parameter from which on the time uses it. [1]
_USED = 0.05

#: Steps of a parameter, in logits.
_STEPS = (1.0, -1.0)

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
        for engine, columns in working.engines():
            groups = groups_of(table, engine)
            for code in np.unique(groups).tolist():
                own = np.flatnonzero(groups == code)
                part, alike = table.select(own), hardware.select(columns)
                least = np.stack(list(roofline_terms(part, alike).values())).max(axis=0)
                found = _group_basis(GROUPS[code], part, working.select(columns), least)
                basis[np.ix_(rows[own], columns)] = found
    return basis


def _group_basis(group: str, table: FamilyTable, hardware: HardwareColumns, least: FloatArray) -> IntArray:
    """Grounds of kernels of one parameter group, whose times are no less than some."""
    used = (group, *group_named(group).borrowed)
    weakness = {n: _WEAKNESS[hardware.basis[n]] for n, p in PARAMETERS.items() if p.group in used}
    strongest = np.min(list(weakness.values()), axis=0)
    weaker = [name for name, of in weakness.items() if (of > strongest).any()]
    found = np.tile(strongest, (len(table), 1))
    if weaker:
        time = _times(group, table, hardware, least, weaker)
        uses = np.abs(time[:, 1:] / time[:, :1] - 1.0) >= _USED
        grounds = np.repeat([weakness[name] for name in weaker], len(_STEPS), axis=0)
        found = np.maximum(found, np.where(uses, grounds, 0).max(axis=1))
    codes: IntArray = np.array(_ORDER, dtype=np.int64)[found]
    return codes


def _times(
    group: str, table: FamilyTable, hardware: HardwareColumns, least: FloatArray, moved: Sequence[str]
) -> FloatArray:
    """Times as they are and with each of some parameters a step to either side.

    Returns
    -------
    ndarray of shape (num_kernels, 1 + 2 num_parameters, num_accelerators)
    """
    steps = list(itertools.product(moved, _STEPS))
    count, parts = 1 + len(steps), len(hardware)
    variants = hardware.select(np.tile(np.arange(parts), count))
    records = dict(variants.parameters)
    for at, (name, step) in enumerate(steps, start=1):
        group_of, _, field = name.partition(".")
        values = value_of(records, name).copy()
        own = slice(at * parts, (at + 1) * parts)
        values[own] = records[group_of].declarations()[field].moved(values[own], step)
        records[group_of] = replace(records[group_of], **{field: values})
    time = group_cost(group, table, replace(variants, parameters=records)).time
    return np.maximum(time, np.tile(least, count)).reshape(len(table), count, parts)
