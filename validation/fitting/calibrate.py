"""Fit the cost model's free parameters to measured operator calls, one calibration an architecture."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hw_specs import Calibration, CalibrationPool, Evidence, FittedCalibration, FittedOn, SpecError, load_accelerator
from hw_specs.calibration import described
from hw_specs.terminal.meanings import unknown
from simulator.cost.families import GROUPS, PARAMETERS
from validation.errors.prediction import predicted
from validation.measured.sources import source_of
from validation.measured.tables import MeasuredKernels, MeasurementError, is_device, read_tables
from validation.measured.timing import NO_OVERHEAD, Timing

from .device_rows import row_groups
from .fit import OBSERVED, Fit, fit_groups, held_out
from .residuals import residual_summaries

__all__ = [
    "JOBS",
    "calibrate",
    "calibrations_of",
    "jobs_of",
    "joined",
    "measured_accelerators",
    "present_groups",
    "rows_not_fitted",
    "shipped_observations",
    "sources_of",
    "tables_to_fit",
    "with_residuals",
]

Job = tuple[str, ...]

#: Parameter groups that are fitted together, because calls of one operator launch kernels of both.
JOBS: tuple[Job, ...] = (
    ("matmul",),
    ("matmul8", "quantize"),
    ("vector_matmul",),
    ("vector_batched",),
    ("vector_convolution",),
    ("searched_convolution",),
    ("flash2", "flash3", "flash4", "cudnn_attention", "trtllm", "scatter"),
    ("stream",),
    ("softmax",),
    ("normalization",),
    ("collective",),
    ("systolic_product",),
    ("systolic_paged_attention",),
)


def calibrate(
    measured: Iterable[MeasuredKernels | str | Path],
    *,
    accelerator: str | None = None,
    leave_out: str | None = None,
    observed: CalibrationPool | None = None,
) -> tuple[FittedCalibration, ...]:
    """Calibrations fitted to measured operator calls, one an architecture.

    Three quarters of the shapes are fitted; the residuals are of the rest. With `leave_out`, nothing of that device
    is used.

    Parameters
    ----------
    measured : iterable of MeasuredKernels or path
        Tables, or files that :func:`validation.measured.tables.read_tables` reads.
    accelerator : str, optional
        Fit only the architecture of this accelerator.
    leave_out : str, optional
        Device (as its file names it) or accelerator that is not used.
    observed : CalibrationPool, optional
        Observations of single parameters, from which fits start; those that the package ships by default, without
        any on what is left out.

    Raises
    ------
    MeasurementError
        Nothing is left to fit.
    """
    used = tables_to_fit(measured, accelerator=accelerator, leave_out=leave_out)
    known = shipped_observations(leave_out) if observed is None else observed
    return with_residuals(calibrations_of(used, observed=known), used, observed=known)


def tables_to_fit(
    measured: Iterable[MeasuredKernels | str | Path], *, accelerator: str | None = None, leave_out: str | None = None
) -> tuple[MeasuredKernels, ...]:
    """Tables that :func:`calibrate` fits to, in an order that is that of their content alone. Raises as it does."""
    tables = [m for entry in measured for m in _tables_of(entry) if len(m)]
    used = [m for m in tables if leave_out is None or not is_device(m, leave_out)]
    if accelerator is not None:
        wanted = load_accelerator(accelerator).architecture
        used = [m for m in used if m.accelerator.architecture == wanted]
    if not used:
        known = ", ".join(f"{m.device} ({m.accelerator.architecture})" for m in tables)
        whose = f"of the architecture of {accelerator!r}" if accelerator is not None else "to fit"
        raise MeasurementError(f"no row {whose}; the files are of {known or 'nothing that can be predicted'}")
    return tuple(sorted(used, key=lambda m: (m.device, m.source, m.op, m.shapes)))


def _tables_of(entry: MeasuredKernels | str | Path) -> tuple[MeasuredKernels, ...]:
    tables = (entry,) if isinstance(entry, MeasuredKernels) else read_tables(entry)
    return tuple(map(_rows_to_fit, tables))


def _rows_to_fit(m: MeasuredKernels) -> MeasuredKernels:
    """Rows that tell of kernels alone, and of the framework's."""
    told = [reason is None for reason in _reasons_against(m)]
    return m if all(told) else m.select(np.flatnonzero(told))


