"""How well a probed machine predicts itself: a trace taken on it against its own specification and calibration."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hw_specs import Accelerator, CalibrationPool, FittedCalibration
from simulator.cost import hardware_columns, kernel_times, run_totals, within_power
from simulator.execution import Execution
from simulator.kernels import Kernel, KernelTables
from simulator.lowering import assign_units, execution_on, kernels_of
from simulator.projection.operator_times import can_predict
from simulator.uncertainty.deviation import summed_deviation
from simulator.uncertainty.intervals import Interval, interval_of
from tracer.events.attribution import attribute
from tracer.trace import Trace

__all__ = ["PartCheck", "ProbeCheck", "check_probe"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartCheck:
    """Operators of one name. Times in seconds.

    Attributes
    ----------
    calls : int
    measured, predicted : float
        Of all calls.
    """

    calls: int
    measured: float
    predicted: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeCheck:
    """Result of :func:`check_probe`. Times in seconds.

    Attributes
    ----------
    measured : float
        Device time of everything; on a CPU, time within operators.
    covered, predicted : float
        What has a prediction, and the prediction.
    interval : Interval
        80 % interval of `predicted`. A probe keeps no residuals: it is as wide as for a part that nobody measured.
    error : float
        ``predicted / covered - 1``.
    time_weighted_error : float
        Sum of absolute differences of distinct operators over `covered`.
    elapsed, predicted_elapsed : float
        Of the runs that were made, measured without the profiler; the prediction adds what the host spends on views
        and modules. NaN where the trace does not tell.
    by_operator : mapping
        Name to :class:`PartCheck`, longest first.
    """

    measured: float
    covered: float
    predicted: float
    interval: Interval
    error: float
    time_weighted_error: float
    elapsed: float
    predicted_elapsed: float
    by_operator: Mapping[str, PartCheck]


def check_probe(trace: Trace, accelerator: Accelerator, own: FittedCalibration) -> ProbeCheck:
    """Compare a trace with what a specification and its own calibration predict.

    Parameters
    ----------
    trace : Trace
        Taken on the machine that was probed.
    accelerator : Accelerator
    own : FittedCalibration
        Of that machine.
    """
    execution = execution_on(accelerator)
    attribution = attribute(trace, lambda op: can_predict(op, execution))
    lowered = _lowered(trace, attribution.operators[attribution.modelled], execution)
    table = assign_units(KernelTables.from_kernels([kernel for _, kernel in lowered]), accelerator)
    # The probe's fit started from the same observations.
    known_before = CalibrationPool.shipped().only("observations")
    hardware = hardware_columns([accelerator], known_before.with_own(own))
    costs = kernel_times(table, hardware.at_boost())
    single = within_power(costs, hardware.in_run(run_totals(costs, np.ones(len(table))))).time[:, 0]
    times = _times(lowered, single)
    groups: dict[int, list[float]] = defaultdict(lambda: [0, 0.0])
    rows = zip(
        attribution.operators.tolist(), attribution.repeats.tolist(), attribution.total_time.tolist(), strict=True
    )
    for operator, calls, seconds in rows:
        groups[operator][0] += calls
        groups[operator][1] += seconds
    known = {op: (calls, time, times[op] * calls) for op, (calls, time) in groups.items() if op in times}
    covered, predicted = (sum(entry[i] for entry in known.values()) for i in (1, 2))
    difference = sum(abs(time - guess) for _, time, guess in known.values())
    calls = np.array([known[operator][0] if operator in known else 0.0 for operator, _ in lowered])
    everything = CalibrationPool.shipped().with_own(own)
    deviation = summed_deviation(table.with_count(calls), single, accelerator, everything)
    elapsed = _elapsed(trace)
    host = {name.partition(".")[2]: value for name, value in own.calibration.of_group("host").items()}
    return ProbeCheck(
        measured=trace.device_time,
        covered=covered,
        predicted=predicted,
        interval=interval_of(predicted, deviation),
        error=predicted / covered - 1 if covered else 0.0,
        time_weighted_error=difference / covered if covered else 0.0,
        elapsed=elapsed,
        predicted_elapsed=predicted + _host_time(trace, len(attribution.calls), host),
        by_operator=_by_name(trace, known),
    )


def _lowered(trace: Trace, operators: np.ndarray, execution: Execution) -> list[tuple[int, Kernel]]:
    """Kernels of each distinct operator, one after another, with the operator."""
    return [
        (operator, kernel)
        for operator in np.unique(operators).tolist()
        for kernel in kernels_of(trace.operators[operator], execution)
    ]


def _times(lowered: Sequence[tuple[int, Kernel]], single: np.ndarray) -> dict[int, float]:
    """Time of one call of each distinct operator. [s]"""
    times = {operator: 0.0 for operator, _ in lowered}
    for (operator, _), seconds in zip(lowered, single.tolist(), strict=True):
        times[operator] += seconds
    return times


def _host_time(trace: Trace, answering: int, host: Mapping[str, float]) -> float:
    """Views, and modules entered, at what the host spends on each; operators' own dispatch is in their times. [s]"""
    calls = trace.calls
    outermost = calls.parent < 0
    views = max(int(outermost.sum()) - answering, 0)
    entered = int((np.diff(calls.module[outermost], prepend=-1) != 0).sum())
    return views * host.get("view", 0.0) + entered * host.get("module", 0.0)


def _elapsed(trace: Trace) -> float:
    """Elapsed time of all runs, without the profiler. [s]"""
    settings = dict(trace.facts.settings)
    total = 0.0
    for stage in trace.stages:
        each, runs = settings.get(f"elapsed.{stage}"), settings.get(f"runs.{stage}")
        if not isinstance(each, float) or not isinstance(runs, int):
            return float("nan")
        total += each * runs
    return total


def _by_name(trace: Trace, known: Mapping[int, tuple[float, float, float]]) -> dict[str, PartCheck]:
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for operator, values in known.items():
        for position, value in enumerate(values):
            sums[trace.operators[operator].name][position] += value
    longest = sorted(sums.items(), key=lambda entry: -entry[1][1])
    return {name: PartCheck(calls=int(c), measured=m, predicted=p) for name, (c, m, p) in longest}
