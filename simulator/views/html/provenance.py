"""What a result rests on: settings, sources of specifications and workloads, calibrations, versions, command line."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any

from hw_specs import Accelerator, CalibrationMatch, CalibrationPool
from simulator.cost import GROUPS
from simulator.report import Report

from .page import Section, Table

__all__ = ["made_by", "origins_section", "provenance"]


def made_by(command: str = "") -> str:
    """Program and version, with the command line where there is one."""
    text = f"roofcast {version('roofcast')}, Python {platform.python_version()}"
    return f"{text}; {command}" if command else text


def provenance(report: Report, accelerator: Accelerator, calibrations: CalibrationPool, command: str) -> Section:
    """Section with everything that a reader needs to check a report or to make it again."""
    return Section(
        name="provenance",
        title="Provenance",
        text=[line for line in (accelerator.notes or "",) if line],
        blocks=[
            _settings("Workload", report.workload),
            _settings("Execution", report.execution),
            _settings("Accelerator", _facts(accelerator)),
            *([_settings("Host", report.host)] if report.host is not None else []),
            _list("Sources of the workload and of the accelerator", report.sources),
            _calibrations(accelerator, calibrations),
            _settings("Made by", {"program": made_by(), "numpy": version("numpy"), "command": command or "Python"}),
        ],
    )


def origins_section(origins: Sequence[tuple[Accelerator, CalibrationPool]], command: str) -> Section:
    """Section with what a result of several runs rests on: each accelerator once, its sources and calibrations."""
    once = {accelerator.name: (accelerator, pool) for accelerator, pool in origins}
    return Section(
        name="provenance",
        title="Provenance",
        blocks=[
            _settings("Made by", {"program": made_by(), "numpy": version("numpy"), "command": command or "Python"}),
            *(table for accelerator, pool in once.values() for table in _origin(accelerator, pool)),
        ],
    )


def _origin(accelerator: Accelerator, pool: CalibrationPool) -> Iterator[Table]:
    yield _settings(f"Accelerator {accelerator.name}", _facts(accelerator))
    yield _list(f"Sources of {accelerator.name}", accelerator.sources)
    yield _calibrations(accelerator, pool, of=f" of {accelerator.name}")


def _settings(caption: str, settings: Mapping[str, Any]) -> Table:
    rows = [(name.replace("_", " "), _text(value)) for name, value in settings.items() if value not in (None, "", [])]
    return Table(caption=caption, columns=("setting", "value"), rows=rows, words=True)


def _text(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_text(each)}" for key, each in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return str(value)


def _facts(accelerator: Accelerator) -> dict[str, object]:
    return {
        "name": accelerator.name,
        "vendor": accelerator.vendor,
        "architecture": accelerator.architecture,
        "year": accelerator.year,
        "form factor": accelerator.form_factor,
    }


def _list(caption: str, lines: Iterable[str]) -> Table:
    rows = [(str(number), line) for number, line in enumerate(lines, start=1)]
    return Table(caption=caption, columns=("number", "source"), rows=rows, words=True)


def _calibrations(accelerator: Accelerator, pool: CalibrationPool, of: str = "") -> Table:
    """Which calibration groups of parameters have, and what it was fitted on; groups of one are a row."""
    alike: dict[tuple[str, str, str], list[str]] = {}
    for group in GROUPS:
        alike.setdefault(_calibration(pool.match(accelerator, group)), []).append(group)
    rows = [(", ".join(groups), *key) for key, groups in alike.items()]
    columns = ("parameters of", "calibration", "basis", "fitted on")
    return Table(caption=f"Calibrations{of} by group of kernels", columns=columns, rows=rows, words=True)


def _calibration(match: CalibrationMatch | None) -> tuple[str, str, str]:
    """Name of a calibration, why it counts, and what it was fitted on."""
    if match is None:
        return "none: defaults of the code", "", ""
    return match.calibration.name, match.basis, "; ".join(match.calibration.fitted_on)