def rows_not_fitted(measured: Iterable[MeasuredKernels]) -> Counter[str]:
    """Rows that no fit takes, by reason."""
    return Counter(reason for m in measured for reason in _reasons_against(m) if reason is not None)


def _reasons_against(m: MeasuredKernels) -> list[str | None]:
    """Why a fit leaves each row, or None where it does not."""
    return [
        f"{op} of {source_of(source).name}: its times are not of the framework's kernels alone"
        if op in source_of(source).not_fitted
        else None
        for op, source in zip(m.op, m.source, strict=True)
    ]


def jobs_of(groups: Collection[str]) -> tuple[Job, ...]:
    """Jobs that fit some groups, and others with them.

    Raises
    ------
    MeasurementError
        No job fits a group of that name.
    """
    known = [group for job in JOBS for group in job]
    for group in groups:
        if group not in known:
            raise MeasurementError(unknown("parameter group", group, known))
    return tuple(job for job in JOBS if set(job) & set(groups))


def shipped_observations(leave_out: str | None = None) -> CalibrationPool:
    """Observations of single parameters that the package ships, without those on one device or accelerator."""
    pool = CalibrationPool.shipped().only("observations")
    if leave_out is None:
        return pool
    try:
        return pool.without_accelerator(load_accelerator(leave_out).name, leave_out)
    except SpecError:  # a name of tables alone
        return pool


def calibrations_of(
    measured: Iterable[MeasuredKernels], jobs: Sequence[Job] = JOBS, *, observed: CalibrationPool
) -> tuple[FittedCalibration, ...]:
    """Calibrations of architectures without their residuals; none of an architecture that no job has a row of."""
    by_architecture: dict[str, list[MeasuredKernels]] = {}
    for m in measured:
        by_architecture.setdefault(m.accelerator.architecture, []).append(m)
    fitted = (_one_architecture(name, same, jobs, observed) for name, same in sorted(by_architecture.items()))
    return tuple(entry for entry in fitted if entry.calibration.groups)


def with_residuals(
    calibrations: Sequence[FittedCalibration], measured: Iterable[MeasuredKernels], *, observed: CalibrationPool
) -> tuple[FittedCalibration, ...]:
    """Calibrations with the residuals of some measurements; what others inherit is predicted with shipped ones too."""
    # A joint fit has seen the parts that are to be left out.
    relatives = CalibrationPool.shipped().without({c.name for c in calibrations}).only("architecture")
    others = CalibrationPool((*relatives.members, *observed.members))
    summaries = residual_summaries(measured, calibrations, relatives=others)
    return tuple(_with_evidence(c, residuals=summaries[c.name]) for c in calibrations)


def _with_evidence(fitted: FittedCalibration, **changes: object) -> FittedCalibration:
    return FittedCalibration(fitted.calibration, fitted.evidence.model_copy(update=changes))


def _one_architecture(
    architecture: str, measured: Sequence[MeasuredKernels], jobs: Sequence[Job], observed: CalibrationPool
) -> FittedCalibration:
    fits: list[Fit] = []
    groups: dict[str, tuple[str, ...]] = {}
    fitted_on: list[FittedOn] = []
    for job in jobs:
        present = present_groups(job, measured)
        if not present:
            continue
        training = [m.select(np.flatnonzero(~held_out(m))) for m in measured]
        fit = fit_groups(tuple(present), training, held=OBSERVED, observed=observed)
        fits.append(fit)
        groups |= present
        for m in measured:
            fitted_on += _fitted_on(m, tuple(present), fit, observed)
    calibration = Calibration(
        name=architecture,
        architecture=architecture,
        accelerators=measured_accelerators(groups),
        groups=groups,
        **joined(fits),
        fitted_on=described(fitted_on),
        date=datetime.datetime.now(tz=datetime.UTC).date(),
        sources=sources_of(fitted_on) or ("none",),
    )
    return FittedCalibration(calibration, Evidence(name=architecture, fitted_on=tuple(fitted_on)))


