"""What of a fitted parameter follows the memory of the accelerator that inherits it.

A parameter is fitted on some accelerator and used on another. Most are shares of a datasheet quantity and carry over as
they are. Three are known better: the share of the DRAM bandwidth that kernels reach goes with the share that a plain
copy reaches, which microbenchmarks publish for many accelerators; the shortest duration holds accesses to memory that
wait for one another; and what ranks lose to one another on a host's links is of that host, not of the accelerator in
it. What the power limit needs carries over in :mod:`simulator.cost.hardware.power`.

The shortest duration follows latencies that are changed on one accelerator. Between products it carries as well without
them: short kernels of a B200 by those of a GB200 are 11.0 % off, with latencies 11.1 %.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from hw_specs import Accelerator, Calibration, CalibrationMatch, CalibrationPool, SpecError, load_accelerator

from .families import PARAMETERS, group_named
from .hardware.figures import Figures, figures_of
from .hardware.memory_rates import USUAL_LATENCY, common_cache, dram_achievable_copy
from .parameters import Follows, Parameter

__all__ = ["REFERENCE", "Origin", "accelerator_origin", "carried", "nearest", "origin_of", "variants_origin"]

FloatArray = NDArray[np.float64]
#: A number of one accelerator, or of each of some variants of it.
Number = TypeVar("Number", float, FloatArray)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin(Generic[Number]):
    """Accelerator that parameters describe, or variants of one.

    Attributes
    ----------
    copy_share : float, array of shape (num_variants,) or None
        Share that a copy reaches of the DRAM bandwidth that check bits leave, None where nobody published it. [1]
    changed : bool
        Whether it is another one with values changed.
    cache_latency, dram_latency : float, array or None
        Of one dependent access to the cache that all cores share and to the DRAM, None where not published. [s]
    """

    copy_share: Number | None
    changed: bool = False
    cache_latency: Number | None = None
    dram_latency: Number | None = None


# Where none is published: the middle of those of the catalogue that are. [s]
_CACHE_LATENCY = 150e-9

#: What the parameters of the calibration for all accelerators describe, in the middle of those measured.
REFERENCE: Origin[float] = Origin(copy_share=0.85)


def nearest(accelerator: Accelerator, group: str, pool: CalibrationPool) -> tuple[CalibrationMatch | None, str]:
    """Calibration of a group or of one that it resembles, and the group it is of: the nearest, its own where alike."""
    found = [
        (match, source)
        for source in (group, *group_named(group).related)
        if (match := pool.match(accelerator, source)) is not None
    ]
    own = [(match, source) for match, source in found if source == group and match.basis == "calibrated"]
    return min(own or found, key=lambda pair: _steps(pair[0]), default=(None, group))


def _steps(match: CalibrationMatch) -> float:
    """Steps of lineage, of which the generic calibration is beyond all."""
    return math.inf if match.distance is None else max(match.distance, 0)


def origin_of(calibration: Calibration, group: str, accelerator: Accelerator | None = None) -> Origin[float]:
    """What a calibration's parameters of a group describe: the first accelerator that they were fitted on.

    Where `accelerator`, or what it was before it was changed, is among them, they describe that one as well.
    """
    if calibration.scope == "generic":
        return REFERENCE
    measured = calibration.groups.get(group, calibration.accelerators)
    own = None if accelerator is None else accelerator.based_on or accelerator.name
    try:
        return _origin_named(own if own is not None and own in measured else measured[0])
    except (IndexError, SpecError):  # nothing named, or a machine that its user probed
        return Origin(copy_share=None)


@functools.cache
def _origin_named(name: str) -> Origin[float]:
    return accelerator_origin(load_accelerator(name))


def accelerator_origin(accelerator: Accelerator) -> Origin[float]:
    """Memory of an accelerator."""
    one = variants_origin(figures_of([accelerator]))
    return Origin(
        copy_share=_only(one.copy_share),
        changed=accelerator.product is not None,
        cache_latency=_only(one.cache_latency),
        dram_latency=_only(one.dram_latency),
    )


def variants_origin(figures: Figures) -> Origin[FloatArray]:
    """Memory of variants of one accelerator, which have numbers in the same places."""
    copies = figures.numbers["memory.dram.measured_bandwidth"]
    return Origin(
        copy_share=_known(np.minimum(copies / dram_achievable_copy(figures), 1.0)),
        changed=True,
        cache_latency=_known(common_cache(figures, "latency")),
        dram_latency=_known(figures.numbers["memory.dram.latency"]),
    )


def _known(values: FloatArray) -> FloatArray | None:
    return None if np.isnan(values).any() else values


def _only(values: FloatArray | None) -> float | None:
    return None if values is None else float(values[0])


def carried(
    values: Mapping[str, float], group: str | None, *, here: Origin[Number], there: Origin[float]
) -> dict[str, float | Number]:
    """Parameters of a group as another accelerator has them.

    Parameters
    ----------
    values : mapping
        ``group.name`` to value; those of other groups are left as they are.
    group : str or None
        None for all.
    here, there : Origin
        Accelerator that gets the parameters, or variants of one, and the accelerator that they describe.
    """
    return {
        name: _inherited(parameter, value, here, there)
        if (parameter := PARAMETERS.get(name)) is not None and group in (parameter.group, None)
        else value
        for name, value in values.items()
    }


def _inherited(parameter: Parameter, value: float, here: Origin[Number], there: Origin[float]) -> float | Number:
    if parameter.follows is Follows.HOST and not here.changed:
        return parameter.default
    if parameter.follows is Follows.COPY_SHARE and here.copy_share is not None and there.copy_share is not None:
        return _within(parameter, value * (here.copy_share / there.copy_share))
    if parameter.follows is Follows.LATENCY and here.changed:
        cache = parameter.cache_accesses * _later(here.cache_latency, there.cache_latency, _CACHE_LATENCY)
        dram = parameter.dram_accesses * _later(here.dram_latency, there.dram_latency, USUAL_LATENCY)
        return _within(parameter, value + (cache + dram))
    return value


def _later(own: Number | None, other: float | None, usual: float) -> float | Number:
    """Time by which an access takes longer on a changed accelerator; none where that is not known. [s]

    A latency that is set where none was published takes the place of a usual one.
    """
    return 0.0 if own is None else own - (usual if other is None else other)


def _within(parameter: Parameter, value: float | Number) -> float | Number:
    if isinstance(value, np.ndarray):
        return np.clip(value, parameter.lower, parameter.upper)
    return min(max(value, parameter.lower), parameter.upper)
