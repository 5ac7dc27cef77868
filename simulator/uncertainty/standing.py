"""Residuals that speak for a prediction of a kernel's time, and the ranges of single times that they give.

Those of unseen shapes where the part itself was fitted (`calibrated`), those of parts that a refit did without where a
relative's parameters were taken (`inherited`), and wider ones where nobody measured anything of the kind (`datasheet`).
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
from hw_specs.reading.identity import Same
from simulator.cost.families import GROUPS, parameter_group
from simulator.cost.inheritance import nearest
from simulator.kernels import KernelTables

from .relatives import load_relatives, unmeasured_groups

__all__ = [
    "REGIMES",
    "KernelRanges",
    "group_deviations",
    "group_ranges",
    "inherited_half_widths",
    "kernel_ranges",
    "regime_of",
]

FloatArray = NDArray[np.float64]

# Half of the normal distribution's 80 % interval, in standard deviations: 10 % and 90 % quantiles are 2 * 1.2816 apart.
_QUANTILE_DISTANCE = 2.563
#: Upper ends of the ranges of predicted time by which residuals are summed up, and their names. [s]
REGIMES = ((20e-6, "<20us"), (50e-6, "20-50us"), (500e-6, "50-500us"), (math.inf, ">500us"))
# Where nothing at all was measured for a group, the widest group of parts left out stands in, half as wide again.
_DATASHEET_WIDENING = 1.5
# What was fitted to an algorithm that resembles the one at hand is no surer.
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
    return group_ranges(parameter_group(table, accelerator.traits.engine), times, accelerator, calibrations)


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
    apart = unmeasured_groups(accelerator, calibrations)[groups]
    between = _QUANTILE_DISTANCE / 2 * load_relatives().operators
    low[apart], high[apart] = (np.exp(s * np.hypot(np.log(end[apart]), between)) for s, end in ((-1, low), (1, high)))
    coverage[apart] = np.nan
    return KernelRanges(low=low, high=high, coverage=coverage, basis=tuple(basis))


def group_deviations(groups: NDArray[np.int64], accelerator: Accelerator, calibrations: CalibrationPool) -> FloatArray:
    """Common deviation and spread of some groups by range of times, shape (2, num_groups, num_regimes). [1]"""
    result = np.zeros((2, len(GROUPS), len(REGIMES)))
    for code in np.unique(groups).tolist():
        result[:, code] = _deviations_of(Same(accelerator), GROUPS[code], calibrations)
    return result


@functools.lru_cache(maxsize=512)
def _deviations_of(accelerator: Same[Accelerator], group: str, calibrations: CalibrationPool) -> FloatArray:
    """Common deviation and spread of one group by range of times, shape (2, num_regimes)."""
    return _standing(accelerator.value, group, calibrations).deviations()


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
    return standing if source == group else replace(standing, widening=_UNRELATED_WIDENING)


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