def joined(fits: Iterable[Fit]) -> dict[str, Any]:
    """Parameters of several fits as fields of a calibration, in the order in which they are declared."""
    values: dict[str, float] = {}
    held, at_bound = set[str](), set[str]()
    for fit in fits:
        values |= fit.fitted()
        held.update(fit.held)
        at_bound.update(fit.at_bound)
    return {
        "parameters": {name: values[name] for name in PARAMETERS if name in values},
        "at_bound": tuple(name for name in PARAMETERS if name in at_bound),
        "held": tuple(name for name in PARAMETERS if name in held),
    }


def sources_of(fitted_on: Iterable[FittedOn]) -> tuple[str, ...]:
    """What the measurements of a fit were published in."""
    names = {name for record in fitted_on for name in record.source.split(", ")}
    return tuple(source_of(name).citation for name in sorted(names))


def measured_accelerators(groups: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Accelerators that were measured for some group, sorted."""
    return tuple(sorted({name for names in groups.values() for name in names}))


def present_groups(job: Sequence[str], measured: Sequence[MeasuredKernels]) -> dict[str, tuple[str, ...]]:
    """Groups of a job in rows that use no group of another, with the accelerators that measured them."""
    allowed = np.int64(sum(1 << GROUPS.index(group) for group in job))
    masks = [(m.accelerator.name, used[(used & ~allowed) == 0]) for m in measured for used in (row_groups(m),)]
    found: dict[str, tuple[str, ...]] = {}
    for group in job:
        bit = np.int64(1 << GROUPS.index(group))
        names = tuple(sorted({name for name, used in masks if (used & bit).any()}))
        if names:
            found[group] = names
    return found


def _fitted_on(m: MeasuredKernels, job: Sequence[str], fit: Fit, observed: CalibrationPool) -> list[FittedOn]:
    allowed = sum(1 << GROUPS.index(group) for group in job)
    rows = np.flatnonzero((row_groups(m) & ~np.int64(allowed)) == 0)
    if not rows.size:
        return []
    part = m.select(rows)
    timings = {(source, op): timing for (device, source, op), timing in fit.timings.items() if device == m.device}
    calibration = Calibration(
        name="fit",
        architecture=m.accelerator.architecture,
        groups=dict.fromkeys(job, (m.accelerator.name,)),
        parameters=fit.fitted(),
        held=fit.held,
        sources=("fit",),
    )
    error = np.abs(predicted(part, observed.with_own(calibration), timings=timings).time / part.latency - 1.0)
    calls = list(zip(part.source, part.op, part.dtype, strict=True))
    return [
        _record(part, call, job[0], error, np.array([c == call for c in calls]), timings)
        for call in dict.fromkeys(calls)
    ]


def _record(
    m: MeasuredKernels,
    call: tuple[str, str, str],
    group: str,
    error: NDArray[np.float64],
    rows: NDArray[np.bool_],
    timings: Mapping[tuple[str, str], Timing],
) -> FittedOn:
    source, op, dtype = call
    out = held_out(m)
    timing = timings.get((source, op), NO_OVERHEAD)
    return FittedOn(
        source=source,
        device=m.device,
        op=op,
        dtype=dtype,
        group=group,
        count=int((rows & ~out).sum()),
        held_out=int((rows & out).sum()),
        mape=_rounded(float(error[rows & ~out].mean())) if (rows & ~out).any() else 0.0,
        held_out_mape=_rounded(float(error[rows & out].mean())) if (rows & out).any() else None,
        timing_floor=_rounded(timing.floor),
        timing_offset=_rounded(timing.offset),
    )


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
