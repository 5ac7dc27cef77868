"""One set of parameters for all parts: what a part gets whose relatives were not measured, or tell less than all do.

Every parameter group is fitted jointly to all measured devices, each with the bandwidth share of its own memory
(:mod:`simulator.cost.inheritance`). Whether that serves a part that nobody measured better than its nearest relative
does is tried by leaving out each architecture in turn.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw_specs import Calibration, CalibrationPool, Evidence, FittedCalibration, FittedOn, ResidualSummary
from hw_specs.calibration import described
from simulator.cost.families import GROUPS
from simulator.cost.inheritance import REFERENCE
from validation.errors.prediction import predicted
from validation.measured.tables import MeasuredKernels
from validation.measured.timing import timings_of

from .calibrate import JOBS, joined, measured_accelerators, present_groups, sources_of
from .fit import OBSERVED, Fit, fit_groups, held_out
from .residuals import Scope, counted_summaries, rows_by_group

__all__ = ["GENERIC", "LeftOut", "generic_calibration", "left_out_errors", "preferred_groups"]

FloatArray = NDArray[np.float64]

GENERIC = "generic"

#: Collectives depend on links and topology of one system: no parameters serve all. Systolic engines are no GPUs.
_JOINT = tuple(job for job in JOBS if job[0] not in ("collective", "systolic_product", "systolic_paged_attention"))
#: Most rows of one device and operator in a joint fit, which has five times the devices of an architecture's own.
_MOST_ROWS = 150
#: Rows that a preference is founded on: longer than this, where there are as many. [s], [1]
_LONG, _FEW = 50e-6, 20
#: Scopes of the calibrations that are compared.
_WHOLE = ("architecture", "generic")
#: Fewest architectures that a preference is founded on: two that were left out say little of the next one.
_FEWEST = 3


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LeftOut:
    """Residuals of one device whose architecture no fit saw, for one parameter group.

    Attributes
    ----------
    group, architecture, device : str
    time : array of shape (num_rows,)
        Predicted by the joint fit to the other architectures. [s]
    residual, nearest : array of shape (num_rows,)
        ``log(measured / predicted)`` of the joint fit, and of the nearest relative's own parameters.
    """

    group: str
    architecture: str
    device: str
    time: FloatArray
    residual: FloatArray
    nearest: FloatArray

    @property
    def error(self) -> float:
        """Mean absolute relative error of the joint fit, over rows that matter."""
        return self._mean(self.residual)

    @property
    def nearest_error(self) -> float:
        """Mean absolute relative error of the nearest relative's parameters, over rows that matter."""
        return self._mean(self.nearest)

    def _mean(self, residual: FloatArray) -> float:
        """Over long rows, which take the time of workloads, where there are some; else over all."""
        measured = self.time * np.exp(self.residual)
        long = measured > _LONG if (measured > _LONG).sum() >= _FEW else np.ones(len(measured), dtype=np.bool_)
        return float(np.abs(np.expm1(-residual[long])).mean())


def generic_calibration(
    measured: Sequence[MeasuredKernels],
    relatives: Sequence[FittedCalibration] | None = None,
    *,
    groups: Iterable[str] = GROUPS,
    preferred: Iterable[str] = (),
    observed: CalibrationPool,
) -> FittedCalibration:
    """Calibration fitted to several devices at once.

    Parameters
    ----------
    measured : sequence of MeasuredKernels
    relatives : sequence of FittedCalibration, optional
        Calibrations of single architectures. With them each architecture is left out in turn, and the groups that
        the joint fit predicts better are preferred.
    groups : iterable of str
        Jobs that fit none of these are left out.
    preferred : iterable of str
        Preference where no relatives are given.
    observed : CalibrationPool
        Observations of single parameters, from which fits start.
    """
    jobs = [job for job in _JOINT if set(job) & set(groups)]
    fitted = {job: _fit(job, measured, observed) for job in jobs if present_groups(job, measured)}
    trials = [] if relatives is None else list(left_out_errors(measured, relatives, jobs=jobs, observed=observed))
    measured_for = {group: names for job in fitted for group, names in present_groups(job, measured).items()}
    fitted_on = tuple(_fitted_on(fitted, measured, observed))
    calibration = Calibration(
        name=GENERIC,
        scope="generic",
        accelerators=measured_accelerators(measured_for),
        groups=measured_for,
        preferred=preferred_groups(trials) if relatives is not None else tuple(preferred),
        **joined(fitted.values()),
        fitted_on=described(fitted_on),
        date=datetime.datetime.now(tz=datetime.UTC).date(),
        sources=sources_of(fitted_on) or ("none",),
        notes=f"Shares of DRAM are those of a part whose copies reach {REFERENCE.copy_share:g} of its bandwidth.",
    )
    evidence = Evidence(name=GENERIC, fitted_on=fitted_on, residuals=_summaries(trials))
    return FittedCalibration(calibration, evidence)


