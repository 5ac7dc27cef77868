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
:math:`W` the waiting for the host and :math:`h` the host's deviation.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hw_specs import Accelerator, CalibrationPool
from hw_specs.calibration import ResidualSummary
from simulator.cost.families import GROUPS, parameter_group
from simulator.cost.inheritance import nearest
from simulator.kernels import KernelTables
from simulator.schedule.timeline import Timeline

from .components import ErrorComponents, common_covariance, single_components
from .ratios import variant_deviation

__all__ = [
    "HOST_DEVIATION",
    "REGIMES",
    "KernelRanges",
    "RunDeviation",
    "group_correlation",
    "group_deviations",
    "group_ranges",
    "inherited_half_widths",
    "kernel_ranges",
    "regime_of",
    "run_deviation",
    "summed_deviation",
]

FloatArray = NDArray[np.float64]

#: Published rates of one pipeline on one part, bound by the host, lie within a factor of 1.7 (21.7 to 36.1 steps a
#: second of Stable Diffusion 1.5 on an A100): an 80 % interval of that width has this
#: standard deviation of the logarithm.
HOST_DEVIATION = math.log(1.7) / 2.563
# Half of the normal distribution's 80 % interval, in standard deviations: 10 % and 90 % quantiles are 2 * 1.2816 apart.
_QUANTILE_DISTANCE = 2.563
#: Upper ends of the ranges of predicted time by which residuals are summed up, and their names. [s]
REGIMES = ((20e-6, "<20us"), (50e-6, "20-50us"), (500e-6, "50-500us"), (math.inf, ">500us"))
# Where nothing at all was measured for a group, the widest group of parts left out stands in, half as wide again.
_DATASHEET_WIDENING = 1.5
# What was fitted to parts that share no lineage with the one at hand, or to an algorithm that resembles the one at
# hand, is no surer.
_UNRELATED_WIDENING = 1.5


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class KernelRanges:
    """80 % range of single kernels, as factors of the predicted time.

    Attributes
    ----------
    low, high : ndarray, shape (num_kernels,)
        Quantiles 0.1 and 0.9 of measured over predicted time. [1]
    coverage : ndarray, shape (num_kernels,)
        Share of rows that such ranges held where the quantiles had not seen them; NaN where nobody counted. [1]
    basis : tuple of str, length num_kernels
        ``calibrated``, ``inherited`` or ``datasheet``: whose residuals they are.
    """

    low: FloatArray
    high: FloatArray
    coverage: FloatArray
    basis: tuple[str, ...]


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

    def components(self, chosen: NDArray[np.bool_] | NDArray[np.int64] | None = None) -> ErrorComponents:
        """What the relative error of some positions is made of, of all by default."""
        index = slice(None) if chosen is None else chosen
        time, waiting = self.execution[index], float(self.waiting[index].sum())
        total = float(time.sum()) + waiting or 1.0
        distinct, place = np.unique(self.kernel[index], return_inverse=True)
        single = np.bincount(place, weights=time * self.spread[index]) / total
        return ErrorComponents(
            common=np.bincount(self.group[index], weights=time * self.common[index], minlength=len(GROUPS)) / total,
            single=single_components(self.kernels.select(distinct).keys(), single),
            host=waiting * HOST_DEVIATION / total,
            correlation=self.correlation,
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
        return math.hypot(math.sqrt(variance + (waiting * HOST_DEVIATION) ** 2) / total, self.apart)


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
    kernel = (
        np.concatenate([s.launches.rows[len(s.launches.rows) // 2] for s in stages]) if stages else np.zeros(0, int)
    )
    distinct, position = np.unique(kernel, return_inverse=True)
    group, common, spread = _kernel_deviations(table.select(distinct), times[distinct], accelerator, calibrations)
    return RunDeviation(
        kernel=kernel,
        execution=np.concatenate([s.execution for s in stages]) if stages else np.zeros(0),
        waiting=np.concatenate([s.waiting for s in stages]) if stages else np.zeros(0),
        group=group[position],
        common=common[position],
        spread=spread[position],
        correlation=group_correlation(calibrations),
        kernels=table,
        apart=variant_deviation(accelerator, calibrations),
    )


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
    return math.sqrt(variance) / float(total.sum())


def kernel_ranges(
    table: KernelTables,
    times: FloatArray,
    accelerator: Accelerator,
    calibrations: CalibrationPool,
) -> KernelRanges:
    """80 % range of each kernel's time by itself.

    Parameters
    ----------
    table : KernelTables
    times : ndarray, shape (num_kernels,)
        Predicted execution time of each kernel. [s]
    accelerator : Accelerator
    calibrations : CalibrationPool
        Those that the times were made with.
    """
    return group_ranges(parameter_group(table), times, accelerator, calibrations)


def group_ranges(
    groups: NDArray[np.int64],
    times: FloatArray,
    accelerator: Accelerator,
    calibrations: CalibrationPool,
) -> KernelRanges:
    """80 % range of times of parameter groups, from residual quantiles by group, range of times and basis."""
    regime, size = regime_of(times), len(times)
    low, high, coverage = np.ones(size), np.ones(size), np.full(size, np.nan)
    basis = np.full(size, "datasheet", dtype=object)
    for code in np.unique(groups):
        rows = groups == code
        standing = _standing(accelerator, GROUPS[code], calibrations)
        basis[rows] = standing.basis
        for number in np.unique(regime[rows]):
            chosen = rows & (regime == number)
            low[chosen], high[chosen], coverage[chosen] = standing.quantiles(number)
    return KernelRanges(low=low, high=high, coverage=coverage, basis=tuple(basis))


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
    groups = parameter_group(table)
    common, spread = group_deviations(groups, accelerator, calibrations)[:, groups, regime_of(times)]
    return groups, common, spread


def group_deviations(groups: NDArray[np.int64], accelerator: Accelerator, calibrations: CalibrationPool) -> FloatArray:
    """Common deviation and spread of some groups by range of times, shape (2, num_groups, num_regimes). [1]"""
    result = np.zeros((2, len(GROUPS), len(REGIMES)))
    for code in np.unique(groups):
        result[:, code] = _standing(accelerator, GROUPS[code], calibrations).deviations()
    return result


def regime_of(times: FloatArray) -> NDArray[np.int64]:
    """Position in :data:`REGIMES` of each predicted time."""
    return np.searchsorted([end for end, _ in REGIMES], times, side="right").astype(np.int64)


@dataclass(frozen=True, slots=True)
class _Standing:
    """Residuals of predictions of the same standing, and whose they are.

    `relatives` are residuals of all groups on parts that were left out: what is known of the common deviation before
    any part of this group is looked at. `widening` is for what nobody measured.
    """

    residuals: tuple[ResidualSummary, ...]
    basis: str
    relatives: tuple[ResidualSummary, ...] = ()
    widening: float = 1.0

    def of_regime(self, number: int) -> list[ResidualSummary]:
        """Summaries of a range of times, or over all times where that range has none."""
        name = REGIMES[number][1]
        chosen = [s for s in self.residuals if s.regime == name]
        return chosen or [s for s in self.residuals if s.regime == "all"]

    def deviations(self) -> FloatArray:
        """Common deviation and spread by range of times, shape (2, num_regimes)."""
        prior = [s.quantiles["0.5"] for s in self.relatives if s.regime == "all"]
        result = np.zeros((2, len(REGIMES)))
        for number in range(len(REGIMES)):
            chosen = self.of_regime(number)
            medians = [s.quantiles["0.5"] for s in chosen]
            widths = [(s.quantiles["0.9"] - s.quantiles["0.1"]) / _QUANTILE_DISTANCE for s in chosen]
            # Two or three parts say little of how far off the next one is: other groups count as one part more.
            medians += [_root_mean_square(prior, np.ones(len(prior)))] if prior else []
            result[0, number] = _root_mean_square(medians, np.ones(len(medians)))
            result[1, number] = _root_mean_square(widths, np.array([s.count for s in chosen], dtype=np.float64))
        return self.widening * result

    def quantiles(self, number: int) -> tuple[float, float, float]:
        """Factors at the quantiles 0.1 and 0.9, and the share of unseen rows between such ones.

        On a part that was measured, quantiles of its unseen shapes. On any other, those of a normal distribution around
        the prediction, since the sign of its common deviation is not known.
        """
        chosen = self.of_regime(number)
        counted = [s.coverage for s in chosen if s.coverage is not None]
        coverage = float(np.mean(counted)) if counted and self.widening == 1 else math.nan
        if self.widening == 1 and not self.relatives and len(chosen) == 1:
            return math.exp(chosen[0].quantiles["0.1"]), math.exp(chosen[0].quantiles["0.9"]), coverage
        half = float(_half_widths(self.deviations())[number])
        return math.exp(-half), math.exp(half), coverage


def _standing(accelerator: Accelerator, group: str, pool: CalibrationPool) -> _Standing:
    """Residuals of predictions of the same standing."""
    match, source = nearest(accelerator, group, pool)
    left_out = pool.left_out_residuals()
    if match is None:
        return _Standing(left_out, "datasheet", widening=_DATASHEET_WIDENING)
    if match.basis == "calibrated" and source == group:
        own = tuple(s for s in match.fitted.evidence.residuals if (s.group, s.scope) == (group, "held_out_shapes"))
        # A probed machine keeps no residuals: it is no surer than a part that nobody measured.
        return _Standing(own, match.basis) if own else _inherited(group, left_out, match.basis)
    standing = _inherited(source, left_out)
    if match.calibration.scope == "generic":
        joint = tuple(s for s in match.fitted.evidence.residuals if s.group == source)
        standing = replace(standing, residuals=joint or standing.residuals)
    return standing if match.related and source == group else replace(standing, widening=_UNRELATED_WIDENING)


def _inherited(group: str, left_out: Sequence[ResidualSummary], basis: str = "inherited") -> _Standing:
    """Standing of a part that was not measured, given residuals on parts that were left out."""
    same = tuple(s for s in left_out if s.group == group)
    relatives = tuple(s for s in left_out if s.group != "collective")
    return _Standing(same or relatives, basis, relatives)


def inherited_half_widths(group: str, left_out: Sequence[ResidualSummary]) -> FloatArray:
    """Half the logarithmic width of 80 % ranges of a part that was not measured, by range of times."""
    return _half_widths(_inherited(group, left_out).deviations())


def _half_widths(deviations: FloatArray) -> FloatArray:
    half: FloatArray = _QUANTILE_DISTANCE / 2 * np.hypot(deviations[0], deviations[1])
    return half


def _root_mean_square(values: Sequence[float], weights: FloatArray) -> float:
    if not len(values):
        return 0.0
    return float(np.sqrt(np.average(np.square(values), weights=weights)))
