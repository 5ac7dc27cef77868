"""Conformal factors of ratios of two runs, by kind of change, and their coverage on accelerators left out."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hw_specs import SpecError, load_accelerator
from hw_specs.hypothetical.distance import distance
from simulator.uncertainty.intervals import Factor
from simulator.uncertainty.ratios import ANY, RatioFactor, RatioFactors
from validation.fitting.intervals.times import weighted_quantile
from validation.ratios.ratio import Ratio

__all__ = ["ScoredRatio", "accelerator_factor", "fit_ratio_factors"]

#: Widest deviation that a kind of change may have beyond what errors of kernels tell. [1]
_WIDEST = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredRatio:
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
    scored: dict[str, list[ScoredRatio]] = {ANY: []}
    ratios = tuple(ratios)
    for ratio in ratios:
        if ratio.variance is not None:
            one = ScoredRatio(
                accelerators=ratio.accelerators,
                error=math.log(ratio.predicted / ratio.measured),
                variance=ratio.variance,
            )
            scored[ANY].append(one)
            scored.setdefault(ratio.change, []).append(one)
    found = {change: accelerator_factor(pairs, level) for change, pairs in scored.items()}
    if found[ANY] is None:
        raise ValueError("intervals of ratios need pairs of runs on more accelerators")
    variants = _variants([r for r in ratios if r.change == "accelerator" and r.variance is not None], level)
    return RatioFactors(level=level, changes={c: factor for c, factor in found.items() if factor}, variants=variants)


def accelerator_factor(pairs: Iterable[ScoredRatio], level: float, *, unseen: int = 1) -> RatioFactor | None:
    """Factor of some pairs, each group of accelerators alike, and its coverage on those that it had not seen.

    None where the factor without one of them would be infinite.

    Parameters
    ----------
    pairs : iterable of ScoredRatio
    level : float
    unseen : int
        Groups that count as outside every interval, for what was not measured; 0 where there are too few groups.
    """
    return _factor(_grouped(pairs), level, unseen)


def _variants(ratios: Iterable[Ratio], level: float) -> RatioFactor | None:
    """Factor of errors by distance, of pairs of accelerators of one architecture; None where there are too few.

    The scatter is the mean error of a pair, a unit of distance, root mean square over pairs.
    """
    groups: dict[tuple[str, ...], list[float]] = {}
    for ratio in ratios:
        apart = _apart(ratio.accelerators)
        if apart > 0:
            error = abs(math.log(ratio.predicted / ratio.measured))
            groups.setdefault(ratio.accelerators, []).append(error / apart)
    scatter, factor = _by_distance(groups, level)
    shares = []
    for accelerators, errors in groups.items():
        others = {names: own for names, own in groups.items() if not set(names) & set(accelerators)}
        width = math.prod(_by_distance(others, level))
        shares.append(float(np.mean([error <= width for error in errors])))
    if not math.isfinite(factor) or len(shares) < 2:
        return None
    return RatioFactor(
        factor=factor,
        scatter=scatter,
        coverage=round(float(np.mean(shares)), 3),
        coverage_error=round(float(np.std(shares, ddof=1) / math.sqrt(len(shares))), 3),
        count=sum(map(len, groups.values())),
        groups=len(groups),
    )


def _by_distance(groups: Mapping[tuple[str, ...], Sequence[float]], level: float) -> tuple[float, float]:
    """Scatter of errors a unit of distance, each pair of accelerators counting alike, and the conformal factor."""
    weighted = [(error, 1 / len(errors)) for errors in groups.values() for error in errors]
    if not weighted:
        return 0.0, math.inf
    error, weight = np.array(weighted).T
    scatter = round(float(np.sqrt((weight * error**2).sum() / len(groups))), 4)
    factor = weighted_quantile(error / max(scatter, 1e-9), weight / (len(groups) + 1), level)
    return scatter, math.ceil(factor * 1e4) / 1e4 if math.isfinite(factor) else factor


def _apart(accelerators: Sequence[str]) -> float:
    """Distance of two accelerators of one architecture, 0 of any others."""
    try:
        one, other = (load_accelerator(name) for name in accelerators)
    except (SpecError, ValueError):  # no accelerator of the catalogue, or not two
        return 0.0
    return distance(one, other) if one.architecture == other.architecture else 0.0


def _grouped(pairs: Iterable[ScoredRatio]) -> dict[tuple[str, ...], list[ScoredRatio]]:
    groups: dict[tuple[str, ...], list[ScoredRatio]] = {}
    for pair in pairs:
        groups.setdefault(pair.accelerators, []).append(pair)
    return groups


def _factor(groups: Mapping[tuple[str, ...], Sequence[ScoredRatio]], level: float, unseen: int) -> RatioFactor | None:
    """Factor of all groups with its coverage; None where one without some accelerator would be infinite."""
    whole = _fitted(groups, level, unseen) if groups else None
    shares = []
    for accelerators, pairs in groups.items():
        others = _fitted(_without(groups, accelerators), level, unseen)
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
    groups: Mapping[tuple[str, ...], Sequence[ScoredRatio]], accelerators: Collection[str]
) -> dict[tuple[str, ...], Sequence[ScoredRatio]]:
    return {names: pairs for names, pairs in groups.items() if not set(names) & set(accelerators)}


def _fitted(groups: Mapping[tuple[str, ...], Sequence[ScoredRatio]], level: float, unseen: int) -> Factor:
    """Scatter that makes the errors likeliest, and the hierarchical conformal factor beside it."""
    scored = [(pair, 1 / len(pairs)) for pairs in groups.values() for pair in pairs]
    error, variance = (np.array([getattr(p, name) for p, _ in scored]) for name in ("error", "variance"))
    weight = np.array([w for _, w in scored])
    scatter = round(_scatter(error, variance, weight), 4)
    scores = np.abs(error) / np.maximum(np.sqrt(variance + scatter**2), 1e-9)
    factor = weighted_quantile(scores, weight / max(len(groups) + unseen, 1), level)
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
