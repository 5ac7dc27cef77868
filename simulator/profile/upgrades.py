"""What twice of each resource would bring to a whole run, and a faster host: the run predicted anew with each."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from simulator.cost import HardwareColumns, hardware_columns, kernel_times, run_totals, within_power
from simulator.cost.gains import better
from simulator.hosts.host import ON_THE_HOST, HostCosts
from simulator.schedule.timeline import issues_of, stage_runs
from simulator.simulation import Simulation

from .upgrade import Upgrade

__all__ = ["TRIED", "faster_host", "upgraded", "upgrades"]

FloatArray = NDArray[np.float64]

#: Resources of which a run is tried with more, in the order of :func:`upgraded`; occupancy is what none shortens.
TRIED = ("compute", "memory", "power", "link", "launch")


def upgrades(simulation: Simulation, factor: float = 2.0) -> list[Upgrade]:
    """Runs with one resource better by a factor, the most helpful first.

    Rates are multiplied and latencies divided by it, and of the power limit what lies above idle; the host pays a
    share of its costs. Weights that come from the host keep coming as they did.
    """
    issuing = simulation.issuing
    (base, *others) = _latencies(simulation, upgraded(_as_it_is(simulation), factor), issuing)
    found = dict(zip(TRIED, others, strict=True))
    if issuing is not None:
        (found["host"],) = _latencies(simulation, _as_it_is(simulation), faster_host(issuing, factor))
    moved = simulation.timeline.latency - base  # transfers of weights from the host
    latencies = {name: min(latency, base) + moved for name, latency in found.items()}
    ranked = sorted(latencies.items(), key=lambda item: item[1])
    total = base + moved
    return [
        Upgrade(resource=name, factor=factor, latency=latency, speed_up=total / latency if latency > 0 else 1.0)
        for name, latency in ranked
    ]


def _as_it_is(simulation: Simulation) -> HardwareColumns:
    return hardware_columns([simulation.accelerator], simulation.calibrations)


def upgraded(hardware: HardwareColumns, factor: float = 2.0) -> HardwareColumns:
    """One accelerator as it is, and with each of :data:`TRIED` better by a factor."""
    count = 1 + len(TRIED)
    copies = hardware.select(np.zeros(count, dtype=np.int64))
    factors = {name: np.where(np.arange(count) == at, factor, 1.0) for at, name in enumerate(TRIED, start=1)}
    return better(copies, factors)


def faster_host(issuing: Mapping[str, HostCosts], factor: float = 2.0) -> dict[str, HostCosts]:
    """What a host pays, by execution mode, whose processor is faster by a factor."""
    shares = dict.fromkeys(ON_THE_HOST, 1.0 / factor)
    return {mode: costs.scaled(shares) for mode, costs in issuing.items()}


def _latencies(
    simulation: Simulation, columns: HardwareColumns, issuing: Mapping[str, HostCosts] | None
) -> list[float]:
    """Latency of the run on each accelerator. [s]"""
    table, launches = simulation.kernels, simulation.launches
    issues = issues_of(launches, issuing)

    def elapsed(times: FloatArray) -> FloatArray:
        runs = stage_runs(launches, times, issues)
        total: FloatArray = np.sum([run.elapsed() for run in runs], axis=0)
        return total

    if simulation.report.fidelity == "roofline":
        return list(map(float, elapsed(kernel_times(table, columns, fidelity="roofline").time)))
    boost = kernel_times(table, columns.at_boost(), fidelity="calibrated")
    within = columns.in_run(run_totals(boost, table.count, elapsed=elapsed(boost.time)))
    return list(map(float, elapsed(within_power(boost, within).time)))
