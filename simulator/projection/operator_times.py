"""Device time of single operators: what a measured trace is compared with and projected by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw_specs import Accelerator, CalibrationPool
from simulator.cost import (
    BASES,
    HardwareColumns,
    UnsupportedFormatError,
    hardware_columns,
    kernel_basis,
    kernel_times,
    run_totals,
    within_power,
)
from simulator.cost.model import Fidelity
from simulator.execution import Execution
from simulator.kernels import Kernel, KernelTables
from simulator.lowering import assign_units, execution_on, kernels_of
from simulator.uncertainty.components import ErrorComponents
from simulator.uncertainty.deviation import summed_components, summed_deviation
from simulator.uncertainty.intervals import Interval, interval_of
from simulator.uncertainty.standing import kernel_ranges
from simulator.work import UnknownKeysError, UnsupportedOpError
from tracer.graph import Op

__all__ = ["OperatorTimes", "can_predict", "kernels_or_reason", "operator_times"]

FloatArray = NDArray[np.float64]

_NO_FORMULA = "no formula"
_ARGUMENTS = "arguments not recorded"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class OperatorTimes:
    """Predicted device time of each of some operators.

    Attributes
    ----------
    time : ndarray, shape (num_operators,)
        Sum over the kernels of one call, NaN where there is no prediction. [s]
    num_kernels : ndarray of int, shape (num_operators,)
    reasons : tuple of str, length num_operators
        Why there is no prediction, empty where there is one.
    low, high : ndarray, shape (num_operators,)
        80 % range of each by itself, its kernels off together; NaN where there is no prediction or it is a bound. [s]
    by_basis : ndarray, shape (num_operators, num_bases)
        The part of `time` that rests on each of :data:`simulator.cost.BASES`. [s]
    """

    time: FloatArray
    num_kernels: NDArray[np.int64]
    reasons: tuple[str, ...]
    low: FloatArray
    high: FloatArray
    by_basis: FloatArray
    _kernels: _CostedKernels

    def interval(self, calls: FloatArray) -> Interval | None:
        """Interval of the time of so many calls of each operator together; None where times are a bound.

        Parameters
        ----------
        calls : ndarray, shape (num_operators,)
            Calls; those of operators without a prediction do not count.
        """
        counted = self._counted(calls)
        if counted is None:
            return None
        table, time = counted
        deviation = summed_deviation(table, time, self._kernels.accelerator, self._kernels.calibrations)
        return interval_of(float((table.count * time).sum()), deviation)

    def errors(self, calls: FloatArray) -> ErrorComponents | None:
        """What the error of the time of so many calls of each operator is made of; None where times are a bound."""
        counted = self._counted(calls)
        if counted is None:
            return None
        return summed_components(*counted, self._kernels.accelerator, self._kernels.calibrations)

    def _counted(self, calls: FloatArray) -> tuple[KernelTables, FloatArray] | None:
        """Kernels of so many calls and the time of each, 0 where it is not known; None where times are a bound."""
        costed = self._kernels
        if costed.kernels is None or costed.fidelity == "roofline":
            return None
        known = np.isfinite(costed.time)
        table = costed.kernels.with_count(np.where(known, calls[costed.owner], 0.0))
        return table, np.where(known, costed.time, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class _CostedKernels:
    """Kernels of one call of each operator, one after another: columns, operator and time of each."""

    kernels: KernelTables | None
    owner: NDArray[np.int64]
    time: FloatArray
    accelerator: Accelerator
    fidelity: Fidelity
    calibrations: CalibrationPool


def can_predict(op: Op, execution: Execution | None = None) -> bool:
    """Whether an operator's kernels are known: it has a formula and the tensors that the formula needs."""
    kernels, _ = kernels_or_reason(op, execution or Execution())
    return bool(kernels)


