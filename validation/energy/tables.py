"""Energies fitted to measurements, and their errors, from files to tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hw_specs import CalibrationPool
from hw_specs.energy_calibration import EnergyCalibration
from simulator.execution import ExecutionError
from tracer.graph import GraphError
from validation.measured.tables import MeasurementError

from .calibrate import calibrate_energy, write_energy_calibration
from .ceilings import CeilingError, ceiling_errors
from .errors import OperatorEnergyError, RunEnergyError, energy_to_dict, operator_errors, run_errors
from .fit import RunAmounts, run_amounts
from .logs import read_measurements
from .measured import EnergyRun
from .presentation import print_energy

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["EnergyTables", "energy_tables", "write_fitted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyTables:
    """Fitted calibrations, and errors of operators, whole generations and sustained rates."""

    calibrations: tuple[EnergyCalibration, ...]
    operators: tuple[OperatorEnergyError, ...]
    runs: tuple[RunEnergyError, ...]
    ceilings: tuple[CeilingError, ...]
    skipped: Mapping[str, int]

    def to_dict(self) -> dict[str, Any]:
        """Plain form for JSON."""
        return energy_to_dict(self.operators, self.runs, self.ceilings, self.skipped)

    def print(self, console: Console) -> None:
        """Tables for people."""
        print_energy(self.operators, self.runs, self.ceilings, self.skipped, console)


def energy_tables(paths: Iterable[str | Path], calibrations: CalibrationPool) -> EnergyTables:
    """Fit energies to measured power of operators and energy of generations.

    Parameters
    ----------
    paths : iterable of path
        Files or folders, as :func:`validation.energy.logs.read_measurements` reads them.
    calibrations : CalibrationPool
        Of times.

    Raises
    ------
    MeasurementError
        A file cannot be read, or nothing in them can be used.
    """
    measured = read_measurements(paths)
    amounts, failed = _amounts(measured.runs, calibrations)
    if not measured.operators and not amounts:
        raise MeasurementError("no measured power or energy in the files that were given")
    fitted = calibrate_energy(measured.operators, amounts)
    by_part = {entry.accelerator: entry.parameters for entry in fitted}
    return EnergyTables(
        calibrations=tuple(fitted),
        operators=tuple(
            error
            for rows in measured.operators
            for error in operator_errors(rows, by_part[rows.measured.accelerator.name])
        ),
        runs=tuple(run_errors(amounts, fitted)),
        ceilings=tuple(ceiling_errors(fitted)),
        skipped=measured.skipped + failed,
    )


def _amounts(runs: Iterable[EnergyRun], calibrations: CalibrationPool) -> tuple[list[RunAmounts], Counter[str]]:
    """What runs do, and how many cannot be simulated, by reason."""
    amounts, failed = list[RunAmounts](), Counter[str]()
    for run in runs:
        try:
            amounts.append(run_amounts(run, calibrations))
        except (ExecutionError, GraphError) as error:
            failed[f"cannot be predicted: {str(error).splitlines()[0]}"] += 1
    return amounts, failed


def write_fitted(tables: EnergyTables) -> list[Path]:
    """Replace the energy calibrations that ship with the package; returns their paths."""
    return [write_energy_calibration(entry) for entry in tables.calibrations]
