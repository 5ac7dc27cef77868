"""Measured operators beside their predictions on two accelerators, and what of a residual is carried over."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw_specs import Accelerator, lineage_distance
from tracer.events.attribution import ApartKernels
from tracer.graph import Op

from .operator_times import OperatorTimes
from .rooflines import RatioRange

__all__ = ["SCATTER", "CarriedOperators", "ProjectedOperator", "carried_over", "scatter_between"]

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
        Prediction on the target over prediction on the source; the middle of what is possible where there is none.
    projected : float
        ``measured * ratio``. [s]
    combined : float
        ``direct`` times :func:`carried_over` of the residual on the source; `projected` where there is no
        prediction. [s]
    direct_on_source, direct : float or None
        Predictions on the source and on the target, None where there is none. [s]
    sized_by_time : bool
        Whether its size is from its measured time, so that only the ratio of the two predictions says anything.
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
    sized_by_time: bool = False


def carried_over(residual: NDArray[np.float64] | float, scatter: float = SCATTER) -> FloatArray:
    """Part of a residual (measured over predicted) that is expected on another accelerator too.

    Soft thresholding: 1 within the scatter, and the residual shrunk by the scatter beyond it.
    """
    logarithm = np.log(np.maximum(residual, np.finfo(np.float64).tiny))
    part: FloatArray = np.exp(np.sign(logarithm) * np.maximum(np.abs(logarithm) - scatter, 0.0))
    return part


def scatter_between(source: Accelerator, target: Accelerator) -> float:
    """Residual on the source that says nothing of the target: none where both have the same cores, any of another kind.

    Between parts of one architecture residuals are alike, those of a single call too: the ratio of the two predictions
    is off by 4.4 % on average from an H100 to an H200 (1,929 calls, correlation of residuals 0.9), a combined
    projection with the scatter of different architectures by 7.1 %, the direct prediction by 8.8 %.
    """
    if source.kind != target.kind:
        # Nothing that a processor's libraries do well or badly is known to hold of a GPU's.
        return math.inf
    alike = lineage_distance(source.traits, target.architecture) == 0
    return 0.0 if alike else SCATTER


@dataclass(frozen=True, slots=True, eq=False)
class CarriedOperators:
    """Measured times and calls by operator, beside their predictions on both accelerators.

    Attributes
    ----------
    operators : sequence of Op
    measured, calls : ndarray, shape (num_operators,)
        Device time on the source [s], and calls.
    source, target : OperatorTimes
    scatter : float
        Residual on the source that is not carried over, as a logarithm.
    fitted : ndarray of bool, shape (num_operators,)
        Whether an operator has its size from its measured time.
    """

    operators: Sequence[Op]
    measured: FloatArray
    calls: FloatArray
    source: OperatorTimes
    target: OperatorTimes
    scatter: float
    fitted: NDArray[np.bool_]

    @property
    def scaled(self) -> NDArray[np.bool_]:
        """Operators of known sizes with a time on both accelerators."""
        scaled: NDArray[np.bool_] = self._both & ~self.fitted
        return scaled

    @property
    def sized(self) -> NDArray[np.bool_]:
        """Operators with a time on both accelerators and a size from the one measured."""
        sized: NDArray[np.bool_] = self._both & self.fitted
        return sized

    @property
    def _both(self) -> NDArray[np.bool_]:
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

    def rows(self, ratio_of: Callable[[str, float], RatioRange]) -> list[ProjectedOperator]:
        """Operators that ran, from the one that takes most time on the target.

        Parameters
        ----------
        ratio_of : callable
            Range of the ratio of an unknown kernel, given its name and its mean time. [s]
        """
        rows = [self._row(i, ratio_of) for i in np.flatnonzero(self.calls).tolist()]
        return sorted(rows, key=lambda row: -row.combined)

    def unpredicted(self) -> Iterator[ApartKernels]:
        """Operators without a prediction on both, as kernels of which nothing is known."""
        for index in np.flatnonzero(~self._both & (self.calls > 0)).tolist():
            reason = self.source.reasons[index] or self.target.reasons[index] or "no kernel predicted"
            yield ApartKernels(
                reason=f"{self.operators[index].name}: {reason}",
                name="",
                events=int(self.calls[index]),
                time=float(self.measured[index]),
            )

    def _row(self, index: int, ratio_of: Callable[[str, float], RatioRange]) -> ProjectedOperator:
        op, calls, measured = self.operators[index], int(self.calls[index]), float(self.measured[index])
        source, target = float(self.source.time[index]), float(self.target.time[index])
        scaled = bool(self._both[index])
        ratio = target / source if scaled else ratio_of("", measured / calls).middle
        combined = measured * ratio
        if scaled:
            combined = target * calls * float(carried_over(measured / (source * calls), self.scatter))
        return ProjectedOperator(
            operator=op.name,
            shapes=tuple(t.shape for t in op.inputs),
            dtype=op.inputs[0].dtype if op.inputs else "",
            calls=calls,
            measured=measured,
            ratio=ratio,
            projected=measured * ratio,
            combined=combined,
            direct_on_source=source * calls if scaled else None,
            direct=target * calls if scaled else None,
            sized_by_time=bool(self.fitted[index]),
        )
