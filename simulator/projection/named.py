"""Kernels that no operator with a formula launched, in a trace: operators that do their work, by their names and grids.

Where name and grid tell all sizes, the kernel's time is predicted without its measured one. Where they leave one open,
that is taken from the measured time: the size at which the model gives that time on the accelerator of the run. What
follows is no prediction there; but on another accelerator, the ratio of the two times is one. Kernels of the same name
and grid as one that a single operator is known to launch have its sizes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hw_specs import Accelerator, CalibrationPool
from simulator.cost.model import Fidelity
from simulator.execution import Execution
from tracer.event_columns import CallColumns
from tracer.events.attribution import Attribution, attribute
from tracer.graph import IndexArray, Op
from tracer.named import Grid, NamedKernel, named_kernel
from tracer.trace import KernelKind, Trace

from .completed import completed_operators, with_operators
from .operator_times import can_predict, operator_times

__all__ = ["BY_NAME", "BY_OPERATOR", "BY_TIME", "NamedTrace", "called", "with_named_kernels"]

FloatArray = NDArray[np.float64]

#: What the sizes of an operator rest on: its record; names and grids of kernels; a measured time.
BY_OPERATOR, BY_NAME, BY_TIME = "operator", "name", "time"
# Kernels launched for no operator in particular run on no thread of the host.
_NO_THREAD = -1
_STEP = 2.0
# Sizes that libraries have aligned kernels for are multiples of this.
_RASTER = 16
# How far times of one kernel on the same operands are apart, as a logarithm.
_ALIKE = 0.3
_Key = tuple[int, int]
_Times = Callable[[Sequence[Op]], FloatArray]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class NamedTrace:
    """A trace in which operators stand for kernels that nothing else predicts.

    Attributes
    ----------
    trace : Trace
        Operators of kernels come after its own, and their calls after its own.
    sizes : tuple of str, length num_operators
        :data:`BY_OPERATOR`, :data:`BY_NAME` or :data:`BY_TIME`.
    kernels : tuple of str, length num_operators
        Name of the kernel that an operator stands for; empty where it is the trace's own.
    """

    trace: Trace
    sizes: tuple[str, ...]
    kernels: tuple[str, ...]

    def rest_on(self, what: str) -> NDArray[np.bool_]:
        """Operators whose sizes rest on something, shape (num_operators,)."""
        return np.array([size == what for size in self.sizes], dtype=np.bool_)

    def sized_by(self, what: str) -> tuple[str, ...]:
        """Kernel of each operator whose sizes rest on something, empty for all others."""
        return tuple(kernel if size == what else "" for kernel, size in zip(self.kernels, self.sizes, strict=True))


class _Launched(NamedTuple):
    """An operator that launches one kernel, and that kernel's mean time. [s]"""

    operator: Op
    time: float


def with_named_kernels(
    trace: Trace,
    accelerator: Accelerator,
    execution: Execution | None = None,
    *,
    calibrations: CalibrationPool,
    fidelity: Fidelity = "calibrated",
) -> NamedTrace:
    """Trace with operators for kernels that no operator predicts, as far as their names are known.

    Parameters
    ----------
    trace : Trace
    accelerator : Accelerator
        That it ran on.
    execution : Execution, optional
    calibrations : CalibrationPool
    fidelity : {"calibrated", "roofline"}
    """
    attribution = attribute(trace, lambda op: can_predict(op, execution))
    completed = completed_operators(attribution)
    if completed:
        trace = with_operators(trace, completed)
        attribution = attribute(trace, lambda op: can_predict(op, execution))
    groups = _groups(attribution)
    found = {key: named for key in groups if (named := _named(trace, key)) is not None}
    known = _launched(attribution)
    operators = {key: (op, BY_NAME) for key in groups if (op := _alike(trace, groups[key], known.get(key)))}
    sized = {key: named for key, named in found.items() if key not in operators and named.size is not None}
    operators |= {key: (named.build(named.size or 1), BY_NAME) for key, named in sized.items()}
    open_ = {key: named for key, named in found.items() if key not in operators}
    measured = {key: _mean_time(trace, groups[key]) for key in open_}

    def times(ops: Sequence[Op]) -> FloatArray:
        return operator_times(ops, accelerator, execution, calibrations=calibrations, fidelity=fidelity).time

    operators |= {key: (op, BY_TIME) for key, op in _fitting(open_, measured, times).items()}
    return _with_calls(trace, groups, operators, completed)


def _groups(attribution: Attribution) -> Mapping[_Key, IndexArray]:
    """Kernels that nothing predicts, by name and grid."""
    kernels = attribution.trace.kernels
    owner = attribution.owner
    answered = np.zeros(len(kernels), dtype=np.bool_)
    answered[owner >= 0] = attribution.modelled[owner[owner >= 0]]
    rows = np.flatnonzero(~answered & ~attribution.no_kernel & (kernels.kind < KernelKind.HOST))
    return _by_key(attribution.trace, rows)


