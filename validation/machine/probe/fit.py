"""Calibration of the machine at hand from operator calls measured on it."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from hw_specs import Calibration, Evidence, FittedCalibration, FittedOn
from hw_specs.calibration import described
from simulator.cost.families import GROUPS
from validation.errors.prediction import predicted
from validation.fitting.calibrate import JOBS, joined, shipped_observations
from validation.fitting.device_rows import row_groups
from validation.fitting.fit import Fit, fit_groups, held_out
from validation.fitting.residuals import held_out_summaries
from validation.measured.tables import MeasuredKernels

__all__ = ["fit_calibration"]

_DIGITS = 4


def fit_calibration(
    measured: MeasuredKernels,
    *,
    name: str,
    sources: tuple[str, ...],
    host: Mapping[str, float],
    notes: str,
    say: Callable[[str], None],
) -> FittedCalibration:
    """Parameters of every group that the measured calls use, fitted to three quarters of the shapes.

    Parameters
    ----------
    measured : MeasuredKernels
    name : str
        Of the calibration.
    sources : tuple of str
    host : mapping
        Costs of the host, which are kept as group ``host``. [s]
    notes : str
    say : callable
        Called with each group before it is fitted.
    """
    training = measured.select(np.flatnonzero(~held_out(measured)))
    fits: list[Fit] = []
    fitted: dict[str, int] = {}
    for job in JOBS:
        present = tuple(group for group in job if (row_groups(training) & _bits((group,))).any())
        if present:
            say(f"fit {', '.join(present)}")
            fits.append(fit_groups(present, [training], observed=shipped_observations()))
            fitted |= dict.fromkeys(present, _bits(job))
    accelerator = measured.accelerator
    calibration = Calibration(
        name=name,
        architecture=None,
        accelerators=(accelerator.name,),
        groups=dict.fromkeys(fitted, (accelerator.name,)),
        **joined(fits),
        date=datetime.datetime.now(tz=datetime.UTC).date(),
        sources=sources,
        notes=notes,
    )
    evidence = Evidence(
        name=name,
        fitted_on=_fitted_on(measured, calibration, fitted),
        residuals=held_out_summaries(measured, calibration, observed=shipped_observations()),
    )
    with_host = calibration.model_copy(
        update={
            "fitted_on": described(evidence.fitted_on),
            "groups": {**calibration.groups, "host": (accelerator.name,)},
            "parameters": {**calibration.parameters, **{f"host.{key}": _rounded(value) for key, value in host.items()}},
        }
    )
    return FittedCalibration(with_host, evidence)


def _fitted_on(measured: MeasuredKernels, calibration: Calibration, fitted: Mapping[str, int]) -> tuple[FittedOn, ...]:
    """Errors of each operator and dtype, on the shapes of the fit and on those kept out of it."""
    error = np.abs(
        predicted(measured, shipped_observations().with_own(calibration), timings={}).time / measured.latency - 1.0
    )
    groups, out = row_groups(measured), held_out(measured)
    calls = list(zip(measured.op, measured.dtype, strict=True))
    records = []
    for op, dtype in dict.fromkeys(calls):
        rows = np.array([call == (op, dtype) for call in calls])
        group = _main_group(groups[rows], fitted)
        records.append(
            FittedOn(
                source=measured.source[0],
                device=measured.device,
                op=op,
                dtype=dtype,
                group=group,
                count=int((rows & ~out).sum()),
                held_out=int((rows & out).sum()),
                mape=_mean(error[rows & ~out]) or 0.0,
                held_out_mape=_mean(error[rows & out]),
            )
        )
    return tuple(records)


def _main_group(masks: NDArray[np.int64], fitted: Mapping[str, int]) -> str:
    """First fitted group that the kernels of some rows use."""
    used = int(np.bitwise_or.reduce(masks))
    return next((group for group in fitted if used & _bits((group,))), GROUPS[0])


def _bits(groups: tuple[str, ...]) -> int:
    return sum(1 << GROUPS.index(group) for group in groups)


def _mean(errors: NDArray[np.float64]) -> float | None:
    return _rounded(float(errors.mean())) if errors.size else None


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
