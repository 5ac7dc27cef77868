"""A measured trace against predictions: device time of operators, by category and by operator, and what is missing.

What is compared is time on the device alone; idle time and time bound by the host are reported beside it.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from hw_specs import Accelerator, CalibrationPool
from simulator.cost import BASES
from simulator.cost.model import Fidelity
from simulator.execution import Execution
from simulator.lowering import CATEGORIES
from simulator.projection.named import BY_NAME, BY_OPERATOR, BY_TIME, with_named_kernels
from simulator.projection.operator_times import OperatorTimes, can_predict, operator_times
from simulator.projection.traced import accelerator_of
from simulator.uncertainty.intervals import Interval
from tracer.events.attribution import Attribution, attribute
from tracer.events.device_idle import device_idle
from tracer.formats import read_trace
from tracer.storage.json_stream import Progress
from tracer.trace import Trace, TraceFormatError
from validation.ranks.collectives import collective_times

from .operator_groups import UNMODELLED, OperatorGroup, operator_groups
from .trace_comparison import ComparedOperator, ComparedPart, Remainder, TraceComparison

__all__ = ["FITTED", "compare", "compare_trace"]

#: Reason of what has a time of its own to thank for its size.
FITTED = "size from its measured time: no prediction here, but one of the ratio to another accelerator"
# Category of such calls.
_BY_TIME = "sized_by_time"
_WITHIN = 0.1
# Of so many events, none has so large a share of the time unless something hung or a clock jumped.
_FEW_EVENTS = 3
_DOMINANT = 0.9
#: That no kernel takes which others of the same run are measured beside. [s]
_LONG = 1.0


def compare_trace(
    path: Path,
    accelerator: Accelerator | None = None,
    execution: Execution | None = None,
    *,
    fidelity: Fidelity = "calibrated",
    calibrations: CalibrationPool | None = None,
    format_name: str | None = None,
    progress: Progress | None = None,
) -> TraceComparison:
    """Compare a trace file of any known format; see :func:`compare`.

    Raises
    ------
    TraceFormatError
        The file is no trace, or is damaged; the accelerator that it names is a :class:`SpecError`.
    """
    trace = read_trace(path, format_name=format_name, progress=progress)
    return compare(trace, accelerator, execution, calibrations=calibrations, fidelity=fidelity)


def compare(
    trace: Trace,
    accelerator: Accelerator | None = None,
    execution: Execution | None = None,
    *,
    fidelity: Fidelity = "calibrated",
    calibrations: CalibrationPool | None = None,
    other_ranks: Sequence[Trace] = (),
) -> TraceComparison:
    """Compare the device time of a trace with predictions.

    Parameters
    ----------
    trace : Trace
    other_ranks : sequence of Trace
        Of the same run; they tell waiting from moving in the messages between them.
    accelerator : Accelerator, optional
        By default the one that the trace says it ran on.
    execution : Execution, optional
        What the trace does not tell: whether float32 products used TF32, which fused attention ran.
    fidelity : {"calibrated", "roofline"}
    calibrations : CalibrationPool, optional
        Those that ship with the package by default.

    Raises
    ------
    TraceFormatError
        The trace has no device events, so there is nothing to compare.
    """
    if not len(trace.kernels):
        raise TraceFormatError(f"{trace.label}: has no device events, so no times to compare with{trace.unread}")
    pool = CalibrationPool.shipped() if calibrations is None else calibrations
    accelerator = accelerator or accelerator_of(trace, "--hw")
    named = with_named_kernels(trace, accelerator, execution, fidelity=fidelity, calibrations=pool)
    trace = named.trace
    attribution = attribute(trace, lambda op: can_predict(op, execution))
    times = operator_times(trace.operators, accelerator, execution, fidelity=fidelity, calibrations=pool)
    groups = operator_groups(attribution)
    compared, missing = [], []
    by_basis, calls = np.zeros(len(BASES)), np.zeros(len(trace.operators))
    for group in groups:
        operator = group.operator
        reason = times.reasons[operator] or ("" if times.num_kernels[operator] else "no kernel predicted")
        reason = FITTED if named.sizes[operator] == BY_TIME else reason
        if reason:
            missing.append((group, reason))
        else:
            compared.append(_compared(trace, group, times, named.sizes[operator]))
            by_basis += group.calls * times.by_basis[operator]
            calls[operator] += group.calls
    compared.sort(key=lambda row: -abs(row.predicted - row.measured))
    basis = {name: float(time / by_basis.sum()) for name, time in zip(BASES, by_basis, strict=True) if time > 0}
    remainders = _remainders(attribution, missing, trace.device_time)
    summary = _summary(trace, accelerator, fidelity, basis, compared, missing, remainders, times.interval(calls))
    ranks = [attribution, *(attribute(other, lambda op: can_predict(op, execution)) for other in other_ranks)]

    times_of = functools.partial(
        operator_times, accelerator=accelerator, execution=execution, fidelity=fidelity, calibrations=pool
    )
    return replace(summary, collectives=collective_times(ranks, lambda operators: times_of(operators).time.tolist()))


def _compared(trace: Trace, group: OperatorGroup, times: OperatorTimes, sizes: str) -> ComparedOperator:
    op, index = trace.operators[group.operator], group.operator
    return ComparedOperator(
        operator=op.name if sizes == BY_OPERATOR else f"{op.name} (by name)",
        sizes=sizes,
        category=group.category,
        shapes=tuple(t.shape for t in op.inputs),
        dtype=op.inputs[0].dtype if op.inputs else "",
        kernel=group.kernel,
        calls=group.calls,
        kernels=group.kernels,
        predicted_kernels=int(times.num_kernels[index]),
        measured=group.measured,
        predicted=float(times.time[index]) * group.calls,
        low=float(times.low[index]) * group.calls,
        high=float(times.high[index]) * group.calls,
    )


def _remainders(
    attribution: Attribution, missing: Iterable[tuple[OperatorGroup, str]], total: float
) -> tuple[Remainder, ...]:
    trace = attribution.trace
    found = [(reason, *counted) for reason, counted in attribution.unattributed.items()]
    by_reason: defaultdict[str, list[float]] = defaultdict(lambda: [0, 0.0])
    for group, reason in missing:
        entry = by_reason[reason if reason == FITTED else f"{trace.operators[group.operator].name}: {reason}"]
        entry[0] += group.calls
        entry[1] += group.measured
    found.extend((reason, int(calls), time) for reason, (calls, time) in by_reason.items())
    found.sort(key=lambda entry: -entry[2])
    kept = [Remainder(reason=r, events=n, time=t, share=t / total if total else 0.0) for r, n, t in found]
    return (*kept, *_left_out(trace, total))


def _left_out(trace: Trace, total: float) -> Iterator[Remainder]:
    """What the reader left out is no part of the measured time: its share is of both together."""
    whole = total + sum(trace.skipped_time.values())
    for reason, count in trace.skipped.items():
        time = trace.skipped_time.get(reason, 0.0)
        share = time / whole if whole else 0.0
        yield Remainder(reason=f"left out by the reader: {reason}", events=count, time=time, share=share)


def _summary(
    trace: Trace,
    accelerator: Accelerator,
    fidelity: str,
    basis: Mapping[str, float],
    compared: Sequence[ComparedOperator],
    missing: Sequence[tuple[OperatorGroup, str]],
    remainders: tuple[Remainder, ...],
    interval: Interval | None,
) -> TraceComparison:
    total = trace.device_time
    whole = _part(compared, [group for group, _ in missing], total)
    by_name = sum(row.measured for row in compared if row.sizes == BY_NAME)
    fitted = sum(group.measured for group, reason in missing if reason == FITTED)
    errors = [abs(row.error) for row in compared if row.error is not None]
    near = sum(row.measured for row in compared if abs(row.predicted - row.measured) <= _WITHIN * row.measured)
    idle = device_idle(trace)
    return TraceComparison(
        trace=trace.name,
        device=trace.facts.device,
        accelerator=accelerator.name,
        fidelity=fidelity,
        measured_time=total,
        covered_time=whole.covered,
        predicted_time=whole.predicted,
        coverage=whole.covered / total if total else 0.0,
        named_share=by_name / total if total else 0.0,
        fitted_share=fitted / total if total else 0.0,
        interval=interval,
        within_range=_share_in_range(compared) if interval else None,
        total_error=whole.error,
        time_weighted_error=whole.time_weighted_error,
        mape=float(np.mean(errors)) if errors else 0.0,
        within_10_percent=near / whole.covered if whole.covered else 0.0,
        basis=basis,
        by_category=_parts(trace, compared, missing, total, by_category=True),
        by_operator=_parts(trace, compared, missing, total, by_category=False),
        operators=tuple(compared),
        remainders=remainders,
        elapsed_time=idle.elapsed if idle else None,
        busy_time=idle.busy if idle else None,
        idle_time=idle.idle if idle else None,
        host_bound_time=idle.host_bound if idle else None,
        devices=idle.devices if idle else (),
        remarks=_remarks(trace, total),
    )


def _remarks(trace: Trace, total: float) -> tuple[str, ...]:
    """One event that has nearly all of the time, which then is no measurement of the rest."""
    kernels = trace.kernels
    longest = int(np.argmax(kernels.duration))
    share = float(kernels.duration[longest]) / total if total else 0.0
    few = len(kernels) < 2 or (len(kernels) < _FEW_EVENTS and kernels.duration[longest] < _LONG)
    if few or share < _DOMINANT:
        return ()
    name = trace.kernel_names[kernels.name[longest]]
    return (f"one event has {share:.1%} of the device time: {name[:80]}, {kernels.duration[longest]:.3g} s",)


def _share_in_range(compared: Sequence[ComparedOperator]) -> float | None:
    return float(np.mean([row.low <= row.measured <= row.high for row in compared])) if compared else None


def _parts(
    trace: Trace,
    compared: Sequence[ComparedOperator],
    missing: Sequence[tuple[OperatorGroup, str]],
    total: float,
    *,
    by_category: bool,
) -> dict[str, ComparedPart]:
    """Views by category in the order of the report, or by operator from the one that took most time."""
    rows: defaultdict[str, list[ComparedOperator]] = defaultdict(list)
    groups: defaultdict[str, list[OperatorGroup]] = defaultdict(list)
    for row in compared:
        rows[row.category if by_category else row.operator].append(row)
    for group, reason in missing:
        fitted, name = reason == FITTED, trace.operators[group.operator].name
        category = _BY_TIME if fitted else UNMODELLED
        groups[category if by_category else f"{name} (sized by time)" if fitted else name].append(group)
    parts = {name: _part(rows[name], groups[name], total) for name in dict.fromkeys((*rows, *groups))}
    if by_category:
        return {name: parts[name] for name in (*CATEGORIES, _BY_TIME, UNMODELLED) if name in parts}
    return dict(sorted(parts.items(), key=lambda item: -item[1].measured))


def _part(compared: Sequence[ComparedOperator], missing: Sequence[OperatorGroup], total: float) -> ComparedPart:
    covered = sum(row.measured for row in compared)
    predicted = sum(row.predicted for row in compared)
    measured = covered + sum(group.measured for group in missing)
    difference = sum(abs(row.predicted - row.measured) for row in compared)
    return ComparedPart(
        calls=sum(row.calls for row in compared) + sum(group.calls for group in missing),
        measured=measured,
        covered=covered,
        predicted=predicted,
        error=predicted / covered - 1 if covered else 0.0,
        time_weighted_error=difference / covered if covered else 0.0,
        coverage=covered / measured if measured else 0.0,
        share=measured / total if total else 0.0,
    )
