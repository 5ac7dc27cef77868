"""Energy of a run on some accelerators at once, by the formula of :mod:`simulator.energy.run`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.cost import HardwareColumns
from simulator.cost.energies import work_energies
from simulator.kernels import KernelTables
from simulator.kernels.totals import weighted_total
from simulator.lowering import StageLaunches
from simulator.schedule.stage import StageRun

__all__ = ["energies"]

FloatArray = NDArray[np.float64]


def energies(
    kernels: KernelTables, stages: Sequence[StageLaunches], runs: Sequence[StageRun], hardware: HardwareColumns
) -> FloatArray:
    """Energy of the whole run, NaN where nothing says what an accelerator draws, shape (num_accelerators,). [J]

    Parameters
    ----------
    kernels : KernelTables
        With contractions on the units that the accelerators have.
    stages, runs : sequence
        Of the run, one by one.
    hardware : HardwareColumns
    """
    work = work_energies(kernels, hardware.cache_capacity, hardware.energy)
    total = np.zeros(len(hardware))
    for stage, run in zip(stages, runs, strict=True):
        elapsed, launched = run.elapsed(), np.bincount(stage.rows.ravel(), minlength=len(kernels))
        busy, done = run.execution.sum(axis=0), stage.launches_per_variant * weighted_total(launched, work)
        free = hardware.power_idle * elapsed + hardware.power_active * busy + done
        total += np.fmin(free, hardware.power_limit * elapsed)
    return total
