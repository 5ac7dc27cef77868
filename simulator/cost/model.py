"""Kernel times: the datasheet roofline, or calibrated mechanisms of each kernel family."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hw_specs.architecture import Engine
from simulator.kernels import FamilyTable, KernelTables
from simulator.kernels.kernel import IntArray
from simulator.kernels.totals import weighted_total

from .families import GROUPS, group_cost, groups_of
from .hardware import HardwareColumns
from .power_limit import Draw, draw_of, limited_times
from .roofline import BOUNDS, roofline_terms

__all__ = [
    "FIDELITIES",
    "BoostTimes",
    "FidelityError",
    "KernelCosts",
    "costs_at_boost",
    "kernel_times",
    "run_totals",
    "within_power",
]

FloatArray = NDArray[np.float64]
Fidelity = Literal["roofline", "calibrated"]

FIDELITIES = ("roofline", "calibrated")


class FidelityError(ValueError):
    """An unknown fidelity."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class KernelCosts:
    """Device time of each kernel on each accelerator; arrays of shape (num_kernels, num_accelerators).

    Attributes
    ----------
    time : array
        Execution time on the device, without the gap to the next kernel. [s]
    roofline : array
        Least time that the datasheet allows the work; none for kernels that an ideal library would not launch, such
        as conversions between layouts. [s]
    bound : array of int
        What bounds the kernel, codes into :data:`BOUNDS`.
    draw : Draw
        What it takes at the boost clock.
    """

    time: FloatArray
    roofline: FloatArray
    bound: NDArray[np.int64]
    draw: Draw

    def at(self, rows: IntArray | slice = slice(None), columns: IntArray | slice = slice(None)) -> KernelCosts:
        """Those of some kernels on some accelerators."""
        draw = Draw(*(column[rows][:, columns] for column in self.draw))
        chosen = {name: getattr(self, name)[rows][:, columns] for name in ("time", "roofline", "bound")}
        return KernelCosts(draw=draw, **chosen)

    def bound_names(self) -> NDArray[np.str_]:
        """Names of the bounds, shape (num_kernels, num_accelerators)."""
        return np.array(BOUNDS)[self.bound]


class BoostTimes(NamedTuple):
    """Times of kernels at the boost clock, shape (num_kernels, num_accelerators), and what they take there. [s]"""

    time: FloatArray
    draw: Draw


def kernel_times(kernels: KernelTables, hardware: HardwareColumns, *, fidelity: Fidelity = "calibrated") -> KernelCosts:
    """Time of every kernel on every accelerator.

    Parameters
    ----------
    kernels : KernelTables
    hardware : HardwareColumns
    fidelity : {"calibrated", "roofline"}
        ``roofline`` is the datasheet alone and a lower bound of ``calibrated``.

    Raises
    ------
    UnsupportedFormatError
        If an accelerator has no peak for a format that a kernel computes in.
    FidelityError
        For any other fidelity.
    """
    if fidelity not in FIDELITIES:
        raise FidelityError(f"unknown fidelity {fidelity!r}; valid: {', '.join(FIDELITIES)}")
    costs = costs_at_boost(kernels, hardware, fidelity=fidelity)
    return within_power(costs, hardware) if fidelity == "calibrated" else costs


def costs_at_boost(
    kernels: KernelTables, hardware: HardwareColumns, *, fidelity: Fidelity = "calibrated"
) -> KernelCosts:
    """The same at the boost clock, by what a library picks within the power limit."""
    costs = KernelCosts(
        time=hardware.zeros(len(kernels)),
        roofline=hardware.zeros(len(kernels)),
        bound=hardware.zeros(len(kernels)).astype(np.int64),
        draw=Draw(*(hardware.zeros(len(kernels)) for _ in Draw._fields)),
    )
    working = hardware.at_working_clock()
    for table, rows in kernels:
        terms = np.stack(list(roofline_terms(table, hardware).values())) * ~table.avoidable[:, None]
        costs.roofline[rows] = terms.max(axis=0)
        costs.bound[rows] = terms.argmax(axis=0)
        if fidelity == "calibrated":
            _calibrate(costs, table, rows, working)
        else:
            costs.time[rows] = costs.roofline[rows]
    return costs


def within_power(costs: KernelCosts, hardware: HardwareColumns) -> KernelCosts:
    """Costs at the boost clock as the power limit leaves them, alone or in the run that `hardware` holds."""
    return replace(costs, time=limited_times(costs.time, costs.draw, hardware))


def run_totals(
    costs: KernelCosts | BoostTimes, counts: FloatArray, *, elapsed: FloatArray | float | None = None
) -> dict[str, FloatArray]:
    """Totals of a run of kernels at the boost clock, as :attr:`HardwareColumns.run` holds them.

    Parameters
    ----------
    costs : KernelCosts or BoostTimes
        At the boost clock.
    counts : array of shape (num_kernels,)
        How often each kernel runs. [1]
    elapsed : float or array of shape (num_accelerators,), optional
        Time of the run; by default that of its kernels, one after another. [s]
    """
    busy = weighted_total(counts, costs.time)
    time = busy if elapsed is None else np.broadcast_to(np.asarray(elapsed, dtype=np.float64), busy.shape)
    return {
        "time": time,
        "clocked": weighted_total(counts, costs.draw.clocked),
        "work": weighted_total(counts, costs.draw.work),
    }


def _calibrate(costs: KernelCosts, table: FamilyTable, rows: IntArray, hardware: HardwareColumns) -> None:
    """Put the calibrated times of one family at the boost clock to their rows; none is below the roofline."""
    for engine, columns in hardware.engines():
        _calibrate_on(costs, table, rows, engine, columns, hardware.select(columns))


def _calibrate_on(
    costs: KernelCosts,
    table: FamilyTable,
    rows: IntArray,
    engine: Engine,
    columns: IntArray,
    hardware: HardwareColumns,
) -> None:
    """The same on the accelerators of one engine, which lie in some columns."""
    groups = groups_of(table, engine)
    for code in np.unique(groups).tolist():
        own = np.flatnonzero(groups == code)
        part, at = table.select(own), np.ix_(rows[own], columns)
        cost, roofline = group_cost(GROUPS[code], part, hardware), costs.roofline[at]
        costs.time[at] = np.maximum(cost.time, roofline)
        costs.bound[at] = np.where(cost.time >= roofline, cost.bound, costs.bound[at])
        clocked = np.zeros(roofline.shape) if cost.clocked is None else cost.clocked
        for column, values in zip(
            costs.draw, draw_of(part, hardware, time=costs.time[at], clocked=clocked, done=cost.done), strict=True
        ):
            column[at] = values
