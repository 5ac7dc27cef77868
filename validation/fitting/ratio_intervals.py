"""Conformal factors of ratios of two runs, by kind of change, and their coverage on accelerators left out."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from simulator.uncertainty.intervals import Factor
from simulator.uncertainty.ratios import ANY, RatioFactor, RatioFactors
from validation.ratios.ratio import Ratio

from .intervals import weighted_quantile

__all__ = ["fit_ratio_factors"]

#: Widest deviation that a kind of change may have beyond what errors of kernels tell. [1]
_WIDEST = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scored:
    """Log error of a ratio with its variance, of some accelerators."""

    accelerators: tuple[str, ...]
    error: float
    variance: float


def fit_ratio_factors(ratios: Iterable[Ratio], *, level: float = 0.8) -> RatioFactors:
    """Factors of every kind of change with enough accelerators, and of all changes together.

    Pairs of one accelerator, or of one pair of accelerators, resemble one another: each such group counts alike. The
    coverage of a group is counted with factors that were fitted to pairs of other accelerators alone.

    Parameters
    ----------
    ratios : iterable of Ratio
        Those without a variance are left out.
    level : float
        Nominal coverage.

    Raises
    ------
    ValueError
        Too few accelerators for a finite factor when one group is left out.
    """
    scored: dict[str, list[_Scored]] = {ANY: []}
    for ratio in ratios:
        if ratio.variance is not None:
            one = _Scored(
                accelerators=ratio.accelerators,
                error=math.log(ratio.predicted / ratio.measured),
                variance=ratio.variance,
            )
            scored[ANY].append(one)
            scored.setdefault(ratio.change, []).append(one)
    found = {change: _factor(_grouped(pairs), level) for change, pairs in scored.items()}
    if found[ANY] is None:
        raise ValueError("intervals of ratios need pairs of runs on more accelerators")
    return RatioFactors(level=level, changes={change: factor for change, factor in found.items() if factor})


def _grouped(pairs: Iterable[_Scored]) -> dict[tuple[str, ...], list[_Scored]]:
    groups: dict[tuple[str, ...], list[_Scored]] = {}
    for pair in pairs:
        groups.setdefault(pair.accelerators, []).append(pair)
    return groups


def _factor(groups: Mapping[tuple[str, ...], Sequence[_Scored]], level: float) -> RatioFactor | None:
    """Factor of all groups with its coverage; None where one without some accelerator would be infinite."""
    whole = _fitted(groups, level) if groups else None
    shares = []
    for accelerators, pairs in groups.items():
        others = _fitted(_without(groups, accelerators), level)
        if not math.isfinite(others.factor):
            return None
        shares.append(float(np.mean([abs(p.error) <= others.half_width(math.sqrt(p.variance)) for p in pairs])))
    if whole is None:
        return None
    return RatioFactor(
        **whole.model_dump(),
        coverage=round(float(np.mean(shares)), 3),
        coverage_error=round(float(np.std(shares, ddof=1) / math.sqrt(len(shares))), 3),
        count=sum(len(pairs) for pairs in groups.values()),
        groups=len(groups),
    )


def _without(
    groups: Mapping[tuple[str, ...], Sequence[_Scored]], accelerators: Collection[str]
) -> dict[tuple[str, ...], Sequence[_Scored]]:
    return {names: pairs for names, pairs in groups.items() if not set(names) & set(accelerators)}


def _fitted(groups: Mapping[tuple[str, ...], Sequence[_Scored]], level: float) -> Factor:
    """Scatter that makes the errors likeliest, and the hierarchical conformal factor beside it."""
    scored = [(pair, 1 / len(pairs)) for pairs in groups.values() for pair in pairs]
    error, variance = (np.array([getattr(p, name) for p, _ in scored]) for name in ("error", "variance"))
    weight = np.array([w for _, w in scored])
    scatter = round(_scatter(error, variance, weight), 4)
    scores = np.abs(error) / np.maximum(np.sqrt(variance + scatter**2), 1e-9)
    factor = weighted_quantile(scores, weight / (len(groups) + 1), level)
    # Rounded up, so that the run which it stands for is inside.
    return Factor.model_construct(
        factor=math.ceil(factor * 1e4) / 1e4 if factor < math.inf else factor, scatter=scatter
    )


def _scatter(error: np.ndarray, variance: np.ndarray, weight: np.ndarray) -> float:
    """Deviation beside the known variances under which normal errors are likeliest."""
    from scipy.optimize import minimize_scalar

    def unlikely(scatter: float) -> float:
        total = variance + scatter**2 + 1e-12
        return float((weight * (np.log(total) + error**2 / total)).sum())

    return float(minimize_scalar(unlikely, bounds=(0.0, _WIDEST), method="bounded").x) if len(error) else 0.0
