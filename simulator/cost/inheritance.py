"""What of a fitted parameter follows the memory of the accelerator that inherits it.

A parameter is fitted on some accelerator and used on another. Most are shares of a datasheet quantity and carry over as
they are. Two are known better: the share of the DRAM bandwidth that kernels reach goes with the share that a plain copy
reaches, which microbenchmarks publish for many accelerators; and what one core pulls goes with its share of the
bandwidth: a core of a B200 has 4 times as much of it as one of an A100, and enough bytes in flight to use it. What the
power limit needs carries over in :mod:`simulator.cost.hardware.power`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from hw_specs import Accelerator, Calibration, CalibrationMatch, CalibrationPool, SpecError, load_accelerator

from .families import PARAMETERS, group_named
from .hardware.cores import block_cores, product_of
from .hardware.memory_rates import dram_achievable_copy
from .parameters import Follows, Parameter

__all__ = ["REFERENCE", "Origin", "accelerator_origin", "carried", "nearest", "origin_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Accelerator that parameters describe.

    Attributes
    ----------
    copy_share : float or None
        Share that a copy reaches of the DRAM bandwidth that check bits leave, None where nobody published it. [1]
    by_core : float or None
        DRAM bandwidth over the number of cores; of a changed accelerator over those of what it was, since a core pulls
        no less for having others beside it. [B/s]
    """

    copy_share: float | None
    by_core: float | None


#: What the parameters of the calibration for all accelerators describe, in the middle of those measured.
REFERENCE = Origin(copy_share=0.85, by_core=1.2e10)


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


def origin_of(calibration: Calibration, group: str) -> Origin:
    """What a calibration's parameters of a group describe: the first accelerator that they were fitted on."""
    if calibration.scope == "generic":
        return REFERENCE
    measured = calibration.groups.get(group, calibration.accelerators)
    try:
        return accelerator_origin(load_accelerator(measured[0]))
    except (IndexError, SpecError):  # nothing named, or a machine that its user probed
        return Origin(copy_share=None, by_core=None)


def accelerator_origin(accelerator: Accelerator) -> Origin:
    """Memory of an accelerator."""
    dram = accelerator.memory.dram
    by_core = dram.bandwidth / block_cores(product_of(accelerator)) if dram.bandwidth else None
    left = dram_achievable_copy(accelerator)
    share = min(dram.measured_bandwidth / left, 1.0) if dram.measured_bandwidth is not None and left > 0 else None
    return Origin(copy_share=share, by_core=by_core)


def carried(values: Mapping[str, float], group: str, *, here: Origin, there: Origin) -> dict[str, float]:
    """Parameters of a group as another accelerator has them.

    Parameters
    ----------
    values : mapping
        ``group.name`` to value; those of other groups are left as they are.
    group : str
    here, there : Origin
        Accelerator that gets the parameters, and the one that they describe.
    """
    return {
        name: _inherited(parameter, value, here, there)
        if (parameter := PARAMETERS.get(name)) is not None and parameter.group == group
        else value
        for name, value in values.items()
    }


def _inherited(parameter: Parameter, value: float, here: Origin, there: Origin) -> float:
    if parameter.follows is Follows.COPY_SHARE and here.copy_share is not None and there.copy_share is not None:
        return _within(parameter, value * (here.copy_share / there.copy_share))
    if parameter.follows is Follows.CORE_BANDWIDTH and here.by_core is not None and there.by_core is not None:
        return _within(parameter, value * (here.by_core / there.by_core))
    return value


def _within(parameter: Parameter, value: float) -> float:
    return min(max(value, parameter.lower), parameter.upper)
