"""Measured operators carried over to another accelerator: the measured time times the ratio of two predictions.

What the model gets wrong on both accelerators alike (a formula, a missed kernel, a shape that suits no tile) cancels
in the ratio. What is peculiar to the source (which kernel a library chose there) does not: the ratio carries it over.
So there are three numbers for every operator: the direct prediction, the projection by the ratio, and a combined one,
which carries over only what exceeds the usual scatter of the model. Operators without a prediction keep their measured
time and are listed; so do the gaps in which the device had nothing to run.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hw_specs import Accelerator, CalibrationPool
from simulator.cost.model import Fidelity
from simulator.execution import Execution
from simulator.uncertainty.intervals import Interval
from tracer.graph import Op

from .operator_times import OperatorTimes, operator_times

__all__ = [
    "SCATTER",
    "MeasuredCalls",
    "ProjectedOperator",
    "Projection",
    "Unscaled",
    "carried_over",
    "project_operators",
]

FloatArray = NDArray[np.float64]

#: Residual on the source that is taken for scatter, as a logarithm: about 20 %. Where the same call was measured on two
#: devices (37,796 pairs of aiconfigurator and NeuSight; validation.errors.projections) this threshold gives mean errors
#: by operator of 6-13 %, against 6-15 % directly and 10-17 % by the ratio. It gains where residuals are large and alike
#: (convolution: 12.6 % against 14.8 %) and loses 1.2 points at most (batched products).
SCATTER = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectedOperator:
    """All calls of one distinct operator.

    Attributes
    ----------
    operator : str
    shapes : tuple of tuple of int
        Of the input tensors.
    dtype : str
        Of the first input.
    calls : int
    measured : float
        Device time on the source. [s]
    ratio : float
        Prediction on the target over prediction on the source; 1 where there is none.
    projected : float
        ``measured * ratio``. [s]
    combined : float
        ``direct`` times :func:`carried_over` of the residual on the source; `measured` where there is no
        prediction. [s]
    direct_on_source, direct : float or None
        Predictions on the source and on the target, None where there is none. [s]
    """

    operator: str
    shapes: tuple[tuple[int, ...], ...]
    dtype: str
    calls: int
    measured: float
    ratio: float
    projected: float
    combined: float
    direct_on_source: float | None
    direct: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unscaled:
    """Device time that stays as measured, for one reason.

    Attributes
    ----------
    reason : str
    time : float
        [s]
    share : float
        Of all measured device time.
    """

    reason: str
    time: float
    share: float


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
    projected_time : float
        Device time on the target by ratios, with what is unscaled as measured.
    combined_time : float
        Device time on the target by the combined projection, with what is unscaled as measured.
    direct_time, direct_on_source_time : float
        Predictions of what can be predicted, on the target and on the source.
    direct_interval, projected_interval, combined_interval : Interval or None
        80 % intervals of `direct_time`, `projected_time` and `combined_time`; None where the fidelity is a bound. Those
        that use the ratio take the deviations of both predictions as independent, as if nothing cancelled, and time
        that stays as measured as sure.
    direct_share : float
        Share of measured time that those predictions are about.
    speedup, direct_speedup : float
        Measured over projected, and source over target of the direct predictions.
    idle_time : float or None
        Time that the device had nothing to run, kept as measured.
    elapsed_time : float or None
        From the first kernel to the end of the last on the target, by ratios; kernels overlap as they did.
    unscaled : tuple of Unscaled
    operators : tuple of ProjectedOperator
        From the one that takes most projected time.
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
    idle_time: float | None
    elapsed_time: float | None
    unscaled: tuple[Unscaled, ...]
    operators: tuple[ProjectedOperator, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain form for JSON."""
        return asdict(self)


