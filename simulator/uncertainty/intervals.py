r"""Prediction intervals of a latency: how far measured runs were from predictions of the same standing.

The interval is :math:`T \exp(\pm q \sqrt{\sigma^2 + \tau^2})`. :math:`\sigma` is the deviation that the residuals of
kernels tell (:mod:`simulator.uncertainty.deviation`): it says which predictions are surer than others. :math:`\tau` is
the scatter of published runs of one pipeline on one part in different hands: software versions, boards, ways to
measure. `q` makes the level true: it is the conformal quantile of published runs that took no part in any fit, each
device counting alike (:func:`validation.fitting.intervals.times.fit_intervals`), so that it holds for a device that
nobody measured.

How far off predictions are depends little on :math:`\sigma` and much on what ran: engines of compilers of their own are
two to three times as far off as the framework's own execution, videos farther than images. So `q` is that of the class
of a run: maker of the accelerator, what ran it, kind of output. A class of few devices leans on the wider one around
it.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pydantic
from numpy.typing import NDArray

from hw_specs import Accelerator
from hw_specs.reading.yaml_loader import read_yaml
from simulator.execution import Execution
from tracer.graph import OpGraph, Workload

__all__ = [
    "BasisCoverage",
    "ClassCoverage",
    "ClassFactor",
    "ClassFactors",
    "Factor",
    "Interval",
    "IntervalFactors",
    "Share",
    "Standing",
    "coverage_line",
    "family_of",
    "interval_ends",
    "interval_of",
    "load_factors",
    "standing_of",
    "way_of",
]

FloatArray = NDArray[np.float64]

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
        Share of published runs inside, each device counting alike, where the factor had seen neither the device nor
        the workload.
    count : int
        Number of those runs.
    counted_on : str
        What those runs are, in words: the narrowest class of the prediction at hand that has enough accelerators.
    """

    low: float
    high: float
    level: float
    coverage: float
    count: int
    counted_on: str


Share = Annotated[float, pydantic.Field(ge=0, le=1)]


class BasisCoverage(pydantic.BaseModel):
    """Coverage of runs whose kernels rest mostly on one basis, and how wide their intervals are."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    coverage: Share
    """Share of runs inside, each device counting alike."""
    devices: int
    runs: int
    half_width: float
    """Mean of half the interval's logarithmic width, each device counting alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What tells the class of a prediction: kind of output, maker of the accelerator, basis of most kernels' time, and
    whether the ``framework`` runs it or an ``engine`` of its own.
    """

    family: str
    maker: str
    basis: str
    way: str = "framework"


class ClassCoverage(BasisCoverage):
    """Coverage of the runs of a class; what is None is left open."""

    family: str | None = None
    maker: str | None = None
    basis: str | None = None

    def holds(self, standing: Standing) -> bool:
        """Whether a prediction is of this class."""
        named = ((self.family, standing.family), (self.maker, standing.maker), (self.basis, standing.basis))
        return all(mine in (None, its) for mine, its in named)

    @property
    def text(self) -> str:
        """The class in words: ``of images on NVIDIA, most kernels inherited``."""
        kind = f"of {self.family}" if self.family else ""
        maker = f" on {self.maker}" if self.maker else ""
        return f"{kind}{maker}{f', most kernels {self.basis}' if self.basis else ''}".strip()


def family_of(workload: Workload, components: Iterable[str] = ()) -> str:
    """Kind of output of a workload: videos, texts, or images of U-Nets or of transformers, by its components."""
    if workload.num_frames is not None:
        return "videos"
    if workload.height is None and workload.max_new_tokens is not None:
        return "texts"
    return f"images of {'U-Nets' if any(name.startswith('unet') for name in components) else 'transformers'}"


def way_of(execution: Execution, workload: Workload) -> str:
    """What runs a workload: ``engine``, where kernels are fused by a compiler of its own or a cache is paged."""
    return "engine" if execution.mode == "fused" or workload.kv_cache == "paged" else "framework"


def standing_of(graph: OpGraph, accelerator: Accelerator, execution: Execution, basis: str = "") -> Standing:
    """Standing of a run whose kernels rest mostly on a basis."""
    return Standing(
        family=family_of(graph.workload, (stage.component for stage in graph.stages)),
        maker=accelerator.vendor,
        basis=basis,
        way=way_of(execution, graph.workload),
    )


class Factor(pydantic.BaseModel):
    """The two numbers that an interval is made from."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    factor: Annotated[float, pydantic.Field(ge=0, allow_inf_nan=False)]
    """Quantile of ``|log(measured / predicted)| / sqrt(sigma^2 + scatter^2)`` over the runs of the fit."""
    scatter: Annotated[float, pydantic.Field(ge=0, allow_inf_nan=False)]
    """Deviation of the logarithm among runs of one pipeline on one part."""

    def half_width(self, deviation: float) -> float:
        """Half the logarithmic width of an interval."""
        return float(self.half_widths(np.asarray(deviation)))

    def half_widths(self, deviation: FloatArray) -> FloatArray:
        """The same of each of some deviations."""
        widths: FloatArray = self.factor * np.hypot(deviation, self.scatter)
        return widths


