r"""Prediction intervals of measured device time that is carried over to another accelerator.

The interval is :math:`T \exp(\pm q \sqrt{\sigma^2 + \tau^2})` as that of a ratio of two runs
(:mod:`simulator.uncertainty.ratios`), but of device time alone: neither a host nor another release of the software
lies between the two, so that :math:`\tau` is smaller. `q` and :math:`\tau` are of sums of operator calls that were
measured on both accelerators (:mod:`validation.fitting.intervals.projections`), the target once with its own
calibration and once without. Between parts of one architecture the residuals of single calls cancel too, which
:math:`\sigma` does not know: they have factors of their own.
"""

from __future__ import annotations

import functools
import math
from pathlib import Path
from typing import Annotated

import pydantic

from hw_specs.reading.yaml_loader import read_yaml

from .ratios import RatioFactor, RatioInterval, load_ratio_factors

__all__ = ["PROJECTION_FACTORS", "ProjectionFactors", "load_projection_factors", "projection_interval"]

PROJECTION_FACTORS = Path(__file__).parent / "projection_factors.yaml"


class ProjectionFactors(pydantic.BaseModel):
    """Factors of the intervals of projections, by what lies between the two accelerators."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    level: Annotated[float, pydantic.Field(gt=0, lt=1)]
    apart: RatioFactor
    """Of accelerators of different architectures."""
    alike: RatioFactor
    """Of accelerators of one architecture."""

    def of(self, *, alike: bool) -> RatioFactor:
        """Factor of one kind of pair."""
        return self.alike if alike else self.apart


@functools.cache
def load_projection_factors() -> ProjectionFactors:
    """Factors that ship with the package."""
    return ProjectionFactors.model_validate(read_yaml(PROJECTION_FACTORS))


def projection_interval(variance: float, *, alike: bool, distance: float = 0.0) -> RatioInterval:
    """Interval of projected device time, around 1.

    Parameters
    ----------
    variance : float
        Of the logarithm of the ratio of both predictions, from
        :func:`simulator.uncertainty.components.ratio_variance`. [1]
    alike : bool
        Whether both accelerators are of one architecture.
    distance : float
        Of variants from the parts that they were made from, which adds as in
        :func:`simulator.uncertainty.ratios.ratio_interval`. [1]
    """
    factors, variants = load_projection_factors(), load_ratio_factors().variants
    factor = factors.of(alike=alike)
    half_width = factor.half_width(math.sqrt(variance))
    if variants is not None:
        half_width = math.hypot(half_width, variants.half_width(0.0) * distance)
    spread = math.exp(half_width)
    return RatioInterval(
        ratio=1.0,
        low=1.0 / spread,
        high=spread,
        level=factors.level,
        coverage=factor.coverage,
        count=factor.count,
    )
