"""A measured trace beside its prediction, as figures: the whole, its parts, its operators, and what is not compared."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from simulator.projection.named import BY_OPERATOR
from simulator.uncertainty.intervals import Interval
from tracer.events.device_idle import IdleOfDevice
from validation.ranks.collectives import CollectiveTime

__all__ = ["ComparedOperator", "ComparedPart", "Remainder", "TraceComparison"]

_NUM_WORST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedOperator:
    """All calls of one distinct operator.

    Attributes
    ----------
    operator : str
    category : str
        One of :data:`simulator.lowering.CATEGORIES`.
    shapes : tuple of tuple of int
        Of the input tensors.
    dtype : str
        Of the first input.
    kernel : str
        Kernel that took most of the measured time.
    calls : int
    kernels, predicted_kernels : int
        Device events of one call.
    measured, predicted : float
        Device time of all calls. [s]
    low, high : float
        80 % range of `predicted`; NaN where the fidelity is a bound. [s]
    sizes : str
        What its sizes rest on: ``operator``, its record, or ``name``, names and grids of kernels.
    """

    operator: str
    category: str
    shapes: tuple[tuple[int, ...], ...]
    dtype: str
    kernel: str
    calls: int
    kernels: int
    predicted_kernels: int
    measured: float
    predicted: float
    low: float = math.nan
    high: float = math.nan
    sizes: str = BY_OPERATOR

    @property
    def error(self) -> float | None:
        """Relative error, positive where the prediction is too long; None where nothing was measured to last."""
        return self.predicted / self.measured - 1 if self.measured > 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedPart:
    """Part of the device time.

    Attributes
    ----------
    calls : int
    measured : float
        All of it. [s]
    covered : float
        What has a prediction. [s]
    predicted : float
        Prediction of `covered`. [s]
    error : float
        ``predicted / covered - 1``, 0 where nothing is covered.
    time_weighted_error : float
        Sum of absolute differences of operators over `covered`.
    coverage, share : float
        ``covered / measured``, and the part's share of all measured time.
    """

    calls: int
    measured: float
    covered: float
    predicted: float
    error: float
    time_weighted_error: float
    coverage: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Remainder:
    """What is not compared, for one reason.

    Attributes
    ----------
    reason : str
    events : int
    time : float
        Device time, as far as it is known. [s]
    share : float
        Of all measured time; of what the reader left out, of that and the measured time together.
    """

    reason: str
    events: int
    time: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceComparison:
    """Result of :func:`validation.errors.traces.compare`. Times in seconds.

    Attributes
    ----------
    trace, device, accelerator, fidelity : str
    measured_time : float
        Device time of everything that the trace launched.
    covered_time, predicted_time, coverage : float
        Of what has a prediction; `coverage` is its share of the measured time.
    named_share : float
        Part of `coverage` that rests on names and grids of kernels.
    fitted_share : float
        Share of the measured time of kernels whose size rests on that time, and which count as not predicted here.
    interval : Interval or None
        80 % interval of `predicted_time`; None where the fidelity is a bound.
    within_range : float or None
        Share of distinct operators whose measured time is in the 80 % range of its prediction.
    total_error : float
        ``predicted_time / covered_time - 1``.
    time_weighted_error : float
        Sum of absolute differences of distinct operators over `covered_time`.
    mape : float
        Mean absolute relative error of distinct operators.
    within_10_percent : float
        Share of covered time whose operators are predicted within 10 %.
    basis : mapping
        Share of the predicted time by what it rests on: ``datasheet``, ``calibrated``, ``inherited``.
    by_category, by_operator : mapping
    operators : tuple of ComparedOperator
        All that are compared, largest difference first.
    remainders : tuple of Remainder
        What is not compared: device time without an operator or a formula, and events that the reader left out.
    elapsed_time, busy_time, idle_time, host_bound_time : float or None
        On the wall; busy where any device runs something. None where the source has no timeline.
    devices : tuple of IdleOfDevice
        Busy and idle time of each device; empty without a timeline.
    remarks : tuple of str
        What a reader of the figures should look at first.
    collectives : tuple of CollectiveTime
        Messages between ranks: measured, predicted, and what of them is waiting.
    """

    trace: str
    device: str
    accelerator: str
    fidelity: str
    measured_time: float
    covered_time: float
    predicted_time: float
    coverage: float
    named_share: float
    fitted_share: float
    interval: Interval | None
    within_range: float | None
    total_error: float
    time_weighted_error: float
    mape: float
    within_10_percent: float
    basis: Mapping[str, float]
    by_category: Mapping[str, ComparedPart]
    by_operator: Mapping[str, ComparedPart]
    operators: tuple[ComparedOperator, ...]
    remainders: tuple[Remainder, ...]
    elapsed_time: float | None
    busy_time: float | None
    idle_time: float | None
    host_bound_time: float | None
    devices: tuple[IdleOfDevice, ...] = ()
    remarks: tuple[str, ...] = ()
    collectives: tuple[CollectiveTime, ...] = ()

    @property
    def worst(self) -> tuple[ComparedOperator, ...]:
        """The ten operators that add most to the error."""
        return self.operators[:_NUM_WORST]

    def to_dict(self) -> dict[str, Any]:
        """Plain form for JSON."""
        plain = asdict(self)
        plain["operators"] = [{**_without_nan(asdict(row)), "error": row.error} for row in self.operators]
        plain["worst"] = plain["operators"][:_NUM_WORST]
        return plain


def _without_nan(plain: dict[str, Any]) -> dict[str, Any]:
    return {key: None if isinstance(value, float) and math.isnan(value) else value for key, value in plain.items()}
