"""What the way of timing adds to a measurement: a property of the harness, not of the kernel.

Eager benchmarks read events around a call from Python. Short kernels then show the time of the host, long ones their
own time and a constant: ``measured = max(floor, offset + kernels)``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

from hw_specs import CalibrationPool

__all__ = ["NO_OVERHEAD", "Timing", "timings_of", "with_timing"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Overhead of one way of timing.

    Attributes
    ----------
    floor, offset : float
        [s]
    """

    floor: float
    offset: float


NO_OVERHEAD = Timing(floor=0.0, offset=0.0)


def timings_of(calibrations: CalibrationPool, device: str) -> Mapping[tuple[str, str], Timing]:
    """Timing of each (source, op) on a device; where it was not measured there, the median over other devices."""
    own: dict[tuple[str, str], Timing] = {}
    others: dict[tuple[str, str], list[Timing]] = {}
    # A joint fit leaves the timings to the calibrations of single architectures.
    for entry in calibrations.of_scope("architecture"):
        for fitted in entry.evidence.fitted_on:
            timing = Timing(floor=fitted.timing_floor, offset=fitted.timing_offset)
            key = (fitted.source, fitted.op)
            if fitted.device == device:
                own[key] = timing
            else:
                others.setdefault(key, []).append(timing)
    return {**{key: _median(same) for key, same in others.items()}, **own}


def _median(timings: list[Timing]) -> Timing:
    return Timing(floor=median(t.floor for t in timings), offset=median(t.offset for t in timings))


def with_timing(kernel_time: FloatArray, *, floor: FloatArray, offset: FloatArray) -> FloatArray:
    """What the harness shows for some kernel times. [s]"""
    return np.maximum(floor, offset + kernel_time)
