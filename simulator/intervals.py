r"""Prediction intervals of a latency: how far measured runs were from predictions of the same standing.

Every kernel's prediction belongs to a parameter group and rests on a basis. The calibrations keep the residuals
:math:`\log(\mathrm{measured} / \mathrm{predicted})` of rows that no fit saw: unseen shapes of a fitted part
(`calibrated`), and whole parts that a refit did without (`inherited`). Each set of residuals is split in two:

* what all kernels of the group on one part have in common, its median: it does not average out over a pipeline;
* what differs from shape to shape, its spread around the median: it averages out over distinct kernels.

The common parts of different groups are taken to be fully correlated, since clock, power and software version are
common causes; so are the launches of one kernel. The host's speed is a common cause of all launch-bound time. The
relative standard deviation of a run is then

.. math:: \sigma^2 = \frac{(\sum_g T_g s_g)^2 + \sum_k (n_k t_k u_k)^2 + (W h)^2}{T^2}

with :math:`T_g` the time of a group, :math:`s_g` its common deviation, :math:`n_k t_k u_k` time and spread of a kernel,
:math:`W` the waiting for the host and :math:`h` the host's deviation. The interval is
:math:`T \exp(b \pm q \sigma)`, where `q` and `b` are the split-conformal quantile and centre of published runs
that took no part in any fit (:func:`validation.interval_fit.fit_intervals`).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pydantic
import yaml
from numpy.typing import NDArray

from hw_specs import Accelerator, Calibration, find_calibration, load_calibration
from hw_specs.calibration import ResidualSummary, list_calibrations
from simulator.cost.family import parameter_group
from simulator.cost.parameters import GROUPS
from simulator.kernels import KernelTable
from simulator.timeline import Timeline

__all__ = ["Interval", "IntervalFactors", "interval_of", "load_factors", "relative_deviation", "shipped_calibrations"]

FloatArray = NDArray[np.float64]

# Published rates of one pipeline on one part, bound by the host, lie within a factor of 1.7 (21.7 to 36.1 steps a
# second of Stable Diffusion 1.5 on an A100): an 80 % interval of that width has this
# standard deviation of the logarithm.
_HOST_DEVIATION = math.log(1.7) / 2.563
# Half of the normal distribution's 80 % interval, in standard deviations: 10 % and 90 % quantiles are 2 * 1.2816 apart.
_QUANTILE_DISTANCE = 2.563
_REGIME_ENDS = ((20e-6, "<20us"), (50e-6, "20-50us"), (500e-6, "50-500us"), (math.inf, ">500us"))
# Where nothing at all was measured for a group, the widest group of parts left out stands in, half as wide again; so
# does what was fitted to parts that share no lineage with the one at hand.
_DATASHEET_WIDENING = 1.5
_UNRELATED_WIDENING = 1.5

FACTORS = Path(__file__).parent / "interval_factors.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Range that holds the measured latency with probability `level`.

    Attributes
    ----------
    low, high : float
        [s]
    level : float
        Nominal coverage.
    coverage : float
        Share of published runs inside, counted on runs that neither the cost model nor the factor was fitted on.
    count : int
        Number of those runs.
    """

    low: float
    high: float
    level: float
    coverage: float
    count: int


