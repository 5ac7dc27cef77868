"""The pool of calibrations that a command line asks for: those of the package, and that of a machine at hand."""

from __future__ import annotations

from pathlib import Path

from hw_specs import Accelerator, CalibrationPool, FittedCalibration, SpecError

__all__ = ["calibration_pool", "own_calibration"]


def calibration_pool(hw: str, accelerator: Accelerator, given: Path | None = None) -> CalibrationPool:
    """Calibrations of the package, after that of a machine that was probed where there is one.

    Parameters and errors are those of :func:`own_calibration`.
    """
    own, shipped = own_calibration(hw, accelerator, given), CalibrationPool.shipped()
    return shipped if own is None else shipped.with_own(own)


def own_calibration(hw: str, accelerator: Accelerator, given: Path | None = None) -> FittedCalibration | None:
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
        return None
    if not path.is_file():
        raise SpecError(f"{path}: no such file; give the calibration that 'validate probe' wrote")
    own = FittedCalibration.from_file(path)
    if accelerator.name not in own.calibration.accelerators:
        fitted = ", ".join(own.calibration.accelerators) or "no accelerator"
        raise SpecError(f"{path}: fitted to {fitted}, and not to {accelerator.name}; give the one of that machine")
    return own