def operator_times(
    operators: Sequence[Op],
    accelerator: Accelerator,
    execution: Execution | None = None,
    *,
    calibrations: CalibrationPool,
    fidelity: Fidelity = "calibrated",
) -> OperatorTimes:
    """Time of one call of each operator, its kernels one after another with nothing between them.

    The power limit acts as in a run of all of them, one after another.

    Parameters
    ----------
    operators : sequence of Op
    accelerator : Accelerator
    execution : Execution, optional
        Eager by default.
    calibrations : CalibrationPool
        Parameters of the times, and residuals of their ranges.
    fidelity : {"calibrated", "roofline"}
    """
    execution = execution_on(accelerator, execution)
    hardware = hardware_columns([accelerator], calibrations)
    lowered = [kernels_or_reason(op, execution) for op in operators]
    reasons = [reason for _, reason in lowered]
    time = np.array([np.nan if reason else 0.0 for reason in reasons])
    counts = np.array([len(kernels) for kernels, _ in lowered], dtype=np.int64)
    owner = np.repeat(np.arange(len(operators)), counts)
    kernels = [kernel for each, _ in lowered for kernel in each]
    single, basis = _times(kernels, accelerator, hardware, fidelity)
    for index in np.unique(owner[np.isnan(single)]).tolist():
        formats = {kernel.number_format for kernel in lowered[index][0]}
        reasons[index] = f"no peak for {', '.join(sorted(formats))} on {accelerator.name}"
    np.add.at(time, owner, single)
    by_basis = np.zeros((len(operators), len(BASES)))
    np.add.at(by_basis, (owner, basis), np.nan_to_num(single))
    table = assign_units(KernelTables.from_kernels(kernels), accelerator, strict=False) if kernels else None
    costed = _CostedKernels(table, owner, single, accelerator, fidelity, calibrations)
    low, high = _ends(costed, time)
    return OperatorTimes(
        time=time,
        num_kernels=counts,
        reasons=tuple(reasons),
        low=low,
        high=high,
        by_basis=by_basis,
        _kernels=costed,
    )


def _ends(costed: _CostedKernels, time: FloatArray) -> tuple[FloatArray, FloatArray]:
    """80 % range of each operator. [s]"""
    if costed.kernels is None or costed.fidelity == "roofline":
        return np.full_like(time, np.nan), np.full_like(time, np.nan)
    ranges = kernel_ranges(costed.kernels, np.nan_to_num(costed.time), costed.accelerator, costed.calibrations)
    low, high = time * 0.0, time * 0.0
    np.add.at(low, costed.owner, costed.time * ranges.low)
    np.add.at(high, costed.owner, costed.time * ranges.high)
    return low, high


def kernels_or_reason(op: Op, execution: Execution) -> tuple[Sequence[Kernel], str]:
    """Kernels of an operator call, or none and why there are none."""
    try:
        kernels = kernels_of(op, execution)
    except UnsupportedOpError:
        return (), _NO_FORMULA
    except UnknownKeysError as error:
        return (), str(error)
    except (LookupError, ValueError, TypeError, ArithmeticError):
        # A trace may have recorded anything; a rule fails on arguments that its operator does not take.
        return (), _ARGUMENTS
    return kernels, "" if all(_is_plausible(k) for k in kernels) else _ARGUMENTS


def _is_plausible(kernel: Kernel) -> bool:
    numbers = kernel.numbers()
    return bool(np.isfinite(numbers).all()) and min(numbers) >= 0


def _times(
    kernels: Sequence[Kernel], accelerator: Accelerator, hardware: HardwareColumns, fidelity: Fidelity
) -> tuple[FloatArray, NDArray[np.int64]]:
    """Time of each kernel, NaN where the accelerator has no unit for its format, and the ground it rests on."""
    if not kernels:
        return np.zeros(0), np.zeros(0, dtype=np.int64)
    try:
        return _table_times(kernels, accelerator, hardware, fidelity)
    except UnsupportedFormatError:
        result, basis = np.full(len(kernels), np.nan), np.zeros(len(kernels), dtype=np.int64)
    formats = np.array([kernel.number_format for kernel in kernels])
    for name in np.unique(formats):
        rows = np.flatnonzero(formats == name)
        try:
            chosen = [kernels[i] for i in rows.tolist()]
            result[rows], basis[rows] = _table_times(chosen, accelerator, hardware, fidelity)
        except UnsupportedFormatError:
            continue
    return result, basis


def _table_times(
    kernels: Sequence[Kernel], accelerator: Accelerator, hardware: HardwareColumns, fidelity: Fidelity
) -> tuple[FloatArray, NDArray[np.int64]]:
    table = assign_units(KernelTables.from_kernels(kernels), accelerator)
    costs = kernel_times(table, hardware.at_boost(), fidelity=fidelity)
    if fidelity != "calibrated":
        return costs.time[:, 0], np.zeros(len(table), dtype=np.int64)
    run = hardware.in_run(run_totals(costs, np.ones(len(table))))
    return within_power(costs, run).time[:, 0], kernel_basis(table, hardware)[:, 0]
