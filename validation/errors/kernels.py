"""Errors of predicted operator calls: one record for each device, source, operator and dtype."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hw_specs import Accelerator, CalibrationPool, FittedCalibration
from simulator.uncertainty.standing import group_ranges
from validation.fitting.calibrate import calibrate
from validation.fitting.fit import held_out
from validation.fitting.generic import generic_calibration
from validation.fitting.residuals import first_groups, rows_by_group
from validation.measured.tables import MeasuredKernels, MeasurementError, is_device, read_tables

from .prediction import Prediction, predicted

__all__ = ["JSON_FIELDS", "KernelError", "KernelErrors", "kernel_errors"]

FloatArray = NDArray[np.float64]

_JSON = "device op dtype count mape mape_over_50us median_ape bias within_10_percent time_weighted roofline_mape"
#: Fields of a record as JSON, in order.
JSON_FIELDS = tuple(_JSON.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelError:
    """Errors over the rows of one device, source, operator and dtype; shares unless noted, None without such rows.

    Attributes
    ----------
    device, source, op, dtype : str
    count : int
        Rows.
    mape, mape_over_20us, mape_over_50us : float | None
        Mean absolute relative error of all rows and of those measured longer than that.
    median_ape : float
    bias : float
        Mean signed error of the prediction.
    within_10_percent : float
    time_weighted : float
        Sum of absolute errors over the sum of measured times.
    roofline_mape : float
        Mean absolute relative error of the datasheet roofline.
    unseen_mape, unseen_mape_over_50us : float | None
        Over the shapes that the fit did not see.
    coverage : float | None
        Share of those shapes whose measured time is in the 80 % range of the prediction. The ranges of a calibrated
        part are quantiles of its own unseen shapes, which calibrations count on halves of them; those of any other
        part come from other parts.
    """

    device: str
    source: str
    op: str
    dtype: str
    count: int
    mape: float
    mape_over_20us: float | None
    mape_over_50us: float | None
    median_ape: float
    bias: float
    within_10_percent: float
    time_weighted: float
    roofline_mape: float
    unseen_mape: float | None
    unseen_mape_over_50us: float | None
    coverage: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelErrors:
    """Records of some files, and the rows that could not be predicted, by reason."""

    records: tuple[KernelError, ...]
    skipped: Counter[str]

    def to_list(self) -> list[dict[str, object]]:
        """Records as plain objects with the fields of :data:`JSON_FIELDS`."""
        return [{name: getattr(record, name) for name in JSON_FIELDS} for record in self.records]


def kernel_errors(
    files: Iterable[str | Path],
    *,
    leave_out: str | None = None,
    calibrations: CalibrationPool,
    accelerator: Accelerator | None = None,
) -> KernelErrors:
    """Predict every row of some files.

    Parameters
    ----------
    files : iterable of path
    leave_out : str, optional
        Device or accelerator whose measurements the calibrations must not have seen. Its architecture and the generic
        parameters are fitted again to the other devices of the files; only this device is reported.
    calibrations : CalibrationPool
    accelerator : Accelerator, optional
        What all rows ran on; by default what each calls its device.
    """
    measured = [m for path in files for m in read_tables(path, accelerator)]
    pool = calibrations
    if leave_out is not None:
        left = [m for m in measured if is_device(m, leave_out)]
        if not left:
            known = ", ".join(dict.fromkeys(m.device for m in measured))
            raise MeasurementError(f"no file is of device {leave_out!r}; the files are of {known}")
        pool = _without(pool, left[0], measured)
        measured = left
    records = [record for m in measured if len(m) for record in _records(m, predicted(m, pool), pool)]
    return KernelErrors(records=tuple(records), skipped=sum((m.skipped for m in measured), Counter()))


def _without(pool: CalibrationPool, left: MeasuredKernels, measured: Sequence[MeasuredKernels]) -> CalibrationPool:
    """Calibrations that never saw a device; its architecture is fitted again where other devices are of it."""
    architecture, name = left.accelerator.architecture, left.accelerator.name
    generic = _generic_without(pool, left, measured)
    siblings = [m for m in measured if m.accelerator.architecture == architecture and m.accelerator.name != name]
    single = pool.only("architecture", "ceilings", "observations")
    known = single.without_accelerator(name, left.device)
    others = (*known.members, *generic)
    if not siblings or not _shared(single.members, name):
        return CalibrationPool.of(*others)
    refitted = calibrate(siblings, observed=known.only("observations"))
    return CalibrationPool((*(c for c in others if c.name != architecture), *refitted))


def _generic_without(
    pool: CalibrationPool, left: MeasuredKernels, measured: Sequence[MeasuredKernels]
) -> tuple[FittedCalibration, ...]:
    """The generic calibration fitted again to the other devices of the files, as far as the device's rows use it."""
    shipped = next((c.calibration for c in pool.of_scope("generic")), None)
    others = [m for m in measured if m.accelerator.name != left.accelerator.name]
    if shipped is None or not others:
        return ()
    known = pool.only("observations").without_accelerator(left.accelerator.name, left.device)
    groups = rows_by_group(left)
    return (generic_calibration(others, groups=groups, preferred=shipped.preferred, observed=known),)


def _shared(pool: Iterable[FittedCalibration], accelerator: str) -> bool:
    """Whether any parameter group of an accelerator was fitted together with another one."""
    return any(accelerator in names and len(names) > 1 for c in pool for names in c.calibration.groups.values())


def _records(m: MeasuredKernels, prediction: Prediction, pool: CalibrationPool) -> Iterator[KernelError]:
    calls = list(zip(m.source, m.op, m.dtype, strict=True))
    unseen = held_out(m)
    ranges = group_ranges(first_groups(m), prediction.time, m.accelerator, pool)
    ratio = m.latency / prediction.time
    inside = (ranges.low <= ratio) & (ratio <= ranges.high)
    for kind in sorted(set(calls)):
        rows = np.array([call == kind for call in calls])
        yield _error(m, prediction, rows, unseen, inside, kind)


def _error(
    m: MeasuredKernels,
    prediction: Prediction,
    rows: NDArray[np.bool_],
    unseen: NDArray[np.bool_],
    inside: NDArray[np.bool_],
    kind: tuple[str, str, str],
) -> KernelError:
    latency, (source, op, dtype) = m.latency, kind
    signed = prediction.time / latency - 1.0
    error = np.abs(signed)
    over_20, over_50 = rows & (latency > 20e-6), rows & (latency > 50e-6)
    return KernelError(
        device=m.device,
        source=source,
        op=op,
        dtype=dtype,
        count=int(rows.sum()),
        mape=float(error[rows].mean()),
        mape_over_20us=_mean(error[over_20]),
        mape_over_50us=_mean(error[over_50]),
        median_ape=float(np.median(error[rows])),
        bias=float(signed[rows].mean()),
        within_10_percent=float((error[rows] <= 0.1).mean()),
        time_weighted=float((error * latency)[rows].sum() / latency[rows].sum()),
        roofline_mape=float(np.abs(prediction.roofline / latency - 1.0)[rows].mean()),
        unseen_mape=_mean(error[rows & unseen]),
        unseen_mape_over_50us=_mean(error[over_50 & unseen]),
        coverage=_mean(inside[rows & unseen].astype(np.float64)),
    )


def _mean(values: FloatArray) -> float | None:
    return float(values.mean()) if values.size else None
