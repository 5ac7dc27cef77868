"""Power that a campaign recorded: its log of the device's state, and the mean power of each pipeline that it traced."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hw_specs import SpecError, load_accelerator
from tracer.graph import AttributeValue
from tracer.storage.trace_file import is_trace_file, load_trace
from tracer.trace import Trace
from validation.measured.published.records import is_published
from validation.measured.tables import MeasurementError

from .measured import EnergyRun, MeasuredPower, number_in, read_power, read_runs, records
from .published import published_runs

__all__ = ["PowerLog", "PowerMeasurements", "read_log", "read_measurements", "runs_of_traces"]

#: Readings that a mean power rests on at least: each is of the second before it, and they come every 0.2 s.
_FEWEST_READINGS = 10
_POWER_CAP = "software_power_cap"
#: Begin of the names under which a capture keeps the settings of its workload.
_SETTING = "workload."
#: Readings of an idle device: this share of all, the lowest.
_IDLE_SHARE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerLog:
    """What a log of a device's state says about its power.

    Attributes
    ----------
    idle : float
        Low end of the readings. [W]
    limited : float or None
        Power while the limit of the board held the clock; None where it never did. [W]
    clock : float or None
        Core clock meanwhile. [Hz]
    samples : int
    """

    idle: float
    limited: float | None
    clock: float | None
    samples: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerMeasurements:
    """Everything about power that some files hold; rows that are left out are counted by reason."""

    operators: tuple[MeasuredPower, ...]
    runs: tuple[EnergyRun, ...]
    skipped: Counter[str]


def read_measurements(paths: Iterable[str | Path]) -> PowerMeasurements:
    """Tables of operators with power, of whole runs and of published figures, and traces, from files or folders.

    Raises
    ------
    MeasurementError
        A file cannot be read, or is none of these.
    """
    operators, runs, skipped = list[MeasuredPower](), list[EnergyRun](), Counter[str]()
    traces = list[Trace]()
    for path in _files(paths):
        if path.suffix == ".trace":
            if not is_trace_file(path):
                raise MeasurementError(f"{path}: is no trace of this project")
            traces.append(load_trace(path))
            continue
        header = next(records(path), {})
        if "power_w" in header:
            operators.append(read_power(path))
        elif "energy_J" in header:
            found, missing = read_runs(path)
            runs += found
            skipped += missing
        elif is_published(header):
            found, missing = published_runs(records(path))
            runs += found
            skipped += missing
        else:
            skipped[f"{path.name}: neither power_w nor energy_J"] += 1
    found, missing = runs_of_traces(traces)
    return PowerMeasurements(operators=tuple(operators), runs=(*runs, *found), skipped=skipped + missing)


def read_log(path: str | Path) -> PowerLog:
    """Read a campaign's log: a CSV table, gzipped or not, with ``core_clock``, ``power`` and ``reasons``.

    Raises
    ------
    MeasurementError
        The file cannot be read, lacks a column or has no row.
    """
    rows = list(records(Path(path)))
    missing = [name for name in ("core_clock", "power", "reasons") if not rows or name not in rows[0]]
    if missing:
        raise MeasurementError(f"{path}: lacks the columns {', '.join(missing)}, or rows")
    power = np.array([number_in(Path(path), row, "power") for row in rows])
    clock = np.array([number_in(Path(path), row, "core_clock") for row in rows])
    held = np.array([_POWER_CAP in row["reasons"].split() for row in rows])
    return PowerLog(
        idle=float(np.quantile(power, _IDLE_SHARE)),
        limited=float(np.median(power[held])) if held.any() else None,
        clock=float(np.median(clock[held])) if held.any() else None,
        samples=len(rows),
    )


def runs_of_traces(traces: Iterable[Trace]) -> tuple[tuple[EnergyRun, ...], Counter[str]]:
    """Runs whose mean power a capture recorded, and traces that are left out, by reason.

    The energy is mean power times the time of all repeats, of which a capture runs a few.
    """
    runs, skipped = list[EnergyRun](), Counter[str]()
    for trace in traces:
        facts = dict(trace.facts.settings)
        readings, power = facts.get("samples"), facts.get("power")
        if not isinstance(power, float) or not isinstance(readings, int) or readings < _FEWEST_READINGS:
            skipped[f"trace with fewer than {_FEWEST_READINGS} readings of power"] += 1
            continue
        try:
            runs.append(_run_of(trace, facts, power))
        except SpecError as error:
            skipped[str(error)] += 1
    return tuple(runs), skipped


def _run_of(trace: Trace, facts: Mapping[str, AttributeValue], power: float) -> EnergyRun:
    latency = sum(
        float(str(value)) * float(str(facts.get(f"repeats.{name.partition('.')[2]}", 1)))
        for name, value in facts.items()
        if name.startswith("elapsed.")
    )
    settings = {
        name.removeprefix(_SETTING): value
        for name, value in facts.items()
        if name.startswith(_SETTING) and isinstance(value, int | float | str)
    }
    return EnergyRun(
        model=trace.name,
        settings=settings,
        device=load_accelerator(trace.facts.device).name,
        latency=latency,
        energy=power * latency,
        source=f"trace of {trace.name} ({trace.facts.format})",
    )


def _files(paths: Iterable[str | Path]) -> list[Path]:
    found = list[Path]()
    for path in map(Path, paths):
        if path.is_dir():
            found += sorted(p for p in path.rglob("*") if p.name.endswith((".csv", ".csv.gz", ".trace")))
        else:
            found.append(path)
    return found
