"""One workload on variants of one accelerator: the figures of a report that a study asks for, thousands at once.

Everything that does not depend on the numbers of an accelerator is made once: lowered kernels, what the host issues,
which residuals speak for the prediction. For each set of numbers remain the columns of the cost model, the times, the
timeline, the energy and the interval, each of them over arrays and by the formulas of :func:`simulator.simulate`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hw_specs import Accelerator, CalibrationPool
from hw_specs.hypothetical.distance import distances
from hw_specs.overrides import present_numbers
from simulator.cost.accelerator_columns import VariantColumns
from simulator.cost.model import BoostTimes, Fidelity
from simulator.cost.power_limit import limited_times
from simulator.cost.recorded_times import RecordedTimes, compiles
from simulator.energy.variants import energies
from simulator.hosts.costs import host_costs, host_of
from simulator.hosts.host import Host
from simulator.schedule.device_memory import device_memory, stacks
from simulator.schedule.offload import offload_plan
from simulator.schedule.stage import Issue, StageRun
from simulator.schedule.timeline import issues_of, stage_runs
from simulator.uncertainty.intervals import interval_ends, standing_of
from simulator.uncertainty.ratios import known_part, variant_scatter
from simulator.uncertainty.variants import VariantDeviations
from tracer.graph import OpGraph

from .cost import HardwareColumns, hardware_columns, kernel_times, run_totals
from .execution import Execution, ExecutionError
from .kernels import KernelTables
from .kernels.totals import weighted_total
from .lowering import Launches, assign_units, execution_on, lower

__all__ = ["FIGURES", "CostedVariants", "VariantRun"]

FloatArray = NDArray[np.float64]

#: What is known of each variant, and its unit; NaN where it is not known.
FIGURES: Mapping[str, str] = {
    "latency": "s",
    "latency_low": "s",
    "latency_high": "s",
    "throughput": "1/s",
    "energy": "J",
    "peak_memory": "B",
    "fits": "1",
}

# Variants that are computed at once, so that their arrays stay in the caches: by numpy, and by compiled code.
_SLICE, _COMPILED_SLICE = 64, 256


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CostedVariants:
    """Kernels and stages of a run on some variants, in that order along the last axis.

    Attributes
    ----------
    hardware : HardwareColumns
        In the run, where a power limit holds it.
    times : ndarray, shape (num_kernels, num_variants)
        At the clock that the power limit leaves the run. [s]
    runs : list of StageRun
    """

    hardware: HardwareColumns
    times: FloatArray
    runs: list[StageRun]

    def elapsed(self) -> FloatArray:
        """Latency of each variant, shape (num_variants,). [s]"""
        return _elapsed(self.runs)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class VariantRun:
    """A lowered workload that waits for the numbers of its accelerator.

    Attributes
    ----------
    accelerator : Accelerator
        Any of the variants: a product as it is, or one of its changes.
    launches : Launches
    kernels : KernelTables
        With contractions on the units that the accelerator has.
    issues : tuple of Issue
        What the host does in each stage; nothing where the fidelity is a bound.
    columns : VariantColumns
    deviations : VariantDeviations or None
        None where the fidelity is a bound.
    fidelity : {"calibrated", "roofline"}
    calibrations : CalibrationPool
    peak_memory : int
        Of the accelerator that was given. [B]
    part : mapping of str to float
        Numbers of the part that variants were made from, by path.
    many : bool
        Whether there will be so many variants that their kernel times are worth compiled code, where it is installed.
    """

    accelerator: Accelerator
    launches: Launches
    kernels: KernelTables
    issues: tuple[Issue, ...]
    columns: VariantColumns
    deviations: VariantDeviations | None
    fidelity: Fidelity
    calibrations: CalibrationPool
    peak_memory: int
    part: Mapping[str, float]
    many: bool = False
    _recorded: dict[frozenset[str], RecordedTimes | None] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        graph: OpGraph,
        accelerator: Accelerator,
        execution: Execution,
        calibrations: CalibrationPool,
        *,
        host: Host | None = None,
        fidelity: Fidelity = "calibrated",
        many: bool = False,
    ) -> Self:
        """Of a workload on an accelerator. Parameters and errors are those of :func:`simulator.simulate`."""
        launches = lower(graph, execution_on(accelerator, execution))
        if offload_plan(launches):
            raise ExecutionError("variants of an accelerator keep all weights on it; valid: offload none")
        table = assign_units(launches.kernels, accelerator)
        bound = fidelity == "roofline"
        driver = None if bound else host_of(accelerator, calibrations, host)
        return cls(
            accelerator=accelerator,
            launches=launches,
            kernels=table,
            issues=issues_of(launches, None if driver is None else host_costs(driver, accelerator)),
            columns=VariantColumns.of(accelerator, calibrations),
            deviations=None if bound else VariantDeviations.of(table, launches.stages, accelerator, calibrations),
            fidelity=fidelity,
            calibrations=calibrations,
            peak_memory=device_memory(launches.graph, launches.execution, accelerator).total,
            part=present_numbers(known_part(accelerator, calibrations)),
            many=many and compiles(),
        )

    def as_it_is(self) -> dict[str, FloatArray]:
        """Figures of the accelerator itself, arrays of shape (1,)."""
        hardware = hardware_columns([self.accelerator], self.calibrations)
        found = self._figures(hardware, self._boost(hardware), self.apart(present_numbers(self.accelerator)))
        return found | self.memory({}, 1)

    def figures(self, numbers: Mapping[str, FloatArray | float], count: int) -> dict[str, FloatArray]:
        """Figures of variants, arrays of shape (num_variants,) by name of :data:`FIGURES`.

        Parameters
        ----------
        numbers : mapping of str to array of shape (num_variants,), or float
            In place of those of the accelerator, by dotted path, those that follow others included
            (:func:`hw_specs.overrides.with_followers`).
        count : int
            Number of variants.
        """
        step = _COMPILED_SLICE if self.many else _SLICE
        slices = [slice(start, min(start + step, count)) for start in range(0, count, step)]
        parts = [self._slice({path: _of(values, part) for path, values in numbers.items()}, part) for part in slices]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]} | self.memory(numbers, count)

    def memory(self, numbers: Mapping[str, FloatArray | float], count: int) -> dict[str, FloatArray]:
        """Memory in use where it is most, and whether it fits; every resident thread has a stack of its own."""
        cores, memory = self.accelerator.cores, self.accelerator.memory
        own = stacks(cores.count, cores.max_threads or 0)
        changed = stacks(
            numbers.get("cores.count", cores.count), numbers.get("cores.max_threads", cores.max_threads or 0)
        )
        more = changed - own if self.accelerator.kind == "gpu" else 0.0
        peak = np.broadcast_to(np.asarray(self.peak_memory + more, dtype=np.float64), (count,))
        capacity = numbers.get("memory.dram.capacity", memory.dram.capacity)
        return {"peak_memory": peak, "fits": (peak <= np.round(capacity)).astype(np.float64)}

    def _slice(self, numbers: Mapping[str, FloatArray | float], part: slice) -> dict[str, FloatArray]:
        count = part.stop - part.start
        hardware, recorded = self.columns.columns(numbers, count), self._of_numbers(numbers)
        boost = self._boost(hardware) if recorded is None else recorded.at_boost(numbers, count)
        return self._figures(hardware, boost, self.apart(numbers))

    def _boost(self, hardware: HardwareColumns) -> BoostTimes:
        costs = kernel_times(self.kernels, hardware.at_boost(), fidelity=self.fidelity)
        return BoostTimes(costs.time, costs.draw)

    def _of_numbers(self, numbers: Mapping[str, FloatArray | float]) -> RecordedTimes | None:
        """Kernel times of variants that differ in these numbers, None where numpy computes them."""
        if not self.many:
            return None
        differing = frozenset(path for path, values in numbers.items() if isinstance(values, np.ndarray))
        if differing not in self._recorded:
            self._recorded[differing] = RecordedTimes.of(self.kernels, self.columns, numbers, self.fidelity)
        return self._recorded[differing]

    def apart(self, numbers: Mapping[str, FloatArray | float]) -> FloatArray | float:
        """What the distance from the part that variants were made from adds to their deviation. [1]"""
        return variant_scatter() * distances(self.part, numbers)

    def _figures(
        self, hardware: HardwareColumns, boost: BoostTimes, apart: FloatArray | float
    ) -> dict[str, FloatArray]:
        if self.deviations is None and not self._overlaps:
            # Without a host, kernels follow one another.
            return self._outcome(weighted_total(self.kernels.count, boost.time))
        return self.outcome(self.costed(hardware, boost, self.issues), apart)

    def costed(self, hardware: HardwareColumns, boost: BoostTimes, issues: Sequence[Issue]) -> CostedVariants:
        """Run on some variants at the clocks that their power limits leave it.

        Parameters
        ----------
        hardware : HardwareColumns
            Of the variants.
        boost : BoostTimes
            Of all kernels on them, at the boost clock.
        issues : sequence of Issue
            What the host does in each stage.
        """
        runs = self._runs(boost.time, issues)
        if self.deviations is None:
            return CostedVariants(hardware=hardware, times=boost.time, runs=runs)
        within = hardware.in_run(run_totals(boost, self.kernels.count, elapsed=_elapsed(runs)))
        times = limited_times(boost.time, boost.draw, within)
        if times is not boost.time:
            runs = self._runs(times, issues)
        return CostedVariants(hardware=within, times=times, runs=runs)

    def outcome(self, found: CostedVariants, apart: FloatArray | float) -> dict[str, FloatArray]:
        """Figures of some variants but for their memory, given what their distance from the part adds. [1]"""
        runs = found.runs
        if self.deviations is None:
            return self._outcome(_elapsed(runs))
        energy = energies(self.kernels, self.launches.stages, runs, found.hardware)
        standing = standing_of(self.launches.graph, self.accelerator, self.launches.execution)
        ends = interval_ends(_elapsed(runs), self.deviations.relative(runs, found.times, apart), standing)
        return self._outcome(_elapsed(runs), ends=ends, energy=energy)

    @property
    def _overlaps(self) -> bool:
        """Whether some launches run beside others, which compiled code does not know."""
        return any(len(stage.beside) for stage in self.launches.stages)

    def _runs(self, times: FloatArray, issues: Sequence[Issue]) -> list[StageRun]:
        if not self.many or self._overlaps:
            return stage_runs(self.launches, times, issues)
        from .schedule.compiled import stage_runs as compiled_runs

        return compiled_runs(self.launches, times, issues)

    def _outcome(
        self,
        latency: FloatArray,
        *,
        ends: tuple[FloatArray, FloatArray] | None = None,
        energy: FloatArray | None = None,
    ) -> dict[str, FloatArray]:
        unknown, scheme = np.full_like(latency, np.nan), self.launches.execution.parallel
        low, high = (unknown, unknown) if ends is None else ends
        with np.errstate(divide="ignore"):
            throughput = max(self.launches.graph.workload.batch, 1) * scheme.data / latency
        return {
            "latency": latency,
            "latency_low": low,
            "latency_high": high,
            "throughput": throughput,
            "energy": unknown if energy is None else energy * scheme.devices,
        }


def _of(values: FloatArray | float, part: slice) -> FloatArray | float:
    return values[part] if isinstance(values, np.ndarray) else values


def _elapsed(runs: Sequence[StageRun]) -> FloatArray:
    total: FloatArray = np.sum([run.elapsed() for run in runs], axis=0)
    return total
