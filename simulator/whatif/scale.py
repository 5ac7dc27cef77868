"""A workload along an axis: latency, throughput, memory and energy, how they grow, what is the largest that fits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from hw_specs import Accelerator, CalibrationPool
from simulator.cost.model import Fidelity
from simulator.lowering import execution_on, graph_as_run
from simulator.parallel.scheme import SchemeError
from simulator.report import Report
from simulator.schedule.device_memory import device_memory
from simulator.schedule.pieces import BoundShares
from simulator.views.frames import frame_of
from tracer.graph import GraphError

from .axis import DEVICES, SCALES, Axis, axis_of
from .exponents import Knee, fitted_exponent, knee_of
from .setups import Setup, setup_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Growth", "ScaledRun", "scale"]

#: Figures whose growth is fitted.
_GROWING = ("latency", "activations", "peak_memory", "energy")
# Efficiency from which on more devices pay. [1]
_PAYS = 0.5
# Sizes that a search for the largest one tries at most, beyond which none is looked for.
_TRIES, _LARGEST = 12, 10**6

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaledRun:
    """The workload at one value of the axis.

    Attributes
    ----------
    value : int
    latency : float
        [s]
    interval : (float, float), optional
        80 % interval of the latency; None of a bound. [s]
    throughput : float
        Outputs in a second. [1/s]
    energy : float, optional
        None where nothing says what the part draws. [J]
    peak_memory : int
        Weights and activations. [B]
    activations : int
        What is alive beside the weights at the peak. [B]
    fits : bool
        Whether the accelerator has that much memory.
    efficiency : float, optional
        Throughput of each device over that of the run with the fewest; None along other axes. [1]
    bound : BoundShares
    """

    value: int
    latency: float
    interval: tuple[float, float] | None
    throughput: float
    energy: float | None
    peak_memory: int
    activations: int
    fits: bool
    bound: BoundShares
    efficiency: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """A workload along an axis.

    Attributes
    ----------
    model, accelerator, axis : str
    runs : tuple of ScaledRun
        By ascending value.
    exponents : mapping of str to float
        Slope of the logarithm of ``latency``, ``activations``, ``peak_memory`` and ``energy`` over that of the value,
        least squares over all runs; without energy where it is not known, and empty for a single run. [1]
    knee : Knee, optional
        Where the latency's exponent changes; None where it does not.
    largest_that_fits : int, optional
        None where no value fits, or where memory does not bound the axis.
    memory_capacity : int
        [B]
    most_efficient : int, optional
        Most devices of which each does at least half of what it does among the fewest; None along other axes.
    remarks : tuple of str
    """

    model: str
    accelerator: str
    axis: str
    runs: tuple[ScaledRun, ...]
    exponents: Mapping[str, float]
    knee: Knee | None
    largest_that_fits: int | None
    memory_capacity: int
    most_efficient: int | None = None
    remarks: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain form for JSON."""
        return asdict(self)

    def to_pandas(self) -> pd.DataFrame:
        """A row for each value of the axis (:func:`simulator.views.frames.frame_of`)."""
        return frame_of([asdict(run) for run in self.runs])


