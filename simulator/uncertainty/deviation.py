r"""How uncertain a predicted time is, from residuals of predictions of the same standing.

Every kernel's prediction belongs to a parameter group and rests on a basis. The calibrations keep the residuals
:math:`\log(\mathrm{measured} / \mathrm{predicted})` of rows that no fit saw: unseen shapes of a fitted part
(`calibrated`), and whole parts that a refit did without (`inherited`). Each set of residuals is split in two:

* what all kernels of the group on one part have in common, its median: it does not average out over a pipeline;
* what differs from shape to shape, its spread around the median: it averages out over distinct kernels.

Launches of one kernel are fully correlated. How far the common parts of different groups are is told by the parts
that were left out (:func:`group_correlation`). The host's speed is a common cause of all launch-bound time. The
relative variance of a run, or of a part of it, is

.. math:: \frac{\rho (\sum_g T_g s_g)^2 + (1 - \rho) \sum_g (T_g s_g)^2 + \sum_k (n_k t_k u_k)^2 + (W h)^2}{T^2}

with :math:`T_g` the time of a group, :math:`s_g` its common deviation, :math:`n_k t_k u_k` time and spread of a kernel,
:math:`W` the waiting for the host and :math:`h` the host's deviation. Beside it stand what the distance of a variant
adds, and what nobody measured of the part's line (:mod:`simulator.uncertainty.relatives`).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Collection, Hashable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw_specs import Accelerator, CalibrationPool
from hw_specs.architecture import Engine
from hw_specs.inheritance.lineage import line_of
from simulator.cost.families import GROUPS, parameter_group
from simulator.kernels import KernelTables
from simulator.lowering import Launches
from simulator.schedule.timeline import Timeline

from .components import ErrorComponents, common_covariance, single_components
from .ratios import variant_deviation
from .relatives import unmeasured_deviation
from .standing import group_deviations, regime_of

__all__ = [
    "HOST_DEVIATION",
    "RunDeviation",
    "group_correlation",
    "run_deviation",
    "summed_components",
    "summed_deviation",
]

FloatArray = NDArray[np.float64]

#: Published rates of one pipeline on one part, bound by the host, lie within a factor of 1.7 (21.7 to 36.1 steps a
#: second of Stable Diffusion 1.5 on an A100): an 80 % interval of that width has this
#: standard deviation of the logarithm.
HOST_DEVIATION = math.log(1.7) / 2.563


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RunDeviation:
    """What the deviation of a run and of its parts is made of; positions are those of all stages in order.

    Attributes
    ----------
    kernel : ndarray of int, shape (num_positions,)
        Kernel of each launch position; of one whose kernel grows, that of the middle repeat.
    execution, waiting : ndarray, shape (num_positions,)
        Over all repeats. [s]
    group : ndarray of int, shape (num_positions,)
        Parameter group.
    common, spread : ndarray, shape (num_positions,)
        Relative deviations of the kernel. [1]
    correlation : float
        Of the common deviations of different groups. [1]
    kernels : KernelTables
        Of the run.
    apart : float
        What the distance of a variant from its part adds to the deviation of every time. [1]
    unmeasured : ndarray, shape (num_positions,), or float
        What the deviation of a kernel has for want of a measured relative. [1]
    line : str
        Of the part.
    """

    kernel: NDArray[np.int64]
    execution: FloatArray
    waiting: FloatArray
    group: NDArray[np.int64]
    common: FloatArray
    spread: FloatArray
    correlation: float
    kernels: KernelTables
    apart: float = 0.0
    unmeasured: FloatArray | float = 0.0
    line: str = ""

    @property
    def unmeasured_share(self) -> float:
        """Share of the time in kernels that no relative was measured for. [1]"""
        total = float(self.execution.sum() + self.waiting.sum())
        return float(self.execution[self._unmeasured() > 0].sum()) / total if total else 0.0

    def _unmeasured(self) -> FloatArray:
        return np.broadcast_to(self.unmeasured, self.execution.shape)

    def components(self, chosen: NDArray[np.bool_] | NDArray[np.int64] | None = None) -> ErrorComponents:
        """What the relative error of some positions is made of, of all by default."""
        index = slice(None) if chosen is None else chosen
        time, waiting = self.execution[index], float(self.waiting[index].sum())
        total = float(time.sum()) + waiting or 1.0
        distinct, place = np.unique(self.kernel[index], return_inverse=True)
        single = np.bincount(place, weights=time * self.spread[index]) / total
        keys = list(map(_keys_of(self.kernels).__getitem__, distinct.tolist()))
        times = single_components([*keys, "waiting"], np.append(np.bincount(place, weights=time), waiting))
        return ErrorComponents(
            common=np.bincount(self.group[index], weights=time * self.common[index], minlength=len(GROUPS)) / total,
            single=single_components(keys, single),
            host=waiting * HOST_DEVIATION / total,
            correlation=self.correlation,
            times=times,
            unmeasured=float((time * self._unmeasured()[index]).sum()) / total,
            line=self.line,
        )

    def relative(self, chosen: NDArray[np.bool_] | NDArray[np.int64] | None = None) -> float:
        """Relative standard deviation of the time of some positions, of all by default."""
        index = slice(None) if chosen is None else chosen
        time = self.execution[index]
        waiting = float(self.waiting[index].sum())
        total = float(time.sum()) + waiting
        if not total:
            return 0.0
        variance = _variance(
            time, self.kernel[index], self.group[index], self.common[index], self.spread[index], self.correlation
        )
        between = float((time * self._unmeasured()[index]).sum())
        return math.hypot(math.sqrt(variance + (waiting * HOST_DEVIATION) ** 2) / total, self.apart, between / total)

    def relative_of(self, parts: Collection[NDArray[np.int64]]) -> FloatArray:
        """The same of some parts, each given by its positions; shape (num_parts,)."""
        at = np.concatenate([*parts, np.zeros(0, dtype=np.int64)])
        part = np.repeat(np.arange(len(parts)), [len(positions) for positions in parts])
        waiting = np.bincount(part, weights=self.waiting[at], minlength=len(parts))
        total = np.bincount(part, weights=self.execution[at], minlength=len(parts)) + waiting
        between = np.bincount(part, weights=(self.execution * self._unmeasured())[at], minlength=len(parts))
        variance = self._variances(part, at, len(parts)) + np.square(waiting * HOST_DEVIATION) + np.square(between)
        relative: FloatArray = np.hypot(np.sqrt(variance) / np.where(total > 0, total, 1.0), self.apart)
        return np.where(total > 0, relative, 0.0)

    def _variances(self, part: NDArray[np.int64], at: NDArray[np.int64], count: int) -> FloatArray:
        """Variance of the sum of the times at some positions, by the part that each belongs to. [s^2]"""
        time = self.execution[at]
        shared = _sums(part, self.group[at], time * self.common[at], (count, len(GROUPS)))
        distinct, kernel = np.unique(self.kernel[at], return_inverse=True)
        single = _sums(part, kernel, time * self.spread[at], (count, max(len(distinct), 1)))
        together, apart = np.square(shared.sum(axis=1)), np.square(shared).sum(axis=1)
        common = self.correlation * together + (1.0 - self.correlation) * apart
        variances: FloatArray = common + np.square(single).sum(axis=1)
        return variances


def _sums(part: NDArray[np.int64], code: NDArray[np.int64], values: FloatArray, shape: tuple[int, int]) -> FloatArray:
    """Sums of values by part and code."""
    found = np.bincount(part * shape[1] + code, weights=values, minlength=shape[0] * shape[1])
    return found.astype(np.float64).reshape(shape)


def run_deviation(
    timeline: Timeline,
    table: KernelTables,
    times: FloatArray,
    accelerator: Accelerator,
    calibrations: CalibrationPool,
) -> RunDeviation:
    """Deviations of every launch position of a run.

    Parameters
    ----------
    timeline : Timeline
    table : KernelTables
        As costed.
    times : ndarray, shape (num_kernels,)
        Predicted execution time of each kernel. [s]
    accelerator : Accelerator
    calibrations : CalibrationPool
        Those that the times were made with.
    """
    stages = timeline.stages
    kernel = middle_kernels(timeline.launches)
    groups = _groups_of(table, accelerator.traits.engine)
    common, spread = group_deviations(groups[kernel], accelerator, calibrations)[:, groups, regime_of(times)]
    return RunDeviation(
        kernel=kernel,
        execution=np.concatenate([s.execution for s in stages]) if stages else np.zeros(0),
        waiting=np.concatenate([s.waiting for s in stages]) if stages else np.zeros(0),
        group=groups[kernel],
        common=common[kernel],
        spread=spread[kernel],
        correlation=group_correlation(calibrations),
        kernels=table,
        apart=variant_deviation(accelerator, calibrations),
        unmeasured=unmeasured_deviation(accelerator, calibrations)[groups[kernel]],
        line=line_of(accelerator.traits),
    )


@functools.lru_cache(maxsize=8)
def middle_kernels(launches: Launches) -> NDArray[np.int64]:
    """Kernel of each launch position of all stages; of one that grows, that of the middle repeat."""
    middle = [stage.rows[len(stage.rows) // 2] for stage in launches.stages]
    return np.concatenate([*middle, np.zeros(0, dtype=np.int64)])


@functools.lru_cache(maxsize=8)
def _keys_of(table: KernelTables) -> list[Hashable]:
    """What tells each kernel from all others."""
    return table.keys()


@functools.lru_cache(maxsize=8)
def _groups_of(table: KernelTables, engine: Engine) -> NDArray[np.int64]:
    """Parameter group of each kernel."""
    return parameter_group(table, engine)


def summed_deviation(
    table: KernelTables,
    times: FloatArray,
    accelerator: Accelerator,
    calibrations: CalibrationPool,
) -> float:
    """Relative standard deviation of ``count * times`` summed over a table: device time without a host."""
    group, common, spread = _kernel_deviations(table, times, accelerator, calibrations)
    total = table.count * times
    if not total.sum():
        return 0.0
    variance = _variance(total, np.arange(len(table)), group, common, spread, group_correlation(calibrations))
    between = float((total * unmeasured_deviation(accelerator, calibrations)[group]).sum())
    return math.hypot(math.sqrt(variance), between) / float(total.sum())


def summed_components(
    table: KernelTables,
    times: FloatArray,
    accelerator: Accelerator,
    calibrations: CalibrationPool,
) -> ErrorComponents:
    """What the relative error of ``count * times`` summed over a table is made of: device time without a host."""
    group, common, spread = _kernel_deviations(table, times, accelerator, calibrations)
    time = table.count * times
    total = float(time.sum()) or 1.0
    keys = table.keys()
    return ErrorComponents(
        common=np.bincount(group, weights=time * common, minlength=len(GROUPS)) / total,
        single=single_components(keys, time * spread / total),
        host=0.0,
        correlation=group_correlation(calibrations),
        times=single_components(keys, time),
        unmeasured=float((time * unmeasured_deviation(accelerator, calibrations)[group]).sum()) / total,
        line=line_of(accelerator.traits),
    )


@functools.lru_cache(maxsize=8)
def group_correlation(calibrations: CalibrationPool) -> float:
    r"""Correlation of the common deviations of different parameter groups on one part, 0 to 1.

    .. math:: \rho = \sum_p \sum_{g \ne h} b_{pg} b_{ph} \Big/ \sum_p \sum_{g \ne h} \tfrac12 (b_{pg}^2 + b_{ph}^2)

    over the medians :math:`b_{pg}` of the residuals of each group on each part (architecture) that was left out: the
    intraclass correlation about zero. Collectives are left out of it: no run of one device has any. Without any such
    medians, 1: then nothing is known to average out.
    """
    products = squares = 0.0
    for entry in calibrations.of_scope("architecture"):
        medians = np.array(
            [
                s.quantiles["0.5"]
                for s in entry.evidence.residuals
                if (s.scope, s.regime) == ("left_out_device", "all") and s.group != "collective"
            ]
        )
        products += float(medians.sum() ** 2 - (medians**2).sum())
        squares += float((len(medians) - 1) * (medians**2).sum())
    return min(max(products / squares, 0.0), 1.0) if squares > 0 else 1.0


def _variance(
    time: FloatArray,
    kernel: NDArray[np.int64],
    group: NDArray[np.int64],
    common: FloatArray,
    spread: FloatArray,
    correlation: float,
) -> float:
    """Variance of the sum of some times. [s^2]"""
    shared = np.bincount(group, weights=time * common).astype(np.float64)
    _, distinct = np.unique(kernel, return_inverse=True)
    single = np.bincount(distinct, weights=time * spread)
    return common_covariance(shared, shared, correlation) + float((single**2).sum())


def _kernel_deviations(
    table: KernelTables, times: FloatArray, accelerator: Accelerator, calibrations: CalibrationPool
) -> tuple[NDArray[np.int64], FloatArray, FloatArray]:
    """Parameter group, common deviation and spread of each kernel."""
    groups = parameter_group(table, accelerator.traits.engine)
    common, spread = group_deviations(groups, accelerator, calibrations)[:, groups, regime_of(times)]
    return groups, common, spread
