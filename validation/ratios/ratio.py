"""A measured and a predicted ratio of two runs that differ in one thing, and errors of many."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, median

__all__ = ["Ratio", "RatioSummary", "ratio_of", "summarise"]

#: Measured ratios as near to 1 as this are no ranking: sources differ by as much between two runs of one thing.
ALIKE = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """Time of one run over that of another, turned so that the measured one is at least 1.

    Attributes
    ----------
    change : str
        Kind of thing that differs: ``accelerator``, ``attention`` ...
    slower, faster : str
        What it is in the run whose measured time is the longer (shorter).
    subject : str
        What both runs share.
    source : str
    measured, predicted : float
        Turned alike, so that a predicted ratio below 1 names the other run as the faster.
    accelerators : tuple of str
        Those of both runs, sorted; one where they share it.
    variance : float or None
        Of the logarithm of the predicted ratio, as errors of kernels tell it; None where it was not asked for. [1]
    """

    change: str
    slower: str
    faster: str
    subject: str
    source: str
    measured: float
    predicted: float
    accelerators: tuple[str, ...] = ()
    variance: float | None = None

    @property
    def error(self) -> float:
        """``predicted / measured - 1``."""
        return self.predicted / self.measured - 1

    @property
    def ranked_right(self) -> bool:
        """Whether the faster run is predicted to be the faster, or hardly differs from the other."""
        return self.predicted > 1 or self.measured <= 1 + ALIKE


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioSummary:
    """Errors of the ratios of one kind of change.

    Attributes
    ----------
    change : str
    count : int
    median_ape : float
        Median of the absolute error.
    bias : float
        Mean of the error.
    ranked_right : float
        Share of ratios whose faster run is predicted to be the faster, or whose measured ratio is within 3 % of 1.
    """

    change: str
    count: int
    median_ape: float
    bias: float
    ranked_right: float


def ratio_of(
    change: str,
    first: tuple[str, float, float],
    second: tuple[str, float, float],
    *,
    subject: str,
    source: str,
    accelerators: Iterable[str] = (),
    variance: float | None = None,
) -> Ratio:
    """Ratio of two runs, each with what differs, its measured and its predicted time. [s]"""
    (faster, measured, predicted), (slower, longer, longest) = sorted((first, second), key=lambda run: run[1])
    return Ratio(
        change=change,
        slower=slower,
        faster=faster,
        subject=subject,
        source=source,
        measured=longer / measured,
        predicted=longest / predicted,
        accelerators=tuple(sorted(set(accelerators))),
        variance=variance,
    )


def summarise(ratios: Sequence[Ratio], key: Callable[[Ratio], str] = lambda ratio: ratio.change) -> list[RatioSummary]:
    """Errors of groups of ratios, by kind of change unless another key is given; the largest group first."""
    groups: dict[str, list[Ratio]] = {}
    for ratio in ratios:
        groups.setdefault(key(ratio), []).append(ratio)
    return [_summary(name, group) for name, group in sorted(groups.items(), key=lambda item: -len(item[1]))]


def _summary(name: str, ratios: Sequence[Ratio]) -> RatioSummary:
    errors = [ratio.error for ratio in ratios]
    return RatioSummary(
        change=name,
        count=len(ratios),
        median_ape=median(abs(error) for error in errors),
        bias=fmean(errors),
        ranked_right=fmean(float(ratio.ranked_right) for ratio in ratios),
    )
