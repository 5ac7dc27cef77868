"""Measured operators carried over to another accelerator: the measured time times the ratio of two predictions.

What the model gets wrong on both accelerators alike (a formula, a missed kernel, a shape that suits no tile) cancels
in the ratio. What is peculiar to the source (which kernel a library chose there) does not: the ratio carries it over.
So there are three numbers for every operator: the direct prediction, the projection by the ratio, and a combined one,
which carries over only what exceeds the usual scatter of the model, and which is the one to use; between parts of one
architecture, whose residuals are alike, it is that by the ratio, and from a processor to a GPU the direct one. What has
no prediction is listed: it stays as measured where the accelerator does not decide it (copies over the link to the
host), else it moves by something between the ratios of the rooflines (:mod:`simulator.projection.rooflines`), and the
interval of the whole holds both ends.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hw_specs import Accelerator, CalibrationPool, number_format
from hw_specs.hypothetical.distance import distance
from simulator.cost.model import Fidelity
from simulator.execution import Execution
from simulator.uncertainty.components import accelerator_correlation, ratio_variance
from simulator.uncertainty.intervals import Interval
from simulator.uncertainty.projections import projection_interval
from simulator.uncertainty.ratios import RatioInterval, known_part, ratio_interval
from tracer.events.attribution import ApartKernels
from tracer.graph import Op

from .carried import CarriedOperators, ProjectedOperator, scatter_between
from .operator_times import OperatorTimes, operator_times
from .parts import PREDICTED, ProjectedPart, SizedTime, Unscaled, parts_of, sized_part, unscaled_by_reason
from .rooflines import RatioRange, unknown_ratio

__all__ = ["MeasuredCalls", "Projection", "project_operators"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """Result of :func:`project`. Times in seconds.

    Attributes
    ----------
    source, target : str
        Accelerators.
    fidelity : str
    measured_time : float
        Device time on the source.
    projected_time, combined_time : float
        Device time on the target by ratios, and by the combined projection; of what is unknown the middle of its range.
    direct_time, direct_on_source_time : float
        Predictions of what can be predicted, on the target and on the source.
    direct_interval, projected_interval, combined_interval : Interval or None
        80 % intervals of `direct_time`, `projected_time` and `combined_time`; None where the fidelity is a bound. Those
        that use the ratio are those of sums of calls measured on two accelerators
        (:mod:`simulator.uncertainty.projections`), with the ends of what is unknown added to theirs; time that stays as
        measured is sure.
    direct_share : float
        Share of measured time that those predictions are about.
    speedup, direct_speedup : float
        Measured over combined, and source over target of the direct predictions.
    answer : str
        Which of the three is the one to use: ``combined``.
    parts : tuple of ProjectedPart
        What `combined_time` is made of: predicted by ratio, by ratio with a size from the measured time, kept as
        measured, unknown.
    idle_time : float or None
        Time that the device has nothing to run.
    idle_predicted : bool
        Whether that is predicted for the host of the target, since the source was its own host; else it is as measured.
    elapsed_time : float or None
        From the first kernel to the end of the last on the target, by the combined times; kernels overlap as they did.
    unscaled : tuple of Unscaled
        What is kept or unknown, by reason.
    operators : tuple of ProjectedOperator
        From the one that takes most time on the target.
    """

    source: str
    target: str
    fidelity: str
    measured_time: float
    projected_time: float
    combined_time: float
    direct_time: float
    direct_on_source_time: float
    direct_share: float
    speedup: float
    direct_speedup: float
    direct_interval: Interval | None
    projected_interval: Interval | None
    combined_interval: Interval | None
    answer: str
    parts: tuple[ProjectedPart, ...]
    idle_time: float | None
    idle_predicted: bool
    elapsed_time: float | None
    unscaled: tuple[Unscaled, ...]
    operators: tuple[ProjectedOperator, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain form for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MeasuredCalls:
    """Operator calls of a run with the device time that each answers for.

    Attributes
    ----------
    operators : sequence of Op
        Distinct operators.
    calls : ndarray of int, shape (num_calls,)
        Operator of each call that answers for device time.
    device_time : ndarray, shape (num_calls,)
        Measured device time of each call with all its repeats. [s]
    repeats : ndarray of int, shape (num_calls,), optional
        Calls that each entry stands for; one by default.
    apart : sequence of ApartKernels
        Device events that belong to no operator.
    idle_time, busy_time : float, optional
        Of the measured device; without them there is no elapsed time. [s]
    idle_on_target : float, optional
        Idle time that the host of the target is predicted to leave, where the measured one says nothing of it. [s]
    num_devices : int
        Devices that took part.
    sized_by_time : sequence of str, shape (num_operators,), optional
        Kernel whose measured time an operator has its size from; empty where its size rests on more.
    """

    operators: Sequence[Op]
    calls: NDArray[np.int64]
    device_time: FloatArray
    repeats: NDArray[np.int64] | None = None
    apart: Sequence[ApartKernels] = ()
    idle_time: float | None = None
    busy_time: float | None = None
    idle_on_target: float | None = None
    num_devices: int = 1
    sized_by_time: Sequence[str] = ()

    def time_by_operator(self) -> FloatArray:
        """Measured device time of each distinct operator, shape (num_operators,). [s]"""
        return self._summed(self.device_time)

    def calls_by_operator(self) -> FloatArray:
        """Calls of each distinct operator, shape (num_operators,). [1]"""
        return self._summed(np.ones(len(self.calls)) if self.repeats is None else self.repeats)

    def carried(self, source: OperatorTimes, target: OperatorTimes, scatter: float) -> CarriedOperators:
        """These beside their predictions on two accelerators."""
        times, calls = self.time_by_operator(), self.calls_by_operator()
        fitted = np.array([bool(kernel) for kernel in self.sized_by_time], dtype=np.bool_)
        fitted = fitted if len(fitted) else np.zeros(len(self.operators), dtype=np.bool_)
        return CarriedOperators(self.operators, times, calls, source, target, scatter, fitted)

    def _summed(self, weights: NDArray[Any]) -> FloatArray:
        return np.bincount(self.calls, weights=weights, minlength=len(self.operators)).astype(np.float64)


def project_operators(
    run: MeasuredCalls,
    *,
    to: Accelerator,
    from_: Accelerator,
    execution: Execution | None = None,
    calibrations: CalibrationPool,
    fidelity: Fidelity = "calibrated",
) -> Projection:
    """Project measured device time from one accelerator, `from_`, to another."""
    source, target = (
        operator_times(run.operators, part, execution, fidelity=fidelity, calibrations=calibrations)
        for part in (from_, to)
    )
    carried = run.carried(source, target, scatter_between(from_, to))
    total = float(carried.measured.sum()) + sum(each.time for each in run.apart)
    ratio_of = functools.partial(unknown_ratio, from_, to, formats=_formats(run.operators), links=run.num_devices > 1)
    unscaled = unscaled_by_reason([*run.apart, *carried.unpredicted()], total, ratio_of)
    rows = carried.rows(ratio_of)
    predicted = [row for row in rows if row.direct is not None and not row.sized_by_time]
    sized = sized_part(_sized(run, carried, ratio_of), total)
    on_target = target.interval(np.where(carried.scaled, carried.calls, 0.0))
    direct, direct_on_source = (carried.predicted_time(times) for times in (target, source))
    interval = _ratio_of_runs(carried, from_, to, calibrations)
    if from_.kind != to.kind:
        interval = _of_prediction(on_target, direct)
    by_ratio = _part(carried, sum(row.projected for row in predicted), interval, total)
    combined = _part(carried, sum(row.combined for row in predicted), interval, total)
    parts = parts_of(combined, sized, unscaled, total)
    combined_time = combined.projected + _rest(parts)
    idle, elapsed = _idle_and_elapsed(run, combined_time, total)
    return Projection(
        source=from_.name,
        target=to.name,
        fidelity=fidelity,
        measured_time=total,
        projected_time=by_ratio.projected + _rest(parts),
        combined_time=combined_time,
        direct_time=direct,
        direct_on_source_time=direct_on_source,
        direct_share=carried.scaled_time / total if total else 0.0,
        speedup=total / combined_time if combined_time else 1.0,
        direct_speedup=direct_on_source / direct if direct else 1.0,
        direct_interval=on_target,
        projected_interval=_summed_interval(parts_of(by_ratio, sized, unscaled, total), interval),
        combined_interval=_summed_interval(parts, interval),
        answer="combined",
        parts=parts,
        idle_time=idle,
        idle_predicted=run.idle_on_target is not None,
        elapsed_time=elapsed,
        unscaled=unscaled,
        operators=tuple(rows),
    )


def _sized(
    run: MeasuredCalls, carried: CarriedOperators, ratio_of: Callable[[str, float], RatioRange]
) -> list[SizedTime]:
    """Operators that have their size from their measured time."""
    rows = np.flatnonzero(carried.sized & (carried.calls > 0)).tolist()
    times, calls = carried.measured, carried.calls
    return [
        SizedTime(
            time=float(times[row]),
            projected=float(times[row] * carried.target.time[row] / carried.source.time[row]),
            range=ratio_of(run.sized_by_time[row], float(times[row] / calls[row])),
        )
        for row in rows
    ]


def _formats(operators: Sequence[Op]) -> frozenset[str]:
    """Number formats that the operators compute in, those of matrix units in place of fp32 among them."""
    dtypes = {t.dtype for op in operators for t in op.inputs if "float" in t.dtype}
    found = {number_format(dtype) for dtype in dtypes}
    return frozenset(found | ({"tf32"} if "fp32" in found else set()))


def _of_prediction(interval: Interval | None, time: float) -> RatioInterval | None:
    """Interval of a prediction, around 1: what a projection rests on where nothing is carried over."""
    if interval is None or not time:
        return None
    return RatioInterval(
        ratio=1.0,
        low=interval.low / time,
        high=interval.high / time,
        level=interval.level,
        coverage=interval.coverage,
        count=interval.count,
    )


def _ratio_of_runs(
    carried: CarriedOperators, source: Accelerator, target: Accelerator, calibrations: CalibrationPool
) -> RatioInterval | None:
    """Interval of the ratio of what is predicted, around 1; None where times are a bound."""
    calls = np.where(carried.scaled, carried.calls, 0.0)
    errors = [times.errors(calls) for times in (carried.source, carried.target)]
    if errors[0] is None or errors[1] is None:
        return None
    parts = [known_part(part, calibrations) for part in (source, target)]
    one_part = parts[0] == parts[1]
    correlation = 1.0 if one_part else accelerator_correlation(calibrations)
    variance = ratio_variance(errors[0], errors[1], accelerators_alike=correlation)
    if one_part:
        return ratio_interval(1.0, variance, (), distance=distance(source, target))
    apart = math.hypot(distance(source, parts[0]), distance(target, parts[1]))
    return projection_interval(variance, alike=scatter_between(source, target) == 0, distance=apart)


def _part(carried: CarriedOperators, time: float, interval: RatioInterval | None, total: float) -> ProjectedPart:
    """What is predicted by ratio."""
    measured = carried.scaled_time
    low, high = (1.0, 1.0) if interval is None else (interval.low, interval.high)
    share = measured / total if total else 0.0
    return ProjectedPart(
        name=PREDICTED, measured=measured, share=share, projected=time, low=time * low, high=time * high
    )


def _rest(parts: Sequence[ProjectedPart]) -> float:
    """Time on the target of what is not predicted by ratio. [s]"""
    return sum(part.projected for part in parts if part.name != PREDICTED)


def _summed_interval(parts: Sequence[ProjectedPart], interval: RatioInterval | None) -> Interval | None:
    """Ends of all parts added up."""
    if interval is None:
        return None
    return Interval(
        low=sum(part.low for part in parts),
        high=sum(part.high for part in parts),
        level=interval.level,
        coverage=interval.coverage,
        count=interval.count,
        counted_on="sums of operator calls measured on two accelerators",
    )


def _idle_and_elapsed(run: MeasuredCalls, device_time: float, measured: float) -> tuple[float | None, float | None]:
    """Idle and elapsed time on the target; busy time is at the ratio of device times. None where not known. [s]"""
    if run.idle_on_target is not None:
        return run.idle_on_target, run.idle_on_target + device_time
    if run.idle_time is None or run.busy_time is None:
        return run.idle_time, None
    return run.idle_time, run.idle_time + run.busy_time * (device_time / measured if measured else 1.0)
