"""Predictions of measured operator calls under some calibrations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hw_specs import CalibrationPool
from validation.measured.tables import MeasuredKernels
from validation.measured.timing import NO_OVERHEAD, Timing, timings_of, with_timing

__all__ = ["Prediction", "predicted"]

FloatArray = NDArray[np.float64]


class Prediction(NamedTuple):
    """Predicted time of each row, as it would be shown by the way it was measured, and its datasheet roofline. [s]"""

    time: FloatArray
    roofline: FloatArray


def predicted(
    measured: MeasuredKernels,
    calibrations: CalibrationPool,
    *,
    timings: Mapping[tuple[str, str], Timing] | None = None,
) -> Prediction:
    """Times of all rows.

    Parameters
    ----------
    measured : MeasuredKernels
    calibrations : CalibrationPool
        The accelerator takes the nearest of these for each parameter group.
    timings : mapping, optional
        (source, op) to what the harness adds; by default as the calibrations know it.
    """
    known = timings_of(calibrations, measured.device) if timings is None else timings
    times, rooflines = measured.costs(measured.kernels, calibrations)
    each = [known.get(key, NO_OVERHEAD) for key in zip(measured.source, measured.op, strict=True)]
    time = with_timing(
        measured.per_row(times),
        floor=np.array([timing.floor for timing in each]),
        offset=np.array([timing.offset for timing in each]),
    )
    return Prediction(time=time, roofline=measured.per_row(rooflines))