def scale(
    model: str,
    accelerator: Accelerator,
    axis: str,
    values: Sequence[int] = (),
    *,
    settings: Mapping[str, object] | None = None,
    calibrations: CalibrationPool | None = None,
    fidelity: Fidelity = "calibrated",
    search: bool = True,
    progress: Progress | None = None,
) -> Growth:
    """Predict a workload at values of an axis, and how it grows along it.

    Parameters
    ----------
    model : str
        Name of a pipeline, or path of a folder of a diffusers pipeline or a language model.
    accelerator : Accelerator
    axis : str
        ``batch``, ``resolution``, ``frames``, ``steps``, ``context`` or ``tokens``
        (:data:`simulator.whatif.axis.SCALES`), or ``devices``, of which the last split that the setting ``parallel``
        names grows.
    values : sequence of int
        Some below and above the default where there are none. Values of a resolution are heights, and widths go with
        them.
    settings : mapping, optional
        What else is set, by name of :data:`simulator.whatif.setups.AXES`: ``{"execution": "compiled"}``.
    calibrations : CalibrationPool, optional
        Those that ship with the package by default.
    fidelity : {"calibrated", "roofline"}
    search : bool
        Whether to look for the largest value that fits, which traces the workload some more times.
    progress : callable, optional
        Called with what is about to be computed.

    Raises
    ------
    GraphError, ExecutionError, UnsupportedFormatError
        No such axis, a value that the pipeline cannot have, or a run that the accelerator cannot make.
    """
    pool = CalibrationPool.shipped() if calibrations is None else calibrations
    base = setup_of(model, accelerator, pool, settings or {})
    along = axis_of(model, axis, base.settings, str((settings or {}).get("parallel") or ""))
    line = _Line(base=base, axis=along, chosen=settings or {}, progress=progress)
    runs = _with_efficiency(along, [line.run(value, fidelity) for value in _values(line, values)])
    capacity = round(accelerator.memory.dram.capacity)
    return Growth(
        model=along.pipeline.name,
        accelerator=accelerator.name,
        axis=axis,
        runs=runs,
        exponents=dict(_exponents(runs)),
        knee=knee_of([run.value for run in runs], [run.latency for run in runs]),
        largest_that_fits=_largest(line, runs, capacity) if search and axis in SCALES else None,
        most_efficient=_most_efficient(runs),
        memory_capacity=capacity,
        remarks=(base.remark,) if base.remark else (),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A setup whose value on an axis is open."""

    base: Setup
    axis: Axis
    chosen: Mapping[str, object]
    progress: Progress | None

    def setup(self, value: int) -> Setup:
        chosen = {**self.chosen, **self.axis.settings(value)}
        return setup_of(self.base.model, self.base.accelerator, self.base.calibrations, chosen)

    def run(self, value: int, fidelity: Fidelity) -> ScaledRun:
        """Figures at a value."""
        self._say(value)
        setup = self.setup(value)
        return _scaled(value, setup.simulated(fidelity).report)

    def memory(self, value: int) -> int:
        """Peak memory at a value. [B]"""
        self._say(value)
        setup = self.setup(value)
        execution = execution_on(setup.accelerator, setup.execution)
        return device_memory(graph_as_run(setup.graph(), execution), execution, setup.accelerator).total

    def _say(self, value: int) -> None:
        if self.progress is not None:
            self.progress(f"{self.axis.name} {value}")


def _values(line: _Line, given: Sequence[int]) -> Iterator[int]:
    """The given values in order, all of which are possible; else the usual ones, up to the first that does not fit."""
    if given:
        for value in given:
            line.axis.settings(value)
        yield from sorted(set(given))
        return
    if line.axis.name == DEVICES:
        yield from _possible(line)
        return
    capacity = line.base.accelerator.memory.dram.capacity
    for value in line.axis.usual():
        yield value
        if line.memory(value) > capacity:
            return


def _possible(line: _Line) -> Iterator[int]:
    """The usual numbers of devices up to the first into which the workload cannot be split."""
    for value in line.axis.usual():
        setup = line.setup(value)
        try:
            graph_as_run(setup.graph(), setup.execution)
        except SchemeError:
            if value > line.axis.default:
                return
            raise
        yield value


def _with_efficiency(axis: Axis, runs: Sequence[ScaledRun]) -> tuple[ScaledRun, ...]:
    """Runs on several devices with what each of them does, against the run with the fewest."""
    if axis.name != DEVICES:
        return tuple(runs)
    least = runs[0].throughput / runs[0].value
    return tuple(replace(run, efficiency=run.throughput / run.value / least) for run in runs)


def _most_efficient(runs: Sequence[ScaledRun]) -> int | None:
    """Most devices of which each does at least half of what it does among the fewest."""
    return max((run.value for run in runs if run.efficiency is not None and run.efficiency >= _PAYS), default=None)


def _scaled(value: int, report: Report) -> ScaledRun:
    shared = report.sharing
    return ScaledRun(
        value=value,
        latency=report.latency,
        interval=None if report.interval is None else (report.interval.low, report.interval.high),
        throughput=float(report.workload["batch"]) * (shared.replicas if shared else 1) / report.latency,
        energy=shared.energy if shared else None if report.energy is None else report.energy.energy,
        peak_memory=report.peak_memory,
        activations=report.memory.activations + report.memory.workspaces,
        fits=report.fits,
        bound=report.bound,
    )


def _exponents(runs: Sequence[ScaledRun]) -> Iterator[tuple[str, float]]:
    sizes = [run.value for run in runs]
    for name in _GROWING:
        values = [getattr(run, name) for run in runs]
        if len(values) > 1 and None not in values:
            yield name, fitted_exponent(sizes, values)


def _largest(line: _Line, runs: Sequence[ScaledRun], capacity: int) -> int | None:
    """Largest value that fits: between the last one that does and the first one that does not, or beyond all.

    Memory never falls along an axis. Between two values it is taken for a power of the value above what they have in
    common, so that few values are tried.
    """
    known = {run.value: run.peak_memory for run in runs}
    for _ in range(_TRIES):
        fitting = [value for value, memory in known.items() if memory <= capacity]
        above = [value for value, memory in known.items() if memory > capacity]
        if above and fitting and line.axis.nearest(max(fitting) + line.axis.step) >= min(above):
            return max(fitting)
        guess = _guess(line.axis, known, capacity)
        if guess is None or guess in known or guess > _LARGEST:
            return max(fitting) if above and fitting else None
        try:
            known[guess] = line.memory(guess)
        except GraphError:  # a size that the pipeline cannot have
            return max(fitting) if above and fitting else None
    return max((value for value, memory in known.items() if memory <= capacity), default=None)


def _guess(axis: Axis, known: Mapping[int, int], capacity: int) -> int | None:
    """Value at which memory should reach the capacity, strictly between those that are known around it."""
    low = max((value for value, memory in known.items() if memory <= capacity), default=None)
    high = min((value for value, memory in known.items() if memory > capacity), default=None)
    if low is None:
        smallest = axis.nearest(axis.step)
        return smallest if smallest < min(known) else None
    ends = (low, high) if high is not None else tuple(sorted(known)[-2:])
    if len(ends) < 2 or known[ends[0]] == known[ends[1]]:
        return 2 * low if len(ends) < 2 else None
    share = (capacity - known[ends[0]]) / (known[ends[1]] - known[ends[0]])
    value = axis.nearest(ends[0] + share * (ends[1] - ends[0]) - 0.5 * axis.step)
    if high is None:
        return max(value, axis.nearest(low + axis.step))
    return min(max(value, axis.nearest(low + axis.step)), axis.nearest(high - axis.step))
