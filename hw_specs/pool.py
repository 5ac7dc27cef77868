"""All calibrations of a run, and which of them an accelerator may use."""

from __future__ import annotations

import functools
import math
from collections.abc import Container
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from .calibration import (
    Calibration,
    Evidence,
    ResidualSummary,
    Scope,
    calibrations_in,
    described,
    list_calibrations,
    load_calibration,
    load_evidence,
)
from .inheritance.lineage import lineage_distance
from .schema import Accelerator

__all__ = ["CalibrationMatch", "CalibrationPool", "FittedCalibration"]

#: Groups that say more of a system than of its accelerators: links and topology. Four architectures that were left out
#: are each predicted better by the defaults (20 to 48 % off) than by a relative's parameters (23 to 52 %).
_BOUND_TO_SYSTEM = frozenset({"collective"})

#: Scopes of calibrations that have all parameters of their groups.
_WHOLE = ("architecture", "generic")


@dataclass(frozen=True, slots=True, eq=False)
class FittedCalibration:
    """A calibration and the evidence for it.

    Attributes
    ----------
    calibration : Calibration
    source : Evidence or path
        The evidence, or the file of the calibration that it lies beside.
    """

    calibration: Calibration
    source: Evidence | Path

    @classmethod
    def from_file(cls, name_or_path: str | Path) -> FittedCalibration:
        """Calibration of a name or a YAML file. Raises as :func:`hw_specs.load_calibration`."""
        return cls(load_calibration(name_or_path), Path(name_or_path))

    @property
    def name(self) -> str:
        """Name of the calibration."""
        return self.calibration.name

    def renamed(self, name: str) -> FittedCalibration:
        """The same under another name."""
        change = {"name": name}
        return FittedCalibration(self.calibration.model_copy(update=change), self.evidence.model_copy(update=change))

    def without_accelerator(self, accelerator: str, device: str) -> FittedCalibration:
        """The same without the groups that one accelerator was measured for.

        Parameters
        ----------
        accelerator, device : str
            Names of the accelerator in the catalogue and in the tables of measurements.
        """
        entry = self.calibration
        groups = {group: names for group, names in entry.groups.items() if accelerator not in names}
        if groups.keys() == entry.groups.keys():
            return self
        kept = tuple(record for record in self.evidence.fitted_on if record.device != device)
        fewer = entry.model_copy(
            update={
                "groups": groups,
                "accelerators": tuple(name for name in entry.accelerators if name != accelerator),
                "parameters": {n: x for n, x in entry.parameters.items() if n.partition(".")[0] in groups},
                "at_bound": tuple(n for n in entry.at_bound if n.partition(".")[0] in groups),
                "held": tuple(n for n in entry.held if n.partition(".")[0] in groups),
                "fitted_on": described(kept),
            }
        )
        residuals = tuple(r for r in self.evidence.residuals if r.group in groups)
        evidence = self.evidence.model_copy(update={"fitted_on": kept, "residuals": residuals})
        return FittedCalibration(fewer, evidence)

    @property
    def evidence(self) -> Evidence:
        """Read when it is first asked for: only intervals and accuracy need it."""
        return self.source if isinstance(self.source, Evidence) else load_evidence(self.source)


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationMatch:
    """Calibration that an accelerator gets, and on which ground.

    Attributes
    ----------
    fitted : FittedCalibration
    basis : {"calibrated", "inherited"}
        ``calibrated`` when this very accelerator was measured.
    distance : int or None
        Steps of lineage between the two; 0 for the same architecture, -1 for the same accelerator, None for the
        generic calibration.
    related : bool
        Whether some architecture that was measured for the group shares a lineage with the accelerator.
    """

    fitted: FittedCalibration
    basis: Literal["calibrated", "inherited"]
    distance: int | None
    related: bool = True

    @property
    def calibration(self) -> Calibration:
        """The calibration without its evidence."""
        return self.fitted.calibration


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationPool:
    """All calibrations that the predictions of a run draw on. Made once, and handed to whatever predicts.

    Attributes
    ----------
    members : tuple of FittedCalibration
        A calibration that a user brought goes before those of the package.
    """

    members: tuple[FittedCalibration, ...]

    @classmethod
    @functools.cache
    def shipped(cls) -> CalibrationPool:
        """Calibrations of the package."""
        return cls(tuple(FittedCalibration.from_file(name) for name in list_calibrations()))

    @classmethod
    def empty(cls) -> CalibrationPool:
        """No calibration: every parameter keeps its default."""
        return cls(())

    @classmethod
    def of(cls, *calibrations: Calibration | FittedCalibration) -> CalibrationPool:
        """These calibrations alone; without evidence where none comes with them."""
        return cls(tuple(_fitted(entry) for entry in calibrations))

    def with_own(self, own: Calibration | FittedCalibration) -> CalibrationPool:
        """The same pool with the calibration of a user's machine before all others."""
        return CalibrationPool((_fitted(own), *self.members))

    def without(self, names: Container[str]) -> CalibrationPool:
        """The same pool without calibrations of some names."""
        return CalibrationPool(tuple(entry for entry in self.members if entry.name not in names))

    def without_accelerator(self, accelerator: str, device: str) -> CalibrationPool:
        """The same pool without the groups that an accelerator was measured for, device being its name in tables."""
        return CalibrationPool(tuple(entry.without_accelerator(accelerator, device) for entry in self.members))

    def only(self, *scopes: Scope) -> CalibrationPool:
        """The members of some scopes."""
        return CalibrationPool(tuple(entry for entry in self.members if entry.calibration.scope in scopes))

    def with_folder(self, folder: Path) -> CalibrationPool:
        """The same pool, with the calibrations of a folder in place of those of their names."""
        found = {name: FittedCalibration.from_file(folder / f"{name}.yaml") for name in calibrations_in(folder)}
        return CalibrationPool((*(entry for entry in self.members if entry.name not in found), *found.values()))

    @property
    def calibrations(self) -> tuple[Calibration, ...]:
        """Calibrations without their evidence."""
        return tuple(entry.calibration for entry in self.members)

    def of_scope(self, scope: Scope) -> tuple[FittedCalibration, ...]:
        """Members of one scope."""
        return tuple(entry for entry in self.members if entry.calibration.scope == scope)

    def left_out_residuals(self) -> tuple[ResidualSummary, ...]:
        """Residuals of all groups on all parts that a fit of single architectures did without."""
        return tuple(
            summary
            for entry in self.of_scope("architecture")
            for summary in entry.evidence.residuals
            if summary.scope == "left_out_device"
        )

    def match(self, accelerator: Accelerator, group: str) -> CalibrationMatch | None:
        """Calibration of an accelerator for a parameter group: its own, its architecture's, or the nearest by lineage.

        The generic calibration, fitted to all parts at once, comes before relatives of other architectures for the
        groups that it prefers, and after them for the others. Ties go to the first name in the alphabet, so that the
        choice does not depend on the order of files.

        Parameters
        ----------
        accelerator : Accelerator
            A hypothetical one is never ``calibrated``.
        group : str

        Returns
        -------
        CalibrationMatch | None
            None where no calibration of the group shares a lineage with the accelerator and none is generic.
        """
        candidates = (m for m in self.members if m.calibration.scope in _WHOLE and m.calibration.groups.get(group))
        found = [match for entry in candidates if (match := _match(accelerator, entry, group)) is not None]
        related = any(match.distance is not None for match in found)
        best = min(found, key=lambda match: (_rank(match, group), match.fitted.name), default=None)
        return None if best is None else replace(best, related=related)

    def ceilings(self, accelerator: Accelerator, group: str) -> Calibration | None:
        """Parameters that published rates of an accelerator's architecture determine, or of the nearest by lineage.

        Published rates are the best that anybody reached in a short run; they stand in where no relative was measured,
        and give way to any that was.
        """
        found = [
            (distance, entry.name, entry)
            for entry in (member.calibration for member in self.of_scope("ceilings"))
            if entry.architecture is not None and entry.groups.get(group)
            if (distance := lineage_distance(accelerator.traits, entry.architecture)) is not None
        ]
        if not found:
            return None
        match = self.match(accelerator, group)
        return None if match is not None and match.related else min(found, key=lambda item: item[:2])[2]

    def observations(self, accelerator: Accelerator, group: str) -> tuple[CalibrationMatch, ...]:
        """What traces showed of single parameters of a group, the nearest accelerator by lineage last.

        Accelerators that share no lineage with this one are among them where no relative was measured for the group:
        what one showed is a better guess than what nobody saw. Where a relative was, its fit did without what another
        maker's kernels have, and stands as it is.
        """
        members = (m for m in self.of_scope("observations") if m.calibration.groups.get(group))
        found = [_observed(accelerator, entry, group) for entry in members]
        match = self.match(accelerator, group)
        if match is not None and match.related:
            found = [entry for entry in found if entry.distance is not None]
        nearest_first = sorted(found, key=lambda m: (math.inf if m.distance is None else m.distance, m.fitted.name))
        return tuple(reversed(nearest_first))


