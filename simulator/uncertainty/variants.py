"""Relative deviation of the latency on some accelerators at once, by the formula of
:mod:`simulator.uncertainty.deviation`.

Whose residuals a prediction rests on depends on the accelerator's lineage and not on its numbers: variants of one
accelerator share them, and differ in the times that they apply to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hw_specs import Accelerator, CalibrationPool
from simulator.cost.families import parameter_group
from simulator.kernels import KernelTables
from simulator.lowering import StageLaunches
from simulator.schedule.stage import StageRun

from .deviation import HOST_DEVIATION, group_correlation
from .ratios import variant_deviation
from .relatives import unmeasured_deviation
from .standing import group_deviations, regime_of

__all__ = ["VariantDeviations"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class VariantDeviations:
    """What the deviation of a run on variants of one accelerator is made of.

    Attributes
    ----------
    kernels : ndarray of int, shape (num_distinct,)
        Kernels by which the launch positions of the run go: of one that grows, that of the middle repeat.
    group : ndarray of int, shape (num_distinct,)
        Parameter group of each.
    by_regime : ndarray, shape (2, num_groups, num_regimes)
        Common deviation and spread of each group by the range of times. [1]
    correlation : float
        Of the common deviations of different groups. [1]
    places : tuple of ndarray
        For each stage, which of `kernels` each of its launch positions goes by.
    apart : float
        What the distance of the variant that was given from its part adds. [1]
    unmeasured : ndarray, shape (num_groups,)
        What each group has for want of a measured relative. [1]
    """

    kernels: IntArray
    group: IntArray
    by_regime: FloatArray
    correlation: float
    places: tuple[IntArray, ...]
    unmeasured: FloatArray
    apart: float = 0.0

    @classmethod
    def of(
        cls,
        table: KernelTables,
        stages: Sequence[StageLaunches],
        accelerator: Accelerator,
        calibrations: CalibrationPool,
    ) -> Self:
        """Of the stages of a run, given any of the variants."""
        middle = [stage.rows[len(stage.rows) // 2] for stage in stages]
        kernels = np.unique(np.concatenate([*middle, np.zeros(0, dtype=np.int64)]))
        group = parameter_group(table.select(kernels), accelerator.traits.engine)
        return cls(
            kernels=kernels,
            group=group,
            by_regime=group_deviations(group, accelerator, calibrations),
            correlation=group_correlation(calibrations),
            places=tuple(np.searchsorted(kernels, rows) for rows in middle),
            unmeasured=unmeasured_deviation(accelerator, calibrations),
            apart=variant_deviation(accelerator, calibrations),
        )

    def relative(
        self, runs: Sequence[StageRun], times: FloatArray, apart: FloatArray | float | None = None
    ) -> FloatArray:
        """Relative standard deviation of the latency, 0 where nothing takes time, shape (num_accelerators,).

        Parameters
        ----------
        runs : sequence of StageRun
            Of the stages.
        times : ndarray, shape (num_kernels, num_accelerators)
            Predicted execution time of each kernel. [s]
        apart : ndarray, shape (num_accelerators,), or float, optional
            What the distances of the variants from their part add; by default that of the one that was given. [1]
        """
        execution = self._executions(runs, times.shape[1])
        common, spread = self.by_regime[:, self.group[:, None], regime_of(times[self.kernels])]
        waiting = sum((run.waiting.sum(axis=0) for run in runs), np.zeros(times.shape[1]))
        shared = self._by_group(execution * common)
        single = np.square(execution * spread).sum(axis=0)
        between = (execution * self.unmeasured[self.group][:, None]).sum(axis=0)
        variance = _covariance(shared, self.correlation) + single + np.square(waiting * HOST_DEVIATION)
        variance = variance + np.square(between)
        total = execution.sum(axis=0) + waiting
        relative: FloatArray = np.sqrt(variance) / np.where(total > 0, total, 1.0)
        return np.hypot(relative, self.apart if apart is None else apart)

    def _executions(self, runs: Sequence[StageRun], count: int) -> FloatArray:
        """Time that each distinct kernel executes in the run. [s]"""
        total = np.zeros((len(self.kernels), count))
        for run, places in zip(runs, self.places, strict=True):
            order = np.argsort(places, kind="stable")
            found, starts = np.unique(places[order], return_index=True)
            if len(found):
                total[found] += np.add.reduceat(run.execution[order], starts, axis=0)
        return total

    def _by_group(self, values: FloatArray) -> FloatArray:
        """Sums over the kernels of each group, shape (num_groups, num_accelerators)."""
        return np.array([values[self.group == code].sum(axis=0) for code in np.unique(self.group)])


def _covariance(shared: FloatArray, correlation: float) -> FloatArray:
    """Variance of the sum over groups (first axis), whose deviations are correlated with those of others. [s^2]"""
    together: FloatArray = np.square(shared.sum(axis=0))
    apart: FloatArray = np.square(shared).sum(axis=0)
    return correlation * together + (1.0 - correlation) * apart
