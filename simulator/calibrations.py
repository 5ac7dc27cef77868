"""The pool of calibrations that a command line asks for: those of the package, and that of a machine at hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hw_specs import Accelerator, CalibrationPool, FittedCalibration, SpecError
from hw_specs.terminal.meanings import did_you_mean

__all__ = ["calibration_pool", "own_calibration"]

#: Group of what the host costs, which no kernel reads.
_HOST = "host"
#: Longest that anything takes a host. [s]
_LONGEST = 1.0


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
    _check_parameters(path, own.calibration.parameters)
    return own


def _check_parameters(path: Path, values: Mapping[str, float]) -> None:
    """Refuse parameters that there are not, and values that they cannot have."""
    from simulator.cost import PARAMETERS

    for name, value in values.items():
        known = PARAMETERS.get(name)
        if known is None and not name.startswith(f"{_HOST}."):
            near = did_you_mean(name, PARAMETERS)
            raise SpecError(f"{path}: parameters: unknown cost parameter {name!r}{near or '; remove it'}")
        if known is None and not 0 <= value <= _LONGEST:
            raise SpecError(f"{path}: parameters: {name} is {value:g}; valid: 0 to {_LONGEST:g} s")
        if known is not None and not known.lower <= value <= known.upper:
            bounds = f"[{known.lower:g}, {known.upper:g}] {known.unit}"
            raise SpecError(f"{path}: parameters: {name} = {value:g} is outside its physical range {bounds}")
