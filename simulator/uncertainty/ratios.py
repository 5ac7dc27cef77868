r"""Prediction intervals of the ratio of two runs, in which what both are off by together cancels.

The interval is :math:`R \exp(\pm q \sqrt{\sigma^2 + \tau^2})`. :math:`\sigma` is the deviation that remains of the
errors of both runs (:mod:`simulator.uncertainty.components`), :math:`\tau` what a change of its kind brings beyond:
what mechanisms have wrong between execution modes, between boards, between sizes. `q` makes the level true: it is the
conformal quantile of pairs of published runs, each accelerator or pair of accelerators counting alike
(:func:`validation.fitting.intervals.ratios.fit_ratio_factors`).

A variant of a part, made by changing its numbers, shares all that is wrong with the part. What remains grows with its
distance: ratios of accelerators of one architecture that were both measured are off by a share of theirs.

How likely one run is the faster one follows from the same interval: the logarithm of the measured ratio is taken to be
normal around that of the predicted one, with the deviation whose 80 % range the interval is
(:meth:`RatioInterval.probability_above`). So an interval that ends at 1 says 90 %.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Annotated

import pydantic

from hw_specs import Accelerator, CalibrationPool
from hw_specs.hypothetical.distance import distance
from hw_specs.reading.yaml_loader import read_yaml

from .intervals import Factor, Share

__all__ = [
    "ANY",
    "CHANGES",
    "RatioFactor",
    "RatioFactors",
    "RatioInterval",
    "known_part",
    "load_ratio_factors",
    "ratio_interval",
    "variant_deviation",
    "variant_scatter",
]

RATIO_FACTORS = Path(__file__).parent / "ratio_factors.yaml"

#: Kinds of change in which two runs may differ.
CHANGES = ("accelerator", "attention", "execution", "batch", "resolution", "number format", "devices", "quantization")
#: Any of them, and whatever else there is.
ANY = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioInterval:
    """Range that holds the measured ratio of two runs with probability `level`.

    Attributes
    ----------
    ratio : float
        Predicted. [1]
    low, high : float
        [1]
    level : float
        Nominal coverage.
    coverage : float
        Share of pairs of published runs inside, by a factor that had seen none of their accelerators.
    count : int
        Number of those pairs.
    """

    ratio: float
    low: float
    high: float
    level: float
    coverage: float
    count: int

    def probability_above(self, value: float = 1.0) -> float:
        """Probability that the measured ratio is above a positive value; one half where both are the same for sure."""
        distance = math.log(self.ratio / value)
        deviation = math.log(self.high / self.ratio) / NormalDist().inv_cdf(0.5 + self.level / 2)
        if deviation == 0:
            return 0.5 + 0.5 * ((distance > 0) - (distance < 0))
        return NormalDist().cdf(distance / deviation)


class RatioFactor(Factor):
    """Conformal factor of the ratios of one kind of change, and the coverage on accelerators that it had not seen."""

    coverage: Share
    """Share of pairs inside, each accelerator (or pair of them) counting alike."""
    coverage_error: Annotated[float, pydantic.Field(ge=0)]
    """Standard error of `coverage`, from accelerator to accelerator."""
    count: int
    """Pairs of runs."""
    groups: int
    """Accelerators, or pairs of them."""


class RatioFactors(pydantic.BaseModel):
    """Factors by kind of change; that of :data:`ANY` is for a change of another kind, or of several at once."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    level: Annotated[float, pydantic.Field(gt=0, lt=1)]
    changes: Mapping[str, RatioFactor]
    variants: RatioFactor | None = None
    """Of accelerators of one architecture: `scatter` is for each unit of their distance
    (:func:`hw_specs.hypothetical.distance.distance`), beside nothing else.
    None where too few were measured: then a variant is as unsure as another accelerator."""

    def of(self, changes: Collection[str]) -> RatioFactor:
        """Factor of the only change, else that of any."""
        (only,) = changes if len(changes) == 1 else (ANY,)
        return self.changes.get(only, self.changes[ANY])


@functools.cache
def load_ratio_factors() -> RatioFactors:
    """Factors that ship with the package."""
    return RatioFactors.model_validate(read_yaml(RATIO_FACTORS))


def known_part(accelerator: Accelerator, calibrations: CalibrationPool) -> Accelerator:
    """Part that a variant was made from, from which its distance counts; one that was measured is its own."""
    named = not accelerator.hypothetical and any(accelerator.name in c.accelerators for c in calibrations.calibrations)
    return accelerator if named or accelerator.product is None else accelerator.product


def variant_deviation(accelerator: Accelerator, calibrations: CalibrationPool) -> float:
    """What the distance of a variant from its part adds to the relative deviation of every time; 0 for a part. [1]"""
    part = known_part(accelerator, calibrations)
    return 0.0 if part is accelerator else variant_scatter() * distance(accelerator, part)


def variant_scatter() -> float:
    """Deviation of the logarithm of a variant's time over that of its part, for each unit of their distance. [1]"""
    variants = load_ratio_factors().variants
    return 0.0 if variants is None else variants.scatter


def ratio_interval(
    ratio: float,
    variance: float,
    changes: Collection[str],
    *,
    distance: float = 0.0,
    factors: RatioFactors | None = None,
) -> RatioInterval:
    """Interval of a predicted ratio.

    Parameters
    ----------
    ratio : float
        [1]
    variance : float
        Of its logarithm, from :func:`simulator.uncertainty.components.ratio_variance`. [1]
    changes : collection of str
        Kinds of change between the runs, of :data:`CHANGES` or others, without that between a part and a variant of it.
        Runs that do not differ have a ratio of 1.
    distance : float
        Of variants from the part that they were made from. [1]
    factors : RatioFactors, optional
        Those that ship by default.
    """
    known = load_ratio_factors() if factors is None else factors
    factor, deviation = known.of(changes), math.sqrt(variance)
    half_width = factor.half_width(deviation) if changes else 0.0
    if distance > 0:
        of_variants = known.variants or known.of(("accelerator",))
        factor = factor if changes else of_variants
        apart = of_variants.scatter * (distance if known.variants else 1.0)
        half_width = math.hypot(half_width, of_variants.factor * math.hypot(apart, 0.0 if changes else deviation))
    spread = math.exp(half_width)
    return RatioInterval(
        ratio=ratio,
        low=ratio / spread,
        high=ratio * spread,
        level=known.level,
        coverage=factor.coverage,
        count=factor.count,
    )
