"""One lowered run on changes of its accelerator, host and kernels' latencies, many at once: latencies and speed-ups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hw_specs.hypothetical.distance import distances
from hw_specs.overrides import present_numbers, with_followers
from simulator.comparison import Speedup, speedup_of_variant
from simulator.cost import Gains, gains_of, kernel_times, run_totals, trial_columns, trial_times, within_power
from simulator.cost.accelerator_columns import VariantColumns
from simulator.cost.gains import better
from simulator.cost.hardware import HardwareColumns
from simulator.cost.model import KernelCosts
from simulator.cost.power_limit import Draw
from simulator.hosts.costs import host_costs, host_of
from simulator.hosts.host import Host, HostCosts
from simulator.kernels import KernelTables
from simulator.lowering.graphs.positions import chosen_kernels
from simulator.schedule.pieces import BoundShares, bound_of
from simulator.schedule.timeline import Timeline, issues_of, schedule, stage_runs
from simulator.simulation import Simulation
from simulator.uncertainty.components import ErrorComponents
from simulator.uncertainty.deviation import run_deviation

from .setups import Setup

__all__ = ["Bench", "Change"]

FloatArray = NDArray[np.float64]

# Accelerators whose kernels are timed at once, so that their arrays stay in the caches.
_SLICE = 56


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is different in a run.

    Attributes
    ----------
    numbers : mapping of str to float
        Of the accelerator, by path; those that follow them come along.
    better : mapping of str to float
        Factors by which resources are better (:func:`simulator.cost.gains.better`).
    host : Host, optional
        In place of the one that drives the accelerator.
    apart : float
        Distance that `better` adds to that of the numbers, on the scale of
        :mod:`hw_specs.hypothetical.distance`. [1]
    """

    numbers: Mapping[str, float] = field(default_factory=dict)
    better: Mapping[str, float] = field(default_factory=dict)
    host: Host | None = None
    apart: float = 0.0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Run:
    """What some changes with one host make of a run; arrays have an accelerator along their last axis."""

    hardware: HardwareColumns
    times: FloatArray
    elapsed: FloatArray


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Bench:
    """A lowered run whose accelerator and host may be changed.

    Attributes
    ----------
    setup : Setup
    simulation : Simulation
        As it is.
    host : Host
        What drives its accelerator.
    columns : VariantColumns
        Of changes of the accelerator.
    numbers : mapping of str to float
        That the accelerator has and that can be changed, by path.
    """

    setup: Setup
    simulation: Simulation
    host: Host
    columns: VariantColumns
    numbers: Mapping[str, float]

    @classmethod
    def of(cls, setup: Setup) -> Bench:
        """Of a setup. Raises as :meth:`Setup.simulated`."""
        return cls(
            setup=setup,
            simulation=setup.simulated(),
            host=host_of(setup.accelerator, setup.calibrations, setup.host),
            columns=VariantColumns.of(setup.accelerator, setup.calibrations),
            numbers=present_numbers(setup.accelerator),
        )

    def latencies(self, changes: Sequence[Change]) -> FloatArray:
        """Latency with each of some changes, shape (num_changes,). [s]"""
        hardware = self._hardware(changes)
        boost = _boost(self.simulation.kernels, hardware)
        found = np.zeros(len(changes))
        for host, at in self._by_host(changes):
            found[at] = self._run(boost.at(columns=at), hardware.select(at), host).elapsed
        return found

    def speedups(self, changes: Sequence[Change]) -> list[tuple[Speedup, BoundShares]]:
        """How many times as fast each of some changes makes the run, and what then holds it back."""
        hardware = self._hardware(changes)
        boost, tried = _boost(self.simulation.kernels, hardware), self._tried(hardware)
        apart = np.hypot(self._distances(changes), [change.apart for change in changes])
        found: dict[int, tuple[Speedup, BoundShares]] = {}
        for host, at in self._by_host(changes):
            run, altered = self._run(boost.at(columns=at), hardware.select(at), host), host is not self.host
            for place, number in enumerate(at.tolist()):
                timeline = schedule(self.simulation.launches, run.times[:, place], self._costs_of(host))
                gains = self._gains(run.hardware.select(np.array([place])), tried[number])
                speedup = self._speedup(timeline, run.times[:, place], float(apart[number]), ("host",) * altered)
                found[number] = speedup, bound_of(timeline, gains.shares)
        return [found[number] for number in range(len(changes))]

    def _speedup(self, timeline: Timeline, times: FloatArray, apart: float, changes: tuple[str, ...]) -> Speedup:
        before = self._errors(self.simulation.timeline, self.simulation.costs.time[:, 0])
        return speedup_of_variant(
            timeline.latency,
            self.simulation.report.latency,
            (self._errors(timeline, times), before),
            changes=changes,
            distance=apart,
        )

    def _errors(self, timeline: Timeline, times: FloatArray) -> ErrorComponents:
        """What the error of a run with some times is made of; variants of one part are off as the part is."""
        part = self.setup.accelerator.product or self.setup.accelerator
        return run_deviation(timeline, self.simulation.kernels, times, part, self.setup.calibrations).components()

    def _hardware(self, changes: Sequence[Change]) -> HardwareColumns:
        every = [with_followers(self.numbers, change.numbers) for change in changes]
        numbers = {path: np.array([each[path] for each in every], dtype=np.float64) for path in self.numbers}
        names = dict.fromkeys(name for change in changes for name in change.better)
        factors = {name: np.array([change.better.get(name, 1.0) for change in changes]) for name in names}
        return better(self.columns.columns(numbers, len(changes)), factors)

    def _distances(self, changes: Sequence[Change]) -> FloatArray:
        """Of the changed accelerators from the one that they change. [1]"""
        every = [with_followers(self.numbers, change.numbers) for change in changes]
        return np.array([distances(self.numbers, each) for each in every], dtype=np.float64)

    def _by_host(self, changes: Sequence[Change]) -> Iterator[tuple[Host, NDArray[np.int64]]]:
        """Hosts, with the positions of the changes that have them."""
        hosts = [self.host if change.host is None else change.host for change in changes]
        for host in {id(host): host for host in hosts}.values():
            yield host, np.flatnonzero([other is host for other in hosts])

    def _costs_of(self, host: Host) -> Mapping[str, HostCosts]:
        return host_costs(host, self.setup.accelerator)

    def _run(self, boost: KernelCosts, hardware: HardwareColumns, host: Host) -> _Run:
        """Run at the clock that the power limit leaves it."""
        launches, counts = self.simulation.launches, self.simulation.kernels.count
        issues = issues_of(launches, self._costs_of(host))

        def elapsed(times: FloatArray) -> FloatArray:
            total: FloatArray = np.sum([run.elapsed() for run in stage_runs(launches, times, issues)], axis=0)
            return total

        free = elapsed(boost.time)
        within = hardware.in_run(run_totals(boost, counts, elapsed=free))
        times = within_power(boost, within).time
        return _Run(hardware=within, times=times, elapsed=free if times is boost.time else elapsed(times))

    def _tried(self, hardware: HardwareColumns) -> list[KernelCosts]:
        """Costs of the kernels that reports ask for with each resource a step better, of each accelerator."""
        kernels, found = self._chosen(), list[KernelCosts]()
        width = len(trial_columns(hardware.select(np.zeros(1, dtype=np.int64))))
        step = max(_SLICE // width, 1)
        for start in range(0, len(hardware), step):
            part = hardware.select(np.arange(start, min(start + step, len(hardware))))
            costs = trial_times(kernels, trial_columns(part), fidelity="calibrated")
            found += [costs.at(columns=slice(at * width, (at + 1) * width)) for at in range(len(part))]
        return found

    def _chosen(self) -> KernelTables:
        """Kernels that reports ask for."""
        return self.simulation.kernels.select(chosen_kernels(self.simulation.launches))

    def _gains(self, hardware: HardwareColumns, tried: KernelCosts) -> Gains:
        """What changes of one changed accelerator would bring, for all kernels."""
        found = gains_of(self._chosen(), hardware, fidelity="calibrated", tried=tried)
        shares = np.zeros((len(self.simulation.kernels), found.shares.shape[1]))
        shares[chosen_kernels(self.simulation.launches)] = found.shares
        return Gains(shares=shares, steps=found.steps)


def _boost(kernels: KernelTables, hardware: HardwareColumns) -> KernelCosts:
    """Costs at the boost clock."""
    slices = [np.arange(start, min(start + _SLICE, len(hardware))) for start in range(0, len(hardware), _SLICE)]
    parts = [kernel_times(kernels, hardware.select(part).at_boost()) for part in slices]
    return KernelCosts(
        draw=Draw(*(np.hstack(columns) for columns in zip(*(part.draw for part in parts), strict=True))),
        **{name: np.hstack([getattr(part, name) for part in parts]) for name in ("time", "roofline", "bound")},
    )
