r"""Parts of which no relative was measured: what the deviation of their times has beside what residuals tell.

Residuals of kernels (:mod:`simulator.uncertainty.standing`) are those of parts that descend from one another. A part of
another line (architectures with one ancestor) has other libraries, compilers and memories, and is predicted with what
was fitted elsewhere. How far off that is, was counted: of each line that was not fitted, how far whole runs and single
operators were from predictions without any calibration of that line,

.. math:: \tau^2 = \frac1L \sum_l \frac1{D_l} \sum_{d \in l} b_{ld}^2

with :math:`b_{ld}` the mean :math:`\log(\mathrm{measured} / \mathrm{predicted})` of the runs on one device, over `D`
devices of each of `L` lines (``validate relatives``, which writes ``relatives.yaml``). Single operators have a
deviation of their own, counted alike over operators of tables: errors of several cancel in part in a run. What is off
is the part, so that all its kernels are off together, and runs on parts of one line share it. Kernels of a group that
some relative was measured for have none of it.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pydantic
from numpy.typing import NDArray

from hw_specs import Accelerator, CalibrationPool
from hw_specs.reading.identity import Same
from hw_specs.reading.record import Record, Text, read_record
from simulator.cost.families import FAMILIES, GROUPS
from simulator.cost.families.listing import group_named

__all__ = [
    "RELATIVES",
    "UNMEASURED",
    "WHOLE_RUNS",
    "LineError",
    "Relatives",
    "load_relatives",
    "relatives_line",
    "unmeasured_deviation",
    "unmeasured_groups",
]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

#: What an entry is of, where it is no operator.
WHOLE_RUNS = "whole runs"

#: Share of the time without a measured relative from which on a reader is told first. [1]
UNMEASURED = 0.1

RELATIVES = Path(__file__).parent / "relatives.yaml"


class LineError(Record):
    """How far a device of a line was off when predicted from others."""

    line: Text
    """Ancestor of the architectures of the line."""
    device: Text
    what: Text
    """Whole runs, or an operator."""
    count: pydantic.PositiveInt
    bias: float
    """Mean ``log(measured / predicted)``. [1]"""


class Relatives(Record):
    """The deviation of parts without a measured relative, and what it was counted on."""

    deviation: pydantic.NonNegativeFloat
    """Of a run. [1]"""
    operators: pydantic.NonNegativeFloat
    """Of a single operator. [1]"""
    errors: tuple[LineError, ...]
    sources: tuple[Text, ...]

    @property
    def lines_of_runs(self) -> tuple[str, ...]:
        """Lines that the deviation of runs was counted on."""
        return tuple(dict.fromkeys(error.line for error in self.errors if error.what == WHOLE_RUNS))

    @classmethod
    def counted(cls, errors: Iterable[LineError], sources: Iterable[str]) -> Relatives:
        """Root mean square of the biases, each line counting alike, and each entry of it."""
        kept = tuple(errors)
        return cls(
            deviation=_root_mean_square(error for error in kept if error.what == WHOLE_RUNS),
            operators=_root_mean_square(error for error in kept if error.what != WHOLE_RUNS),
            errors=kept,
            sources=tuple(sorted(set(sources))),
        )


def _root_mean_square(errors: Iterable[LineError]) -> float:
    by_line: dict[str, list[float]] = {}
    for error in errors:
        by_line.setdefault(error.line, []).append(error.bias**2)
    squares = [float(np.mean(own)) for own in by_line.values()]
    return round(math.sqrt(float(np.mean(squares))), 3) if squares else 0.0


@functools.cache
def load_relatives() -> Relatives:
    """What ships with the package."""
    return read_record(RELATIVES, Relatives)


def unmeasured_deviation(accelerator: Accelerator, calibrations: CalibrationPool) -> FloatArray:
    """What each parameter group adds to a run, 0 where a relative was measured, shape (num_groups,). [1]"""
    return np.where(unmeasured_groups(accelerator, calibrations), load_relatives().deviation, 0.0)


def unmeasured_groups(accelerator: Accelerator, calibrations: CalibrationPool) -> BoolArray:
    """Parameter groups for which no relative of an accelerator was measured, shape (num_groups,)."""
    return _unmeasured(Same(accelerator), calibrations)


@functools.lru_cache(maxsize=64)
def _unmeasured(accelerator: Same[Accelerator], calibrations: CalibrationPool) -> BoolArray:
    measured = np.array([_is_measured(accelerator.value, group, calibrations) for group in GROUPS])
    known = np.array([_is_known(group, calibrations) for group in GROUPS])
    # Kernels of another engine never run there.
    own = {group.name for family in FAMILIES for group in family.groups_on(accelerator.value.traits.engine)}
    runs = np.array([group in own for group in GROUPS])
    # A group that was fitted nowhere says nothing of who was measured: the others of the part do.
    unmeasured: BoolArray = runs & ~measured & (known | ~measured.any())
    return unmeasured


def _is_measured(accelerator: Accelerator, group: str, calibrations: CalibrationPool) -> bool:
    """Whether a relative was measured for a group, for one that it resembles, or for one whose parameters it uses."""
    record = group_named(group)
    matches = (calibrations.match(accelerator, name) for name in (group, *record.related, *record.borrowed))
    return any(match is not None and match.related for match in matches)


def _is_known(group: str, calibrations: CalibrationPool) -> bool:
    record = group_named(group)
    names = (group, *record.related, *record.borrowed)
    return any(entry.calibration.groups.get(name) for entry in calibrations.of_scope("architecture") for name in names)


def relatives_line(accelerator: str, line: str, share: float) -> str:
    """What a reader must know before the number, of a run that rests in part on parts of other lines."""
    known = load_relatives()
    off = math.exp(known.deviation)
    return (
        f"nothing measured: {100 * share:.0f} % of the time on {accelerator} is predicted from parts of other lines "
        f"than {line}; runs on {len(known.lines_of_runs)} such lines were off by a factor of {off:.2f}"
    )