def carried_over(residual: NDArray[np.float64] | float) -> FloatArray:
    """Part of a residual (measured over predicted) that is expected on another accelerator too.

    Soft thresholding: 1 within the scatter, and the residual shrunk by the scatter beyond it.
    """
    logarithm = np.log(np.maximum(residual, np.finfo(np.float64).tiny))
    part: FloatArray = np.exp(np.sign(logarithm) * np.maximum(np.abs(logarithm) - SCATTER, 0.0))
    return part


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
    unattributed : mapping of str to float
        Reason -> device time that belongs to no operator. [s]
    idle_time, busy_time : float, optional
        Of the measured device; without them there is no elapsed time. [s]
    """

    operators: Sequence[Op]
    calls: NDArray[np.int64]
    device_time: FloatArray
    repeats: NDArray[np.int64] | None = None
    unattributed: Mapping[str, float] = field(default_factory=dict)
    idle_time: float | None = None
    busy_time: float | None = None

    def time_by_operator(self) -> FloatArray:
        """Measured device time of each distinct operator, shape (num_operators,). [s]"""
        return self._summed(self.device_time)

    def calls_by_operator(self) -> FloatArray:
        """Calls of each distinct operator, shape (num_operators,). [1]"""
        return self._summed(np.ones(len(self.calls)) if self.repeats is None else self.repeats)

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
    """Project measured device time from one accelerator to another.

    Parameters
    ----------
    run : MeasuredCalls
    to, from_ : Accelerator
        Target, and the accelerator that was measured.
    execution : Execution, optional
    calibrations : CalibrationPool
    fidelity : {"calibrated", "roofline"}
    """
    source, target = (
        operator_times(run.operators, part, execution, fidelity=fidelity, calibrations=calibrations)
        for part in (from_, to)
    )
    carried = _Carried(run.operators, run.time_by_operator(), run.calls_by_operator(), source, target)
    rows = carried.rows()
    apart = sum(run.unattributed.values())
    total = float(carried.measured.sum()) + apart
    projected = sum(row.projected for row in rows) + apart
    combined = sum(row.combined for row in rows) + apart
    as_measured = total - carried.scaled_time
    on_target, on_source = (times.interval(np.where(carried.scaled, carried.calls, 0.0)) for times in (target, source))
    direct, direct_on_source = (carried.predicted_time(times) for times in (target, source))
    return Projection(
        source=from_.name,
        target=to.name,
        fidelity=fidelity,
        measured_time=total,
        projected_time=projected,
        combined_time=combined,
        direct_time=direct,
        direct_on_source_time=direct_on_source,
        direct_share=carried.scaled_time / total if total else 0.0,
        speedup=total / projected if projected else 1.0,
        direct_speedup=direct_on_source / direct if direct else 1.0,
        direct_interval=on_target,
        projected_interval=_ratio_interval(projected, as_measured, on_target, on_source),
        combined_interval=_ratio_interval(combined, as_measured, on_target, on_source),
        idle_time=run.idle_time,
        elapsed_time=_elapsed_time(run, projected / total if total else 1.0),
        unscaled=carried.unscaled(run.unattributed, total),
        operators=tuple(rows),
    )


def _elapsed_time(run: MeasuredCalls, ratio: float) -> float | None:
    """Idle time as it was, and busy time at the ratio of device times; None where neither is known. [s]"""
    if run.idle_time is None or run.busy_time is None:
        return None
    return run.idle_time + run.busy_time * ratio


@dataclass(frozen=True, slots=True, eq=False)
class _Carried:
    """Measured times and calls by operator, beside their predictions on both accelerators."""

    operators: Sequence[Op]
    measured: FloatArray
    calls: FloatArray
    source: OperatorTimes
    target: OperatorTimes

    @property
    def scaled(self) -> NDArray[np.bool_]:
        """Operators with a time on both accelerators."""
        known = np.isfinite(self.source.time) & np.isfinite(self.target.time)
        both: NDArray[np.bool_] = known & (np.nan_to_num(self.source.time) > 0) & (np.nan_to_num(self.target.time) > 0)
        return both

    @property
    def scaled_time(self) -> float:
        """Measured time of what has a prediction on both. [s]"""
        return float(self.measured[self.scaled].sum())

    def predicted_time(self, times: OperatorTimes) -> float:
        """Predicted time of what has a prediction on both. [s]"""
        return float((times.time * self.calls)[self.scaled].sum())

    def rows(self) -> list[ProjectedOperator]:
        """Operators that ran, from the one that takes most projected time."""
        scaled = self.scaled
        rows = [self._row(i, scaled=bool(scaled[i])) for i in np.flatnonzero(self.calls).tolist()]
        return sorted(rows, key=lambda row: -row.projected)

    def _row(self, index: int, *, scaled: bool) -> ProjectedOperator:
        op, calls, measured = self.operators[index], int(self.calls[index]), float(self.measured[index])
        source, target = float(self.source.time[index]), float(self.target.time[index])
        ratio = target / source if scaled else 1.0
        return ProjectedOperator(
            operator=op.name,
            shapes=tuple(t.shape for t in op.inputs),
            dtype=op.inputs[0].dtype if op.inputs else "",
            calls=calls,
            measured=measured,
            ratio=ratio,
            projected=measured * ratio,
            combined=target * calls * float(carried_over(measured / (source * calls))) if scaled else measured,
            direct_on_source=source * calls if scaled else None,
            direct=target * calls if scaled else None,
        )

    def unscaled(self, apart: Mapping[str, float], total: float) -> tuple[Unscaled, ...]:
        """What stays as measured: what belongs to no operator, and operators without a prediction on both."""
        times: defaultdict[str, float] = defaultdict(float, apart)
        for index in np.flatnonzero(~self.scaled & (self.calls > 0)).tolist():
            reason = self.source.reasons[index] or self.target.reasons[index] or "no kernel predicted"
            times[f"{self.operators[index].name}: {reason}"] += float(self.measured[index])
        ordered = sorted(times.items(), key=lambda item: -item[1])
        return tuple(Unscaled(reason=r, time=t, share=t / total if total else 0.0) for r, t in ordered)


def _ratio_interval(
    time: float, as_measured: float, target: Interval | None, source: Interval | None
) -> Interval | None:
    """Interval of a time that rests on two predictions, of which `as_measured` rests on none."""
    if target is None or source is None:
        return None
    widths = [0.5 * math.log(i.high / i.low) if i.low > 0 else 0.0 for i in (target, source)]
    spread, scaled = math.exp(math.hypot(*widths)), time - as_measured
    return replace(target, low=as_measured + scaled / spread, high=as_measured + scaled * spread)
