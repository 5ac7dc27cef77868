"""From an operator graph and an accelerator to a report: the whole path as one function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hw_specs import Accelerator, CalibrationPool
from hw_specs.listing.known_parts import slips
from hw_specs.units.strings import format_quantity
from simulator.cost.hardware.power import UnknownPowerError
from simulator.cost.model import Fidelity
from simulator.energy.run import EnergyEstimate, energy_of
from simulator.hosts.costs import host_costs, host_of
from simulator.hosts.host import Host, HostCosts
from simulator.schedule.offload import offload_remarks, with_offload
from simulator.schedule.timeline import Timeline, schedule
from simulator.uncertainty.deviation import RunDeviation, run_deviation
from simulator.uncertainty.intervals import Interval, Standing, interval_of, standing_of
from simulator.uncertainty.unchecked import unchecked_remarks
from tracer.graph import OpGraph, StorageRole
from tracer.library.frame_rates import frame_rate_of

from .cost import (
    RESOURCES,
    Gains,
    HardwareColumns,
    KernelCosts,
    gains_of,
    hardware_columns,
    kernel_basis,
    kernel_times,
    run_totals,
    trial_columns,
    trial_times,
    within_power,
)
from .execution import Execution
from .kernels import KernelTables
from .lowering import Launches, assign_units, compiled_remarks, execution_on, lower
from .lowering.graphs.positions import chosen_kernels
from .report import Report, main_basis, make_report

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BeyondNumbersError", "Simulation", "require_time", "simulate"]

#: Longest run that is believed: longer than the universe is old. [s]
LONGEST = 1e18


class BeyondNumbersError(ValueError):
    """An accelerator and a workload whose time is no number: infinite, or too small or large for arithmetic."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Simulation:
    """Everything that one simulation computed, for those who want more than the report.

    ``kernels`` holds the lowered kernels with contractions on the units that the accelerator has.
    ``interval`` is that of the latency; ``deviation`` and ``standing`` are what it and the intervals of parts are made
    from. All three are None where the fidelity is a bound. ``calibrations`` are those that the times were made with;
    ``issuing`` is what the host pays by execution mode, None where the time is of the device alone; ``gains`` are those
    of the report.
    """

    accelerator: Accelerator
    launches: Launches
    kernels: KernelTables
    hardware: HardwareColumns
    costs: KernelCosts
    timeline: Timeline
    report: Report
    interval: Interval | None
    deviation: RunDeviation | None
    standing: Standing | None
    calibrations: CalibrationPool
    issuing: Mapping[str, HostCosts] | None
    gains: Gains

    def to_pandas(self, by: str = "kernel") -> pd.DataFrame:
        """Parts of the run by any key of :data:`simulator.profile.parts.KEYS`, the longest first."""
        from simulator.profile.parts import parts_frame, parts_of

        return parts_frame(parts_of(self, by), by)

    def stage_deviation(self, name: str) -> float:
        """Relative standard deviation of the time of one stage; 0 where the fidelity is a bound."""
        return 0.0 if self.deviation is None else self.deviation.relative(self.positions_of(name))

    def positions_of(self, name: str) -> NDArray[np.int64]:
        """Launch positions of one stage among those of all stages in order."""
        at = 0
        for stage in self.timeline.stages:
            end = at + len(stage.execution)
            if stage.launches.stage.name == name:
                return np.arange(at, end)
            at = end
        raise KeyError(name)


def simulate(
    graph: OpGraph,
    accelerator: Accelerator,
    execution: Execution | None = None,
    *,
    fidelity: Fidelity = "calibrated",
    calibrations: CalibrationPool | None = None,
    host: Host | None = None,
) -> Simulation:
    """Predict one run of a workload on one accelerator.

    Parameters
    ----------
    graph : OpGraph
    accelerator : Accelerator
    execution : Execution, optional
        Eager with fused attention by default.
    fidelity : {"calibrated", "roofline"}
        ``roofline`` is a lower bound from the datasheet: no overhead of kernels, of launches or of the host.
    calibrations : CalibrationPool, optional
        Those that ship with the package by default; with that of a machine which its user probed beside them, or none.
    host : Host, optional
        What drives the accelerator; by default the one that was probed with it, else the same for all.

    Raises
    ------
    UnsupportedFormatError
        The accelerator has no units for a number format that the workload needs.
    BeyondNumbersError
        Numbers of the accelerator or sizes of the workload give a time that is none.
    """
    pool = CalibrationPool.shipped() if calibrations is None else calibrations
    try:
        found = _simulated(graph, accelerator, execution_on(accelerator, execution), fidelity, pool, host)
    except ArithmeticError as error:
        raise BeyondNumbersError(_beyond(graph.name, accelerator)) from error
    require_time(found.report.latency, graph.name, accelerator)
    return found


def require_time(seconds: float, what: str, accelerator: Accelerator) -> None:
    """Refuse a time that is none: infinite, negative, or longer than anything lasts.

    Raises
    ------
    BeyondNumbersError
    """
    if not 0 <= seconds <= LONGEST:
        raise BeyondNumbersError(_beyond(what, accelerator))


def _beyond(what: str, accelerator: Accelerator) -> str:
    """Which numbers give a time that is none."""
    wrong = "; ".join(slips(accelerator)) or "sizes of the workload are beyond what numbers hold"
    return f"{what} on {accelerator.name} has no time that is a number: {wrong}"