def left_out_errors(
    measured: Sequence[MeasuredKernels],
    relatives: Sequence[FittedCalibration],
    *,
    jobs: Iterable[Sequence[str]] | None = None,
    observed: CalibrationPool,
) -> Iterator[LeftOut]:
    """Leave out each architecture in turn and predict its devices by what remains: jointly, and by lineage."""
    for job in _JOINT if jobs is None else jobs:
        for architecture in sorted({m.accelerator.architecture for m in measured}):
            here = [m for m in measured if m.accelerator.architecture == architecture]
            others = [m for m in measured if m.accelerator.architecture != architecture]
            if present_groups(job, here) and present_groups(job, others):
                known = _without(observed, here)
                kin = CalibrationPool.of(*(c for c in relatives if c.calibration.architecture != architecture))
                joint = _joint(job, others, known)
                yield from _trials(job, here, known.with_own(joint), CalibrationPool((*kin.members, *known.members)))


def _without(pool: CalibrationPool, measured: Iterable[MeasuredKernels]) -> CalibrationPool:
    """Calibrations that no row of some devices has informed."""
    for m in measured:
        pool = pool.without_accelerator(m.accelerator.name, m.device)
    return pool


def preferred_groups(trials: Iterable[LeftOut]) -> tuple[str, ...]:
    """Groups whose joint fit is better on most architectures that were left out, and better on average."""
    by_group: dict[str, list[LeftOut]] = {}
    for trial in trials:
        by_group.setdefault(trial.group, []).append(trial)
    return tuple(group for group in GROUPS if _is_preferred(by_group.get(group, [])))


def _is_preferred(trials: Sequence[LeftOut]) -> bool:
    gains = np.array([np.log(trial.nearest_error / trial.error) for trial in trials])
    if len({trial.architecture for trial in trials}) < _FEWEST:
        return False
    return bool((gains > 0).mean() > 0.5 and gains.mean() > 0)


def _joint(job: Sequence[str], measured: Sequence[MeasuredKernels], observed: CalibrationPool) -> Calibration:
    return Calibration(
        name=GENERIC,
        scope="generic",
        groups=present_groups(job, measured),
        preferred=tuple(job),
        **joined((_fit(job, measured, observed),)),
        sources=("fit",),
    )


def _trials(
    job: Sequence[str], here: Iterable[MeasuredKernels], joint: CalibrationPool, kin: CalibrationPool
) -> Iterator[LeftOut]:
    for m in here:
        timings = timings_of(kin, m.device)
        one, other = (predicted(m, pool, timings=timings).time for pool in (joint, kin))
        both = [{g for c in pool.calibrations if c.scope in _WHOLE for g in c.groups} for pool in (joint, kin)]
        for group, rows in rows_by_group(m).items():
            # Where no relative was measured for a group there is nothing to compare with.
            if group in job and all(group in groups for groups in both):
                yield LeftOut(
                    group=group,
                    architecture=m.accelerator.architecture,
                    device=m.device,
                    time=one[rows],
                    residual=np.log(m.latency[rows] / one[rows]),
                    nearest=np.log(m.latency[rows] / other[rows]),
                )


def _fit(job: Sequence[str], measured: Sequence[MeasuredKernels], observed: CalibrationPool) -> Fit:
    training = [m.select(np.flatnonzero(~held_out(m))) for m in measured]
    groups = tuple(present_groups(job, measured))
    return fit_groups(groups, training, origin=REFERENCE, held=OBSERVED, most_rows=_MOST_ROWS, observed=observed)


def _summaries(trials: Iterable[LeftOut]) -> tuple[ResidualSummary, ...]:
    """One set of summaries for each group and architecture that was left out, so that none drowns in another."""
    collected: dict[str, dict[tuple[str, Scope], list[tuple[FloatArray, FloatArray]]]] = {}
    for trial in trials:
        groups = collected.setdefault(trial.architecture, {})
        groups.setdefault((trial.group, "left_out_device"), []).append((trial.time, trial.residual))
    found = [summary for each in counted_summaries(collected).values() for summary in each]
    return tuple(sorted(found, key=lambda summary: summary.group))


def _fitted_on(
    fitted: Mapping[tuple[str, ...], Fit], measured: Sequence[MeasuredKernels], observed: CalibrationPool
) -> Iterator[FittedOn]:
    for job, fit in fitted.items():
        for m in measured:
            rows = rows_by_group(m)
            out = held_out(m)
            calibration = Calibration(
                name=GENERIC,
                scope="generic",
                groups=dict.fromkeys(job, (m.accelerator.name,)),
                **joined((fit,)),
                sources=("fit",),
            )
            mine = [group for group in job if group in rows]
            if not mine:
                continue
            error = np.abs(predicted(m, observed.with_own(calibration)).time / m.latency - 1.0)
            for group in mine:
                chosen = rows[group]
                yield FittedOn(
                    source=", ".join(sorted({s for s, r in zip(m.source, chosen, strict=True) if r})),
                    device=m.device,
                    op=", ".join(sorted({o for o, r in zip(m.op, chosen, strict=True) if r})),
                    dtype=", ".join(sorted({d for d, r in zip(m.dtype, chosen, strict=True) if r})),
                    group=group,
                    count=min(int((chosen & ~out).sum()), _MOST_ROWS),
                    held_out=int((chosen & out).sum()),
                    mape=float(f"{error[chosen & ~out].mean():.4g}") if (chosen & ~out).any() else 0.0,
                )
