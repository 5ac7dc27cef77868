"""What a projection is made of: time predicted by ratio, time kept as measured, and time of which nothing is known.

Between the first and the last is the time of kernels whose sizes their names and grids leave open, so that they are
taken from the measured time (:mod:`simulator.projection.named`). Its ends lie half way, by ratio, between that of the
prediction and those of the rooflines: which of them binds is inferred, not known.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tracer.events.attribution import ON_LINK, ApartKernels

from .rooflines import SPREAD, RatioRange

__all__ = [
    "KEPT",
    "PREDICTED",
    "SIZED",
    "UNKNOWN",
    "ProjectedPart",
    "SizedTime",
    "Unscaled",
    "parts_of",
    "sized_part",
    "unscaled_by_reason",
]

#: Parts of a projection.
PREDICTED, KEPT, UNKNOWN = "predicted by ratio", "kept as measured", "unknown"
SIZED = "by ratio, sized by time"
# Reasons of what another accelerator does not change.
_KEPT = frozenset({ON_LINK})


@dataclass(frozen=True, slots=True, kw_only=True)
class Unscaled:
    """Device time without a prediction, for one reason.

    Attributes
    ----------
    reason : str
    kernel : str
        What took most of it; empty for an operator.
    events : int
        Device events, or calls of an operator.
    time : float
        On the source. [s]
    share : float
        Of all measured device time.
    kept : bool
        Whether the accelerator does not decide it, so that it stays as measured; else it is unknown.
    low, projected, high : float
        On the target: as measured, or the range by ratios of rooflines and its middle. [s]
    """

    reason: str
    kernel: str
    events: int
    time: float
    share: float
    kept: bool
    low: float
    projected: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectedPart:
    """Part of the device time by what its projection rests on. Times in seconds.

    Attributes
    ----------
    name : str
        :data:`PREDICTED`, :data:`SIZED`, :data:`KEPT` or :data:`UNKNOWN`.
    measured, share : float
        On the source, and its share of all measured device time.
    projected, low, high : float
        On the target, with the ends of its range: of what is predicted an 80 % interval, of what is unknown the ratios
        of rooflines, of what is kept the time itself. Without an interval of predictions the ends are the time.
    """

    name: str
    measured: float
    share: float
    projected: float
    low: float
    high: float


def unscaled_by_reason(
    apart: Iterable[ApartKernels], total: float, ratio_of: Callable[[str, float], RatioRange]
) -> tuple[Unscaled, ...]:
    """Kernels without a prediction by reason, from the longest.

    Parameters
    ----------
    apart : iterable of ApartKernels
        By reason and name.
    total : float
        All measured device time. [s]
    ratio_of : callable
        Range of the ratio of an unknown kernel, given its name and its mean time. [s]
    """
    groups: defaultdict[str, list[ApartKernels]] = defaultdict(list)
    for each in apart:
        groups[each.reason].append(each)
    found = [_of_reason(reason, rows, total, ratio_of) for reason, rows in groups.items()]
    return tuple(sorted(found, key=lambda row: -row.time))


def _of_reason(
    reason: str, rows: Sequence[ApartKernels], total: float, ratio_of: Callable[[str, float], RatioRange]
) -> Unscaled:
    kept = reason in _KEPT
    as_is = RatioRange(low=1.0, high=1.0)
    ranges = [as_is if kept else ratio_of(row.name, row.time / max(row.events, 1)) for row in rows]
    time = sum(row.time for row in rows)
    return Unscaled(
        reason=reason,
        kernel=max(rows, key=lambda row: row.time).name,
        events=sum(row.events for row in rows),
        time=time,
        share=time / total if total else 0.0,
        kept=kept,
        low=sum(row.time * each.low for row, each in zip(rows, ranges, strict=True)),
        projected=sum(row.time * each.middle for row, each in zip(rows, ranges, strict=True)),
        high=sum(row.time * each.high for row, each in zip(rows, ranges, strict=True)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SizedTime:
    """Time of kernels whose sizes rest on it. Times in seconds.

    Attributes
    ----------
    time, projected : float
        On the source and on the target.
    range : RatioRange
        Of the ratio by rooflines.
    """

    time: float
    projected: float
    range: RatioRange


def sized_part(rows: Sequence[SizedTime], total: float) -> ProjectedPart:
    """Kernels whose sizes rest on their measured times."""
    measured = sum(row.time for row in rows)
    ends = [_half_way(row) for row in rows]
    return ProjectedPart(
        name=SIZED,
        measured=measured,
        share=measured / total if total else 0.0,
        projected=sum(row.projected for row in rows),
        low=sum(low for low, _ in ends),
        high=sum(high for _, high in ends),
    )


def _half_way(row: SizedTime) -> tuple[float, float]:
    """Ends of the time on the target: half way to those of the rooflines, no nearer than the model's scatter. [s]"""
    low, high = row.time * row.range.low, row.time * row.range.high
    least, most = row.projected / SPREAD, row.projected * SPREAD
    return min(math.sqrt(row.projected * low), least), max(math.sqrt(row.projected * high), most)


def parts_of(
    predicted: ProjectedPart, sized: ProjectedPart, unscaled: Sequence[Unscaled], total: float
) -> tuple[ProjectedPart, ...]:
    """All four parts, each also where it is empty."""
    kept = [row for row in unscaled if row.kept]
    unknown = [row for row in unscaled if not row.kept]
    return predicted, sized, _summed(KEPT, kept, total), _summed(UNKNOWN, unknown, total)


def _summed(name: str, rows: Sequence[Unscaled], total: float) -> ProjectedPart:
    measured = sum(row.time for row in rows)
    return ProjectedPart(
        name=name,
        measured=measured,
        share=measured / total if total else 0.0,
        projected=sum(row.projected for row in rows),
        low=sum(row.low for row in rows),
        high=sum(row.high for row in rows),
    )