def _simulated(
    graph: OpGraph,
    accelerator: Accelerator,
    execution: Execution,
    fidelity: Fidelity,
    pool: CalibrationPool,
    host: Host | None,
) -> Simulation:
    """:func:`simulate` with nothing left to choose."""
    launches = lower(graph, execution)
    table = assign_units(launches.kernels, accelerator)
    host = None if fidelity == "roofline" else host_of(accelerator, pool, host)
    issuing = None if host is None else host_costs(host, accelerator)
    boost = _BoostCosts.of(launches, table, hardware_columns([accelerator], pool), fidelity)
    hardware, costs, timeline = _run(launches, table, boost, issuing, fidelity)
    basis = _basis(table, hardware, fidelity)
    deviation, interval, standing = None, None, None
    if fidelity == "calibrated":
        timeline = with_offload(timeline, accelerator)
        deviation = run_deviation(timeline, table, costs.time[:, 0], accelerator, pool)
        main = main_basis(table.count * costs.time[:, 0], basis)
        standing = standing_of(graph, accelerator, launches.execution, main)
        interval = interval_of(timeline.latency, deviation.relative(), standing=standing)
    energy = _energy(timeline, costs, accelerator, interval)
    gains = _gains(boost, table, hardware, fidelity)
    report = make_report(
        *(timeline, costs, accelerator, basis, gains),
        fidelity=fidelity,
        interval=interval,
        deviation=deviation,
        standing=standing,
        energy=energy,
        host=host,
        remarks=(
            *compiled_remarks(accelerator, launches.kernels),
            *offload_remarks(launches.execution),
            *unchecked_remarks(graph.workload),
            *_room_remarks(graph, accelerator),
        ),
        frame_rate=frame_rate_of(graph),
    )
    return Simulation(
        accelerator=accelerator,
        launches=launches,
        kernels=table,
        hardware=hardware,
        costs=costs,
        timeline=timeline,
        report=report,
        interval=interval,
        deviation=deviation,
        standing=standing,
        calibrations=pool,
        issuing=issuing,
        gains=gains,
    )


def _room_remarks(graph: OpGraph, accelerator: Accelerator) -> tuple[str, ...]:
    """Warning of a memory that does not hold a single weight: its capacity is a slip, not one of running out."""
    weights = graph.storage_bytes[graph.storage_roles == StorageRole.PARAMETER]
    capacity, largest = accelerator.memory.dram.capacity, float(weights.max(initial=0))
    if capacity >= largest:
        return ()
    sizes = format_quantity(capacity, "B"), format_quantity(largest, "B")
    return (f"warning: memory.dram.capacity is {sizes[0]}, and one weight of the workload alone takes {sizes[1]}",)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _BoostCosts:
    """Costs at the boost clock of all kernels, and of `rows` of them on the accelerator with changes (``tried``)."""

    hardware: HardwareColumns
    costs: KernelCosts
    rows: NDArray[np.int64]
    tried: KernelCosts

    @classmethod
    def of(cls, launches: Launches, table: KernelTables, hardware: HardwareColumns, fidelity: Fidelity) -> _BoostCosts:
        """In one computation where the report asks for all kernels."""
        rows, trials = chosen_kernels(launches), trial_columns(hardware)
        if len(rows) == len(table):
            tried = trial_times(table, trials, fidelity=fidelity)
            return cls(hardware=hardware, costs=tried.at(columns=slice(1)), rows=rows, tried=tried)
        costs = kernel_times(table, hardware.at_boost(), fidelity=fidelity)
        tried = trial_times(table.select(rows), trials, fidelity=fidelity)
        return cls(hardware=hardware, costs=costs, rows=rows, tried=tried)


def _run(
    launches: Launches,
    kernels: KernelTables,
    boost: _BoostCosts,
    host: Mapping[str, HostCosts] | None,
    fidelity: Fidelity,
) -> tuple[HardwareColumns, KernelCosts, Timeline]:
    """Costs and timeline at the clock that the power limit leaves the run as a whole."""
    timeline = schedule(launches, boost.costs.time[:, 0], host)
    if fidelity == "roofline":
        return boost.hardware, boost.costs, timeline
    within = boost.hardware.in_run(run_totals(boost.costs, kernels.count, elapsed=timeline.latency))
    costs = within_power(boost.costs, within)
    held = costs.time is not boost.costs.time
    return within, costs, schedule(launches, costs.time[:, 0], host) if held else timeline


def _basis(table: KernelTables, hardware: HardwareColumns, fidelity: Fidelity) -> NDArray[np.int64]:
    """Ground of each kernel's time; a bound rests on the datasheet."""
    if fidelity == "roofline":
        return np.zeros(len(table), dtype=np.int64)
    return kernel_basis(table, hardware)[:, 0]


def _gains(boost: _BoostCosts, table: KernelTables, hardware: HardwareColumns, fidelity: Fidelity) -> Gains:
    """What changes of the accelerator would bring to the kernels that a report asks for."""
    chosen = table if len(boost.rows) == len(table) else table.select(boost.rows)
    found = gains_of(chosen, hardware, fidelity=fidelity, tried=boost.tried)
    shares = np.zeros((len(table), len(RESOURCES)))
    shares[boost.rows] = found.shares
    return replace(found, shares=shares)


def _energy(
    timeline: Timeline, costs: KernelCosts, accelerator: Accelerator, interval: Interval | None
) -> EnergyEstimate | None:
    """Energy of a run; None where the time is a bound, or where nothing says what the part draws."""
    if interval is None:
        return None
    try:
        return energy_of(timeline, costs, accelerator, latency_interval=interval)
    except UnknownPowerError:
        return None
