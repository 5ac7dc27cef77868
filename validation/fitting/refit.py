"""Some parameter groups fitted again, with everything else in the calibrations kept as it is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TypeVar

import numpy as np

from hw_specs import Calibration, CalibrationPool, Evidence, FittedCalibration, FittedOn, ResidualSummary
from hw_specs.calibration import Scope, described
from simulator.cost.families import GROUPS, PARAMETERS
from validation.measured.tables import MeasuredKernels

from .calibrate import (
    JOBS,
    Job,
    calibrations_of,
    jobs_of,
    measured_accelerators,
    sources_of,
    tables_to_fit,
)
from .device_rows import row_groups
from .generic import GENERIC, generic_calibration
from .residuals import residual_summaries

__all__ = ["merged", "refitted"]

Record = TypeVar("Record", FittedOn, ResidualSummary)

#: Place of each group's job in a calibration.
_PLACE = {group: place for place, job in enumerate(JOBS) for group in job}


def refitted(
    measured: Iterable[MeasuredKernels],
    groups: Collection[str],
    kept: CalibrationPool,
    *,
    accelerator: str | None = None,
) -> tuple[FittedCalibration, ...]:
    """Calibrations of architectures, and the generic one, with some groups fitted again.

    Groups that are fitted together with these are fitted again too. What comes out depends on the rows, and not on
    what was fitted before.

    Parameters
    ----------
    measured : iterable of MeasuredKernels
    groups : collection of str
    kept : CalibrationPool
        Calibrations that keep all that is of other groups.
    accelerator : str, optional
        Fit only the architecture of this accelerator, and not the generic calibration.

    Raises
    ------
    MeasurementError
        There is no group of that name, or no row to fit it to.
    """
    jobs = jobs_of(groups)
    used = tuple(_rows_of(jobs, m) for m in tables_to_fit(measured, accelerator=accelerator))
    observed = kept.only("observations")
    fresh = calibrations_of(used, jobs, observed=observed)
    own = tuple(merged(_named(entry.name, "architecture", kept), entry) for entry in fresh)
    own = _with_residuals(own, used, _groups_of(jobs), kept)
    if accelerator is not None or len(own) < 2:
        return own
    joint = generic_calibration(used, own, groups=_groups_of(jobs), observed=observed)
    return (*own, merged(_named(GENERIC, "generic", kept), joint))


def merged(old: FittedCalibration | None, new: FittedCalibration) -> FittedCalibration:
    """A new calibration with what another has of groups that the new one has no job of."""
    if old is None:
        return new
    fitted = _groups_of(jobs_of(new.calibration.groups))
    records = _by_place((*_others(old.evidence.fitted_on, fitted), *new.evidence.fitted_on))
    residuals = _by_group((*_others(old.evidence.residuals, fitted), *new.evidence.residuals))
    evidence = Evidence(name=new.name, fitted_on=records, residuals=residuals)
    return FittedCalibration(_merged_parameters(old.calibration, new.calibration, fitted, records), evidence)


def _merged_parameters(
    old: Calibration, new: Calibration, fitted: Collection[str], records: Sequence[FittedOn]
) -> Calibration:
    groups = {name: of for name, of in old.groups.items() if name not in fitted} | new.groups
    groups = dict(sorted(groups.items(), key=lambda item: _PLACE.get(item[0], len(_PLACE))))
    values = {name: x for name, x in old.parameters.items() if _group(name) not in fitted} | new.parameters
    return new.model_copy(
        update={
            "groups": groups,
            "accelerators": measured_accelerators(groups),
            "preferred": tuple(g for g in GROUPS if g in (*_without(old.preferred, fitted), *new.preferred)),
            "parameters": {name: values[name] for name in PARAMETERS if name in values},
            "at_bound": _in_order((*_without(old.at_bound, fitted), *new.at_bound)),
            "held": _in_order((*_without(old.held, fitted), *new.held)),
            "fitted_on": described(records),
            "sources": sources_of(records) or new.sources,
        }
    )


def _with_residuals(
    fitted: Sequence[FittedCalibration], used: Sequence[MeasuredKernels], groups: Collection[str], kept: CalibrationPool
) -> tuple[FittedCalibration, ...]:
    """Calibrations with the residuals of some groups on some rows in place of those that they had."""
    relatives = kept.without({entry.name for entry in fitted}).only("architecture", "observations")
    found = residual_summaries(used, fitted, relatives=relatives)
    return tuple(_replaced(entry, [s for s in found[entry.name] if s.group in groups]) for entry in fitted)


def _replaced(entry: FittedCalibration, residuals: Sequence[ResidualSummary]) -> FittedCalibration:
    groups = {summary.group for summary in residuals}
    every = _by_group((*_others(entry.evidence.residuals, groups), *residuals))
    return FittedCalibration(entry.calibration, entry.evidence.model_copy(update={"residuals": every}))


def _rows_of(jobs: Sequence[Job], m: MeasuredKernels) -> MeasuredKernels:
    """Rows that use some group of some jobs."""
    bits = sum(1 << GROUPS.index(group) for group in _groups_of(jobs))
    return m.select(np.flatnonzero(row_groups(m) & np.int64(bits)))


def _named(name: str, scope: Scope, pool: CalibrationPool) -> FittedCalibration | None:
    return next((entry for entry in pool.members if entry.name == name and entry.calibration.scope == scope), None)


def _groups_of(jobs: Iterable[Job]) -> tuple[str, ...]:
    return tuple(group for job in jobs for group in job)


def _group(name: str) -> str:
    return name.partition(".")[0]


def _without(names: Iterable[str], groups: Collection[str]) -> tuple[str, ...]:
    return tuple(name for name in names if _group(name) not in groups)


def _in_order(names: Collection[str]) -> tuple[str, ...]:
    return tuple(name for name in PARAMETERS if name in names)


def _others(records: Iterable[Record], groups: Collection[str]) -> list[Record]:
    return [record for record in records if record.group not in groups]


def _by_group(residuals: Iterable[ResidualSummary]) -> tuple[ResidualSummary, ...]:
    return tuple(sorted(residuals, key=lambda summary: (summary.group, summary.scope)))


def _by_place(records: Iterable[FittedOn]) -> tuple[FittedOn, ...]:
    return tuple(sorted(records, key=lambda record: _PLACE.get(record.group, len(_PLACE))))
