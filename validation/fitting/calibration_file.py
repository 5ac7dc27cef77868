"""Calibrations on disk: parameters in a file that a person can review, their evidence in one beside it."""

from __future__ import annotations

from pathlib import Path

import yaml

from hw_specs import FittedCalibration
from hw_specs.calibration import evidence_path
from hw_specs.output import write_text

__all__ = ["write_calibration"]

_FOLDER = Path(__file__).parents[2] / "hw_specs" / "calibrations"
_WIDTH = 110


def write_calibration(fitted: FittedCalibration, folder: str | Path = _FOLDER) -> Path:
    """Write a calibration as ``<name>.yaml`` and its evidence beside it; returns the path of the former.

    Raises
    ------
    OutputError
        The folder is missing or cannot be written.
    """
    path = Path(folder) / f"{fitted.name}.yaml"
    content = fitted.calibration.model_dump(mode="json", exclude_none=True)
    write_text(
        path,
        "".join(
            _text({key: value}, compact=key == "groups")
            for key, value in content.items()
            if value or key == "parameters"
        ),
    )
    write_text(evidence_path(path), _text(fitted.evidence.model_dump(mode="json", exclude_none=True), compact=True))
    return path


def _text(content: object, *, compact: bool) -> str:
    """YAML of a part of a file; where compact, the innermost lists and mappings stand in one line."""
    return yaml.safe_dump(
        content, sort_keys=False, width=_WIDTH, allow_unicode=True, default_flow_style=None if compact else False
    )
