"""Energies that the notes of published runs hold."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from simulator.execution import ExecutionError
from simulator.software import SoftwareError
from validation.published.names import Names, Unmappable, load_names
from validation.published.rows.row import case_of_row

from .measured import EnergyRun

__all__ = ["published_runs"]


def published_runs(rows: Iterable[Mapping[str, str]]) -> tuple[tuple[EnergyRun, ...], Counter[str]]:
    """Runs whose notes state joules, and how many rows are none, by reason."""
    runs, skipped, names = list[EnergyRun](), Counter[str](), load_names()
    for row in rows:
        try:
            runs.append(_run(row, names))
        except (ExecutionError, SoftwareError, Unmappable) as error:
            skipped[str(error)] += 1
    return tuple(runs), skipped


def _run(row: Mapping[str, str], names: Names) -> EnergyRun:
    notes = row.get("notes", "")
    found = next(filter(None, (re.search(pattern, notes, re.IGNORECASE) for pattern in names.energy)), None)
    if found is None:
        raise Unmappable("published run without energy")
    case = case_of_row(row, names)
    if case.quantity != "latency" or case.scheme.devices > 1:
        raise Unmappable("energy of a part of a run, or of several devices")
    of_one = "output" in found.groupdict()
    outputs = int(case.settings["batch"]) if of_one else 1
    return EnergyRun(
        model=case.model,
        settings=case.settings,
        device=case.device,
        latency=case.value,
        energy=outputs * float(found["output" if of_one else "run"]),
        source=case.source,
        execution=case.to_execution(),
    )