class IntervalFactors(pydantic.BaseModel):
    """Split-conformal factors of pipeline intervals, and what they were fitted and tried on."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    level: Annotated[float, pydantic.Field(gt=0, lt=1)]
    factor: Annotated[float, pydantic.Field(ge=0)]
    """Quantile of ``|log(measured / predicted) - centre| / sigma`` over the runs of the fit."""
    centre: float
    """Median of ``log(measured / predicted)`` over the runs of the fit."""
    fitted_count: int
    coverage: Annotated[float, pydantic.Field(ge=0, le=1)]
    tried_count: int
    fitted_on: str
    tried_on: str
    sources: tuple[str, ...]


@functools.cache
def load_factors() -> IntervalFactors:
    """Factors that ship with the package."""
    return IntervalFactors.model_validate(yaml.safe_load(FACTORS.read_text(encoding="utf-8")))


def interval_of(latency: float, deviation: float) -> Interval:
    """Interval of a latency.

    Parameters
    ----------
    latency : float
        [s]
    deviation : float
        Relative standard deviation, from :func:`relative_deviation`.
    """
    factors = load_factors()
    centre, spread = latency * math.exp(factors.centre), math.exp(factors.factor * deviation)
    return Interval(
        low=centre / spread,
        high=centre * spread,
        level=factors.level,
        coverage=factors.coverage,
        count=factors.tried_count,
    )


def relative_deviation(
    timeline: Timeline,
    table: KernelTable,
    times: FloatArray,
    accelerator: Accelerator,
    calibrations: Sequence[Calibration] | None = None,
) -> float:
    """Relative standard deviation of a run's latency, before the conformal factor.

    Parameters
    ----------
    timeline : Timeline
    table : KernelTable
        With launch counts, as costed.
    times : ndarray, shape (num_kernels,)
        Predicted execution time of each kernel. [s]
    accelerator : Accelerator
    calibrations : sequence of Calibration, optional
        Those that the times were made with; the ones that ship with the package by default.
    """
    pool = shipped_calibrations() if calibrations is None else calibrations
    groups = parameter_group(table)
    total = table.count * times
    shared = independent = 0.0
    for code in np.unique(groups):
        rows = groups == code
        common, spread = _deviations(accelerator, GROUPS[code], times[rows], pool)
        shared += float((total[rows] * common).sum())
        independent += float(((total[rows] * spread) ** 2).sum())
    waiting = sum(float(stage.waiting.sum()) for stage in timeline.stages)
    variance = shared**2 + independent + (waiting * _HOST_DEVIATION) ** 2
    return math.sqrt(variance) / timeline.latency if timeline.latency else 0.0


def _deviations(
    accelerator: Accelerator, group: str, times: FloatArray, pool: Sequence[Calibration]
) -> tuple[FloatArray, FloatArray]:
    """Common deviation of a group, and spread of each of its kernels by the range that its time is in."""
    residuals, widening = _standing(accelerator, group, pool)
    common, spread = _by_regime(residuals, widening)
    regime = np.searchsorted([end for end, _ in _REGIME_ENDS], times, side="right")
    return np.array(common)[regime], np.array(spread)[regime]


def _standing(accelerator: Accelerator, group: str, pool: Sequence[Calibration]) -> tuple[list[ResidualSummary], float]:
    """Residuals of predictions of the same standing, and by how much to widen them."""
    match = find_calibration(accelerator, group=group, calibrations=pool)
    left_out = [
        s for entry in pool if entry.scope == "architecture" for s in entry.residuals if s.scope == "left_out_device"
    ]
    if match is None:
        return left_out, _DATASHEET_WIDENING
    own = [s for s in match.calibration.residuals if s.group == group]
    if match.basis == "calibrated":
        return [s for s in own if s.scope == "held_out_shapes"] or own, 1.0
    if match.calibration.scope == "generic":
        # Fitted to parts of one vendor: how far off it is on parts without a relative among them, nobody measured.
        return own or [
            s for s in left_out if s.group == group
        ] or left_out, 1.0 if match.related else _UNRELATED_WIDENING
    # One part says little of how far off the next one is: all parts that were left out do.
    return [s for s in left_out if s.group == group] or own or left_out, 1.0


def _by_regime(pool: Sequence[ResidualSummary], widening: float) -> tuple[list[float], list[float]]:
    common, spread = [], []
    for _, regime in _REGIME_ENDS:
        chosen = [s for s in pool if s.regime == regime] or [s for s in pool if s.regime == "all"]
        medians = [s.quantiles["0.5"] for s in chosen]
        widths = [(s.quantiles["0.9"] - s.quantiles["0.1"]) / _QUANTILE_DISTANCE for s in chosen]
        counts = np.array([s.count for s in chosen], dtype=np.float64)
        common.append(widening * _root_mean_square(medians, np.ones(len(medians))))
        spread.append(widening * _root_mean_square(widths, counts))
    return common, spread


def _root_mean_square(values: Sequence[float], weights: FloatArray) -> float:
    if not len(values):
        return 0.0
    return float(np.sqrt(np.average(np.square(values), weights=weights)))


@functools.cache
def shipped_calibrations() -> tuple[Calibration, ...]:
    """Calibrations that ship with the package."""
    return tuple(load_calibration(name) for name in list_calibrations())
