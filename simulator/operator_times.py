"""Device time of single operators: what a measured trace is compared with and projected by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw_specs import Accelerator
from simulator.cost import BASES, HardwareColumns, UnsupportedFormatError, kernel_times
from simulator.cost.model import Fidelity
from simulator.execution import Execution
from simulator.kernels import Kernel, KernelTable
from simulator.lowering import assign_units, kernels_of
from simulator.work import UnsupportedOpError
from tracer.graph import Op

__all__ = ["OperatorTimes", "can_predict", "operator_times"]

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
    by_basis : ndarray, shape (num_operators, num_bases)
        The part of `time` that rests on each of :data:`simulator.cost.BASES`. [s]
    """

    time: FloatArray
    num_kernels: NDArray[np.int64]
    reasons: tuple[str, ...]
    by_basis: FloatArray


def can_predict(op: Op, execution: Execution | None = None) -> bool:
    """Whether an operator's kernels are known: it has a formula and the tensors that the formula needs."""
    kernels, _ = _kernels_or_reason(op, execution or Execution())
    return bool(kernels)


def operator_times(
    operators: Sequence[Op],
    accelerator: Accelerator,
    execution: Execution | None = None,
    *,
    fidelity: Fidelity = "calibrated",
) -> OperatorTimes:
    """Time of one call of each operator, its kernels one after another with nothing between them.

    The power limit acts on each of them, as it does in a run of many (:meth:`HardwareColumns.sustained`).

    Parameters
    ----------
    operators : sequence of Op
    accelerator : Accelerator
    execution : Execution, optional
        Eager by default.
    fidelity : {"calibrated", "roofline"}
    """
    execution = execution or Execution()
    lowered = [_kernels_or_reason(op, execution) for op in operators]
    reasons = [reason for _, reason in lowered]
    time = np.array([np.nan if reason else 0.0 for reason in reasons])
    counts = np.array([len(kernels) for kernels, _ in lowered], dtype=np.int64)
    owner = np.repeat(np.arange(len(operators)), counts)
    kernels = [kernel for each, _ in lowered for kernel in each]
    single, basis = _times(kernels, accelerator, fidelity)
    for index in np.unique(owner[np.isnan(single)]).tolist():
        formats = {kernel.number_format for kernel in lowered[index][0]}
        reasons[index] = f"no peak for {', '.join(sorted(formats))} on {accelerator.name}"
    np.add.at(time, owner, single)
    by_basis = np.zeros((len(operators), len(BASES)))
    np.add.at(by_basis, (owner, basis), np.nan_to_num(single))
    return OperatorTimes(time=time, num_kernels=counts, reasons=tuple(reasons), by_basis=by_basis)


def _kernels_or_reason(op: Op, execution: Execution) -> tuple[Sequence[Kernel], str]:
    try:
        kernels = kernels_of(op, execution)
    except UnsupportedOpError:
        return (), _NO_FORMULA
    except (LookupError, ValueError, TypeError, ArithmeticError):
        # A trace may have recorded anything; a rule fails on arguments that its operator does not take.
        return (), _ARGUMENTS
    return kernels, "" if all(_is_plausible(k) for k in kernels) else _ARGUMENTS


def _is_plausible(kernel: Kernel) -> bool:
    numbers = (kernel.matrix_flops, kernel.vector_flops, kernel.bytes_read, kernel.bytes_written, kernel.m, kernel.n)
    return bool(np.isfinite(numbers).all()) and min(numbers) >= 0


def _times(
    kernels: Sequence[Kernel], accelerator: Accelerator, fidelity: Fidelity
) -> tuple[FloatArray, NDArray[np.int64]]:
    """Time of each kernel, NaN where the accelerator has no unit for its format, and the ground it rests on."""
    if not kernels:
        return np.zeros(0), np.zeros(0, dtype=np.int64)
    try:
        return _table_times(kernels, accelerator, fidelity)
    except UnsupportedFormatError:
        result, basis = np.full(len(kernels), np.nan), np.zeros(len(kernels), dtype=np.int64)
    formats = np.array([kernel.number_format for kernel in kernels])
    for name in np.unique(formats):
        rows = np.flatnonzero(formats == name)
        try:
            result[rows], basis[rows] = _table_times([kernels[i] for i in rows.tolist()], accelerator, fidelity)
        except UnsupportedFormatError:
            continue
    return result, basis


def _table_times(
    kernels: Sequence[Kernel], accelerator: Accelerator, fidelity: Fidelity
) -> tuple[FloatArray, NDArray[np.int64]]:
    table = assign_units(KernelTable.from_kernels(kernels), accelerator)
    hardware = HardwareColumns.from_accelerators([accelerator]).sustained()
    costs = kernel_times(table, hardware, fidelity=fidelity)
    return costs.time[:, 0], costs.basis[:, 0]
