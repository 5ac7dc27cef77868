"""Kernels that a change slows down, or moves by more than it should."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw_specs import Accelerator, CalibrationPool, load_accelerator
from hw_specs.terminal.tables import hanging
from simulator.cost import UnsupportedFormatError, hardware_columns, kernel_times
from simulator.cost.families import GROUPS, parameter_group
from simulator.kernels import KernelTables
from simulator.lowering import assign_units

from .changes import Changed, drawn_improvements
from .workloads import bundled_kernels

__all__ = ["Slowdown", "drawn_slowdowns", "kernel_ratios", "slowdown_lines", "slowdowns"]

FloatArray = NDArray[np.float64]

#: The clock that a power limit leaves is found to a millionth. [1]
_ROUNDING = 2e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Slowdown:
    """A kernel that takes longer on a better accelerator.

    Attributes
    ----------
    accelerator : str
        As it was.
    changes : tuple of str
    group : str
        Parameter group of the kernel.
    kernel : str
    time : float
        Before the changes. [s]
    ratio : float
        Time with the changes over that without. [1]
    """

    accelerator: str
    changes: tuple[str, ...]
    group: str
    kernel: str
    time: float
    ratio: float


def drawn_slowdowns(
    names: Sequence[str],
    draws: int,
    seed: int,
    calibrations: CalibrationPool,
    *,
    progress: Callable[[str], None] | None = None,
) -> list[Slowdown]:
    """Kernels of bundled workloads that drawn improvements of some accelerators slow down.

    A workload in a number format that an accelerator lacks is left out there.
    """
    runs, generator = bundled_kernels(), np.random.default_rng(seed)
    found: list[Slowdown] = []
    for number, name in enumerate(names):
        if progress is not None:
            progress(name)
        part = load_accelerator(name)
        share = draws // len(names) + (number < draws % len(names))
        changed = list(drawn_improvements(part, share, generator))
        for kernels in runs:
            try:
                found += slowdowns(kernels, part, changed, calibrations)
            except UnsupportedFormatError:
                continue
    return found


def slowdown_lines(found: Sequence[Slowdown], draws: int) -> Iterator[str]:
    """How many changes slow something down, and each with its worst kernel, the worst first."""
    yield f"{len({(each.accelerator, each.changes) for each in found})} of {draws} changes slow a kernel down"
    for each in sorted(found, key=lambda each: -each.ratio):
        where = f"{each.group} {each.kernel}, {1e6 * each.time:.3g} us on {each.accelerator}"
        yield hanging(f"{100 * (each.ratio - 1):+8.3f} %  ", f"{where}: {' '.join(each.changes)}")


def slowdowns(
    kernels: KernelTables, accelerator: Accelerator, changed: Sequence[Changed], calibrations: CalibrationPool
) -> Iterator[Slowdown]:
    """The worst kernel of each parameter group that each change slows down."""
    own = assign_units(kernels, accelerator)
    before, ratios = kernel_ratios(own, accelerator, changed, calibrations)
    groups = parameter_group(own, accelerator.traits.engine)
    for column, (changes, _) in enumerate(changed):
        slower = ratios[:, column] > 1.0 + _ROUNDING
        for group in np.unique(groups[slower]).tolist():
            rows = np.flatnonzero(slower & (groups == group))
            worst = int(rows[ratios[rows, column].argmax()])
            yield Slowdown(
                accelerator=accelerator.name,
                changes=changes,
                group=GROUPS[group],
                kernel=own.name[worst],
                time=float(before[worst]),
                ratio=float(ratios[worst, column]),
            )


def kernel_ratios(
    kernels: KernelTables, accelerator: Accelerator, changed: Sequence[Changed], calibrations: CalibrationPool
) -> tuple[FloatArray, FloatArray]:
    """Time of each kernel [s], and over it the times with each of the changes, shape (num_kernels, num_changes).

    The accelerator before the changes is a changed one too, since no kernel was measured on those that it is held
    against.
    """
    base = accelerator.model_copy(update={"hypothetical": True, "based_on": accelerator.based_on or accelerator.name})
    hardware = hardware_columns([base, *(part for _, part in changed)], calibrations).sustained()
    times = kernel_times(kernels, hardware).time
    before = times[:, 0]
    return before, np.where(before > 0, times[:, 1:].T / np.where(before > 0, before, 1.0), 1.0).T