def _observed(accelerator: Accelerator, fitted: FittedCalibration, group: str) -> CalibrationMatch:
    match = _match(accelerator, fitted, group)
    return match or CalibrationMatch(fitted=fitted, basis="inherited", distance=None)


def _fitted(entry: Calibration | FittedCalibration) -> FittedCalibration:
    return entry if isinstance(entry, FittedCalibration) else FittedCalibration(entry, Evidence(name=entry.name))


def _rank(match: CalibrationMatch, group: str) -> float:
    if match.distance is not None:
        return match.distance
    return 0.5 if group in match.calibration.preferred else math.inf


def _match(accelerator: Accelerator, fitted: FittedCalibration, group: str) -> CalibrationMatch | None:
    entry = fitted.calibration
    if entry.scope == "generic":
        # Fitted to GPUs, whose blocks and launches resemble those of other accelerators, but nothing of a CPU.
        if accelerator.traits.engine == "cpu":
            return None
        return CalibrationMatch(fitted=fitted, basis="inherited", distance=None)
    if accelerator.name in entry.groups.get(group, ()) and not accelerator.hypothetical:
        return CalibrationMatch(fitted=fitted, basis="calibrated", distance=-1)
    distance = None if entry.architecture is None else lineage_distance(accelerator.traits, entry.architecture)
    if distance is None or (distance > 0 and group in _BOUND_TO_SYSTEM):
        return None
    return CalibrationMatch(fitted=fitted, basis="inherited", distance=distance)