class ClassFactor(pydantic.BaseModel):
    """Factor of the runs of a class; what is None is left open."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    maker: str
    way: str | None = None
    family: str | None = None
    factor: Annotated[float, pydantic.Field(ge=0, allow_inf_nan=False)]

    def holds(self, standing: Standing) -> bool:
        """Whether a prediction is of this class."""
        named = ((self.maker, standing.maker), (self.way, standing.way), (self.family, standing.family))
        return all(mine in (None, its) for mine, its in named)


class ClassFactors(Factor):
    """Factor of all runs, and of those of each class, from the widest to the narrowest."""

    by_class: tuple[ClassFactor, ...] = ()

    def of(self, standing: Standing | None) -> Factor:
        """Factor of the narrowest class of a prediction; that of all runs where nothing is known of it."""
        found = [each.factor for each in self.by_class if standing is not None and each.holds(standing)]
        return Factor(factor=found[-1], scatter=self.scatter) if found else self


class IntervalFactors(ClassFactors):
    """Conformal factor of intervals, what it was fitted on, and the coverage on devices that it had not seen.

    ``without`` has the factor of a fit to all devices but one, by that one: the intervals of its own runs are made with
    it. Coverage is counted by factors that had seen neither the device of a run nor its workload.
    """

    level: Annotated[float, pydantic.Field(gt=0, lt=1)]
    coverage: Share
    coverage_error: Annotated[float, pydantic.Field(ge=0)]
    """Standard error of `coverage`: from device to device, since the runs of one resemble one another."""
    count: int
    devices: tuple[str, ...]
    without: Mapping[str, ClassFactors]
    by_basis: Mapping[str, BasisCoverage]
    classes: tuple[ClassCoverage, ...] = ()
    """From the narrowest to the widest."""
    sources: tuple[str, ...]

    def class_of(self, standing: Standing | None) -> ClassCoverage | None:
        """Narrowest class of a prediction of which enough accelerators were counted."""
        if standing is None:
            return None
        return next((each for each in self.classes if each.holds(standing)), None)


@functools.cache
def load_factors() -> IntervalFactors:
    """Factors that ship with the package."""
    return IntervalFactors.model_validate(read_yaml(FACTORS))


def interval_of(
    latency: float, deviation: float, *, standing: Standing | None = None, unseen: str | None = None
) -> Interval:
    """Interval of a latency.

    Parameters
    ----------
    latency : float
        [s]
    deviation : float
        Relative standard deviation, from :mod:`simulator.uncertainty.deviation`.
    standing : Standing, optional
        Whose factor is taken and whose coverage is quoted; those of all runs by default.
    unseen : str, optional
        Device whose published runs the factor must not have seen.
    """
    factors = load_factors()
    counted = factors.class_of(standing)
    factor = factors.without.get(unseen, factors) if unseen else factors
    spread = math.exp(factor.of(standing).half_width(deviation))
    return Interval(
        low=latency / spread,
        high=latency * spread,
        level=factors.level,
        coverage=factors.coverage if counted is None else counted.coverage,
        count=factors.count if counted is None else counted.runs,
        counted_on=f"on {len(factors.devices)} devices" if counted is None else counted.text,
    )


def interval_ends(
    latency: FloatArray, deviation: FloatArray, standing: Standing | None = None
) -> tuple[FloatArray, FloatArray]:
    """Ends of the intervals of some latencies, by their relative deviations (:func:`interval_of`). [s]"""
    spread = np.exp(load_factors().of(standing).half_widths(deviation))
    return latency / spread, latency * spread


def coverage_line() -> str:
    """How often intervals held: the rest of a sentence that begins with them."""
    f = load_factors()
    return (
        f"held {100 * f.coverage:.0f} +- {100 * f.coverage_error:.0f} % of {f.count} published runs on "
        f"{len(f.devices)} devices, each by a fit that had seen neither the device nor the workload"
    )