def _by_key(trace: Trace, rows: IndexArray) -> Mapping[_Key, IndexArray]:
    """Some kernels by name and grid."""
    kernels, grids = trace.kernels, len(trace.grids) + 1
    codes, place = np.unique(kernels.name[rows] * grids + kernels.grid[rows] + 1, return_inverse=True)
    order = np.argsort(place, kind="stable")
    ends = np.cumsum(np.bincount(place, minlength=len(codes)))
    keys = [(code // grids, code % grids - 1) for code in codes.tolist()]
    return dict(zip(keys, np.split(rows[order], ends)[:-1], strict=True))


def _named(trace: Trace, key: _Key) -> NamedKernel | None:
    name, grid = key
    shape: Grid = trace.grids[grid] if grid >= 0 else ()
    return named_kernel(trace.kernel_names[name], shape)


def _launched(attribution: Attribution) -> Mapping[_Key, _Launched]:
    """Operators of kernels that one predicted operator alone launches, and nothing else with them."""
    single = attribution.modelled & (attribution.num_kernels == 1)
    rows = np.flatnonzero(attribution.owner >= 0)
    rows = rows[single[attribution.owner[rows]] & (attribution.trace.kernels.grid[rows] >= 0)]
    trace = attribution.trace
    operator = np.full(len(trace.kernels), -1, dtype=np.int64)
    operator[rows] = attribution.operators[attribution.owner[rows]]
    groups = {key: own for key, own in _by_key(trace, rows).items() if (operator[own] == operator[own[0]]).all()}
    return {key: _Launched(trace.operators[operator[own[0]]], _mean_time(trace, own)) for key, own in groups.items()}


def _alike(trace: Trace, rows: IndexArray, launched: _Launched | None) -> Op | None:
    """Operator that launched such a kernel, if it took as long: a grid of a block a core fits products of any size."""
    if launched is None or not _close(_mean_time(trace, rows), launched.time):
        return None
    return launched.operator


def _close(time: float, other: float) -> bool:
    """Whether two times may be of one kernel on the same operands."""
    return bool(time and other) and abs(math.log(time / other)) <= _ALIKE


def _mean_time(trace: Trace, rows: IndexArray) -> float:
    """Mean duration of some kernels. [s]"""
    kernels = trace.kernels
    return float(np.average(kernels.duration[rows], weights=kernels.repeats[rows]))


def _fitting(kernels: Mapping[_Key, NamedKernel], measured: Mapping[_Key, float], times: _Times) -> Mapping[_Key, Op]:
    """Operators of the sizes at which kernels take their measured times; without those that have no time here."""
    sizes = {key: _sizes(named) for key, named in kernels.items()}
    tried = [named.build(int(size)) for key, named in kernels.items() for size in sizes[key]]
    time, place, found = times(tried) if tried else np.zeros(0), 0, {}
    for key, named in kernels.items():
        of_sizes = time[place : place + len(sizes[key])]
        place += len(sizes[key])
        if np.isfinite(of_sizes).all() and (of_sizes > 0).all():
            found[key] = named.build(_size_at(measured[key], sizes[key], of_sizes))
    return found


def _sizes(named: NamedKernel) -> FloatArray:
    """Sizes from the least to the most, each twice the last."""
    steps = int(np.ceil(np.log(named.most / named.least) / np.log(_STEP)))
    sizes: FloatArray = np.round(named.least * _STEP ** np.arange(steps + 1))
    return sizes


def _size_at(measured: float, sizes: FloatArray, times: FloatArray) -> int:
    """Size whose time is the measured one, between those tried by their logarithms, on the raster of real sizes."""
    rising = np.log(np.maximum.accumulate(times))
    size = float(np.exp(np.interp(np.log(max(measured, 1e-12)), rising, np.log(sizes))))
    return max(round(size) if size < _RASTER else round(size / _RASTER) * _RASTER, 1)


def _with_calls(
    trace: Trace, groups: Mapping[_Key, IndexArray], operators: Mapping[_Key, tuple[Op, str]], completed: Container[int]
) -> NamedTrace:
    """Trace with a call for each kernel that has an operator."""
    rows = [groups[key] for key in operators]
    kernels = np.concatenate(rows) if rows else np.zeros(0, dtype=np.int64)
    number = np.repeat(np.arange(len(rows)), [len(each) for each in rows]) + len(trace.operators)
    own = [BY_NAME if number in completed else BY_OPERATOR for number in range(len(trace.operators))]
    return NamedTrace(
        trace=called(trace, kernels, number, [op for op, _ in operators.values()]),
        sizes=(*own, *(size for _, size in operators.values())),
        kernels=(*("",) * len(trace.operators), *(trace.kernel_names[name] for name, _ in operators)),
    )


def called(trace: Trace, kernels: IndexArray, numbers: IndexArray, operators: Sequence[Op]) -> Trace:
    """Trace with further operators, and a call of one of them for each of some kernels.

    Parameters
    ----------
    trace : Trace
    kernels : ndarray of int
        Device events.
    numbers : ndarray of int, shape (num_kernels,)
        Operator of each, counted from the first of the trace's own.
    operators : sequence of Op
    """
    call = trace.kernels.call.copy()
    call[kernels] = len(trace.calls) + np.arange(len(kernels))
    return replace(
        trace,
        operators=(*trace.operators, *operators),
        calls=_joined(trace.calls, _calls(trace, kernels, numbers)),
        kernels=replace(trace.kernels, call=call),
    )


def _calls(trace: Trace, kernels: IndexArray, operators: IndexArray) -> CallColumns:
    """Calls of some kernels, in the module and stage of what launched them."""
    around = trace.kernels.call[kernels]
    place, inside = np.maximum(around, 0), around >= 0
    known = len(trace.calls) > 0
    nowhere = np.full(len(kernels), -1, dtype=np.int64)
    return CallColumns(
        operator=operators,
        module=np.where(inside, trace.calls.module[place], -1) if known else nowhere,
        stage=np.where(inside, trace.calls.stage[place], -1) if known else nowhere,
        parent=nowhere,
        thread=np.full(len(kernels), _NO_THREAD, dtype=np.int64),
        start=trace.kernels.start[kernels],
        duration=np.zeros(len(kernels)),
        repeats=trace.kernels.repeats[kernels],
    )


def _joined(first: CallColumns, second: CallColumns) -> CallColumns:
    return CallColumns(
        **{
            name: np.concatenate([getattr(first, name), getattr(second, name)])
            for name in CallColumns.__dataclass_fields__
        }
    )
