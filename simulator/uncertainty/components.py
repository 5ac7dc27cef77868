r"""What the relative error of a predicted time is made of, so that errors of two runs can be set against each other.

The error of a run is a sum of independent causes, each with the deviation that it gives to the run: one a parameter
group (the accelerator's kernels of that group are all too slow or too fast), one a distinct kernel, one the host, and
one that nothing of the accelerator's line was measured (:mod:`simulator.uncertainty.relatives`). Two runs share causes,
and what they share cancels in their ratio as far as both contain it:

.. math:: \operatorname{var} \log (T_a / T_b) = \operatorname{var}(e_a) + \operatorname{var}(e_b)
    - 2 \operatorname{cov}(e_a, e_b)

On one accelerator the causes are the same, and only differences of the two runs' shares remain. Of two accelerators,
errors of one group are as alike as those of accelerators that a fit did without (:func:`accelerator_correlation`);
errors of single kernels count as independent, which is the most that they can add. What is wrong with a line is the
same for all its parts.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hw_specs import CalibrationPool

__all__ = [
    "ErrorComponents",
    "accelerator_correlation",
    "changed_share",
    "common_covariance",
    "ratio_variance",
    "single_components",
]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ErrorComponents:
    """Standard deviation that each cause gives to the relative error of a run.

    Attributes
    ----------
    common : ndarray, shape (num_groups,)
        Of each parameter group. [1]
    single : mapping
        Of each distinct kernel, by what tells it from others. [1]
    host : float
        Of the host. [1]
    correlation : float
        Of the errors of different groups on one accelerator. [1]
    times : mapping
        Of each distinct kernel, by the same, and of the device that waits; empty where they are not known. [s]
    unmeasured : float
        Of the line, as far as no relative was measured. [1]
    line : str
        Of the accelerator.
    """

    common: FloatArray
    single: Mapping[Hashable, float]
    host: float
    correlation: float
    times: Mapping[Hashable, float] = field(default_factory=dict)
    unmeasured: float = 0.0
    line: str = ""

    def variance(self) -> float:
        """Relative variance of the run. [1]"""
        return self._common_with(self) + sum(x * x for x in self.single.values()) + self.host**2 + self.unmeasured**2

    def covariance(self, other: ErrorComponents, *, accelerators_alike: float, one_host: bool = True) -> float:
        """Covariance of the relative errors of two runs. [1]

        Parameters
        ----------
        other : ErrorComponents
        accelerators_alike : float
            Correlation of the errors of one group on the accelerators of both runs; 1 for one accelerator.
        one_host : bool
            Whether both run on one kind of host.
        """
        shared = accelerators_alike * self._common_with(other) + one_host * self.host * other.host
        shared += (self.line == other.line) * self.unmeasured * other.unmeasured
        if accelerators_alike < 1:
            return shared
        return shared + sum(x * other.single.get(key, 0.0) for key, x in self.single.items())

    def _common_with(self, other: ErrorComponents) -> float:
        return common_covariance(self.common, other.common, self.correlation)


def common_covariance(one: FloatArray, other: FloatArray, correlation: float) -> float:
    """Covariance of two sums over parameter groups, whose deviations are correlated with those of other groups."""
    together = one.sum() * other.sum()
    return float(correlation * together + (1.0 - correlation) * (one * other).sum())


def ratio_variance(
    first: ErrorComponents, second: ErrorComponents, *, accelerators_alike: float, one_host: bool = True
) -> float:
    """Variance of the logarithm of the ratio of two runs, never below zero. [1]

    Parameters
    ----------
    first, second : ErrorComponents
    accelerators_alike, one_host
        See :meth:`ErrorComponents.covariance`.
    """
    shared = first.covariance(second, accelerators_alike=accelerators_alike, one_host=one_host)
    return max(first.variance() + second.variance() - 2.0 * shared, 0.0)


def changed_share(first: ErrorComponents, second: ErrorComponents) -> float:
    r"""Share of the time of two runs that differs, 0 of one run twice, 1 of runs without a kernel in common.

    .. math:: \sum_k |t_{ak} - t_{bk}| \Big/ \sum_k (t_{ak} + t_{bk})

    over distinct kernels. Where it is 0, the change does not touch the runs: their ratio is 1 whatever is wrong with
    both. 1 where times are not known.
    """
    keys = first.times.keys() | second.times.keys()
    pairs = [(first.times.get(key, 0.0), second.times.get(key, 0.0)) for key in keys]
    both = math.fsum(a + b for a, b in pairs)
    return math.fsum(abs(a - b) for a, b in pairs) / both if both > 0 else 1.0


@functools.lru_cache(maxsize=8)
def accelerator_correlation(calibrations: CalibrationPool) -> float:
    r"""Correlation of the common deviations of one parameter group on two accelerators, 0 to 1.

    .. math:: \kappa = \sum_g \sum_{p \ne q} b_{pg} b_{qg} \Big/ \sum_g \sum_{p \ne q} \tfrac12 (b_{pg}^2 + b_{qg}^2)

    over the medians :math:`b_{pg}` of the residuals of each group on each architecture that was left out: the
    intraclass correlation about zero. Without any such medians, 0: then nothing is known to be alike.
    """
    products = squares = 0.0
    for medians in _medians_by_group(calibrations):
        products += float(medians.sum() ** 2 - (medians**2).sum())
        squares += float((len(medians) - 1) * (medians**2).sum())
    return min(max(products / squares, 0.0), 1.0) if squares > 0 else 0.0


def _medians_by_group(calibrations: CalibrationPool) -> Iterator[FloatArray]:
    found: dict[str, list[float]] = {}
    for summary in calibrations.left_out_residuals():
        if summary.regime == "all":
            found.setdefault(summary.group, []).append(summary.quantiles["0.5"])
    yield from (np.array(medians) for medians in found.values())


def single_components(keys: Iterable[Hashable], deviations: FloatArray) -> dict[Hashable, float]:
    """Deviations of distinct kernels, those of one key added up: launches of one kernel are off together."""
    found: dict[Hashable, float] = {}
    for key, deviation in zip(keys, deviations.tolist(), strict=True):
        found[key] = found.get(key, 0.0) + deviation
    return found
