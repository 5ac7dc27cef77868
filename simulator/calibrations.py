"""Which calibrations a prediction draws on: those of the package, and that of a machine which its user probed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hw_specs import Accelerator, Calibration, SpecError, load_calibration, shipped_calibrations

__all__ = ["own_calibrations", "with_shipped"]


def with_shipped(calibrations: Sequence[Calibration]) -> tuple[Calibration, ...] | None:
    """Calibrations of a user before those of the package; None, which means the latter alone, without any."""
    return (*calibrations, *shipped_calibrations()) if calibrations else None


def own_calibrations(hw: str, accelerator: Accelerator, given: Path | None = None) -> tuple[Calibration, ...]:
    """Calibration of a machine that was probed: the one given, or the one that stands beside its specification.

    ``validate probe -o my.yaml`` writes ``my.calibration.yaml`` beside ``my.yaml``.

    Parameters
    ----------
    hw : str
        Name or file, as the user gave it.
    accelerator : Accelerator
        What it stands for.
    given : Path, optional
        File of the calibration.

    Raises
    ------
    SpecError
        There is no such file, it is refused, or the one given is of another machine.
    """
    beside = Path(hw).with_suffix(".calibration.yaml")
    path = given if given is not None else beside if Path(hw).is_file() and beside.is_file() else None
    if path is None:
        return ()
    if not path.is_file():
        raise SpecError(f"{path}: no such file; give the calibration that 'validate probe' wrote")
    calibration = load_calibration(str(path))
    if accelerator.name not in calibration.accelerators:
        fitted = ", ".join(calibration.accelerators) or "no accelerator"
        raise SpecError(f"{path}: fitted to {fitted}, and not to {accelerator.name}; give the one of that machine")
    return (calibration,)
