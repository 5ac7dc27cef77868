r"""Clock that the power limit of a board leaves to its kernels, and what that does to their times.

At a share :math:`f` of the boost clock, and the voltage :math:`v(f)` that it takes, a kernel lasts
:math:`T(f) = t + c (1/f - 1)`, of which only the part :math:`c` goes with the clock of the cores, and draws

.. math:: P(f) = v(f)^2 \frac{E}{T(f)}

above idle, with the energy of its work. The clock is the highest one at which the mean power stays within the limit.
The controller sees the mean over some time (``power_window`` of the architecture), so that a short kernel draws what
it likes: what counts is the run that it is a part of. The energies are those that joules are counted with
(:mod:`simulator.cost.hardware.power`).

More of any resource never costs time: at the limit :math:`T = v^2 E / P_{limit}`, which rises with the clock, and so a
kernel that could be faster is held at a lower clock and still ends sooner.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hw_specs.inheritance.power_rules import relative_voltages
from simulator.kernels import FamilyTable

from .energies import amounts
from .hardware import HardwareColumns

__all__ = ["Allowance", "Draw", "draw_of", "limited_times", "power_at", "time_at"]

FloatArray = NDArray[np.float64]

#: Halvings of the range of the clock, and its lowest share of the boost clock.
_STEPS = 20
_LOWEST_CLOCK = 0.02


class Draw(NamedTuple):
    """What kernels take at the boost clock; arrays of shape (num_kernels, num_accelerators).

    Attributes
    ----------
    clocked : array
        Part of their time that goes with the clock of the cores. [s]
    work : array
        Energy of the work, and of cores that run. [J]
    """

    clocked: FloatArray
    work: FloatArray


def draw_of(
    table: FamilyTable,
    hardware: HardwareColumns,
    *,
    time: FloatArray,
    clocked: FloatArray,
    done: FloatArray | None = None,
) -> Draw:
    """What the kernels of one family take, given their times at the boost clock and the part that goes with it.

    Of the FLOPs of the table a share `done` is really done.
    """
    work = _running(table, hardware) * time + _energy(table, hardware, done)
    return Draw(np.minimum(clocked, time), work)


def _running(table: FamilyTable, hardware: HardwareColumns) -> FloatArray:
    """Power of running cores, shape (num_kernels, num_accelerators). [W]"""
    on_vector_units = (table.matrix_flops == 0)[:, None] & table.contracts
    return np.where(on_vector_units, hardware.power_active_vector, hardware.power_active)


def _energy(table: FamilyTable, hardware: HardwareColumns, done: FloatArray | None) -> FloatArray:
    """Energy of the work without running cores, shape (num_kernels, num_accelerators). [J]"""
    energy: FloatArray = np.zeros((len(table), len(hardware)))
    for name, amount in amounts(table, hardware.cache_capacity).items():
        share = done if done is not None and name in ("matrix", "vector") else 1.0
        energy = energy + share * amount * hardware.energy[name]
    return energy


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Allowance:
    """What the power limit leaves to kernels that can be computed in several ways, of which the work is the same.

    Arrays of one shape, (num_kernels, num_accelerators) or that of positions in it.

    Attributes
    ----------
    running : array
        Power of running cores. [W]
    energy : array
        Energy of the work without them. [J]
    beside : array
        Time of a kernel beside the part that can be computed in several ways. [s]
    spare : array
        Power above idle that the limit leaves, NaN where none is known. [W]
    repeated : array
        Times that a kernel is repeated, over the time over which the controller averages. [1/s]
    run_time, run_clocked, run_work : array
        See :class:`~simulator.cost.hardware.HardwareColumns`.
    """

    running: FloatArray
    energy: FloatArray
    beside: FloatArray
    spare: FloatArray
    repeated: FloatArray
    run_time: FloatArray
    run_clocked: FloatArray
    run_work: FloatArray

    @classmethod
    def of(
        cls,
        table: FamilyTable,
        hardware: HardwareColumns,
        *,
        beside: FloatArray | float = 0.0,
        done: FloatArray | None = None,
    ) -> Allowance | None:
        """That of the kernels of one family, which do a share `done` of their FLOPs; None where nothing limits them."""
        if np.isnan(hardware.power_limit).all():
            return None
        run = hardware.run or dict.fromkeys(("time", *Draw._fields), np.zeros(len(hardware)))
        columns = {
            "running": _running(table, hardware),
            "energy": _energy(table, hardware, done),
            "beside": np.asarray(beside),
            "spare": hardware.power_limit - hardware.power_idle,
            "repeated": hardware.repeats / hardware.power_window,
            **{f"run_{name}": values for name, values in run.items()},
        }
        shape = (len(table), len(hardware))
        return cls(**{name: np.broadcast_to(values, shape) for name, values in columns.items()})

    def at(self, *index: NDArray[np.int64] | slice) -> Allowance:
        """That of some of the kernels and accelerators."""
        return Allowance(**{field.name: getattr(self, field.name)[index] for field in fields(self)})

    def times(self, time: FloatArray, clocked: FloatArray) -> FloatArray:
        """Times within the limit, given those at the boost clock and the part that goes with it. [s]"""
        whole = time + self.beside
        draw = Draw(np.minimum(clocked, whole), self.running * whole + self.energy)
        run = (self.run_time, Draw(self.run_clocked, self.run_work), self.repeated)
        return _limited(_Kernels.of(whole, draw, *run), self.spare) - self.beside


class _Kernels(NamedTuple):
    """Kernels on their accelerators, arrays of one shape; those of the run that they are part of beside them."""

    time: FloatArray
    draw: Draw
    run_time: FloatArray
    run_draw: Draw
    weight: FloatArray

    @classmethod
    def of(cls, time: FloatArray, draw: Draw, run_time: FloatArray, run_draw: Draw, repeated: FloatArray) -> _Kernels:
        weight = -np.expm1(-repeated * time)
        return cls(time, draw, run_time, run_draw, weight)

    def at(self, index: NDArray[np.bool_]) -> _Kernels:
        draws = [Draw(*(column[index] for column in draw)) for draw in (self.draw, self.run_draw)]
        return _Kernels(self.time[index], draws[0], self.run_time[index], draws[1], self.weight[index])

    def power(self, clock: FloatArray) -> FloatArray:
        """Mean power above idle that the controller sees at a share of the boost clock. [W]"""
        own, run = power_at(clock, self.time, self.draw), power_at(clock, self.run_time, self.run_draw)
        return self.weight * own + (1.0 - self.weight) * run


def power_at(clock: FloatArray, time: FloatArray, draw: Draw) -> FloatArray:
    """Power above idle at a share of the boost clock. [W]"""
    power: FloatArray = relative_voltages(clock) ** 2 * draw.work / np.maximum(time_at(clock, time, draw), 1e-30)
    return power


def time_at(clock: FloatArray, time: FloatArray, draw: Draw) -> FloatArray:
    """Time at a share of the boost clock. [s]"""
    slower: FloatArray = time + draw.clocked * (1.0 / clock - 1.0)
    return slower


def limited_times(time: FloatArray, draw: Draw, hardware: HardwareColumns) -> FloatArray:
    """Times within the power limit, shape (num_kernels, num_accelerators). [s]

    Parameters
    ----------
    time : array of shape (num_kernels, num_accelerators)
        At the boost clock. [s]
    draw : Draw
    hardware : HardwareColumns
        With the run that the kernels are part of, or none.
    """
    run = hardware.run or dict.fromkeys(("time", *Draw._fields), np.zeros(len(hardware)))
    columns = (run["time"], *(run[name] for name in Draw._fields), hardware.repeats / hardware.power_window)
    run_time, run_clocked, run_work, repeated = (np.broadcast_to(column, time.shape) for column in columns)
    kernels = _Kernels.of(time, draw, run_time, Draw(run_clocked, run_work), repeated)
    spare = hardware.power_limit - hardware.power_idle
    return _limited(kernels, np.broadcast_to(spare, time.shape))


def _limited(kernels: _Kernels, spare: FloatArray) -> FloatArray:
    """Times of kernels with so much power to spare."""
    with np.errstate(invalid="ignore"):
        over = kernels.power(np.ones(spare.shape)) > np.maximum(spare, 0.0)
    if not over.any():
        return kernels.time
    held = kernels.at(over)
    limited = kernels.time.copy()
    limited[over] = time_at(_clock(held, np.maximum(spare[over], 0.0)), held.time, held.draw)
    return limited


def _clock(kernels: _Kernels, spare: FloatArray) -> FloatArray:
    """Highest share of the boost clock at which the power stays within what is to spare."""
    low, high = np.full(spare.shape, _LOWEST_CLOCK), np.ones(spare.shape)
    for _ in range(_STEPS):
        middle = 0.5 * (low + high)
        fits = kernels.power(middle) <= spare
        low, high = np.where(fits, middle, low), np.where(fits, high, middle)
    return low
