"""Conformal factors of pipeline intervals, from published runs, and the coverage that they reach on others."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml

from simulator.intervals import IntervalFactors

from .case_errors import CaseResult

__all__ = ["coverage", "fit_intervals", "halves", "write_factors"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Half:
    """Results of one half of the devices."""

    devices: tuple[str, ...]
    results: tuple[CaseResult, ...]


def fit_intervals(results: Iterable[CaseResult], *, level: float = 0.8) -> IntervalFactors:
    r"""Split-conformal factors.

    The devices are split into two halves. On one, the scores
    :math:`|\log(\mathrm{measured}/\mathrm{predicted}) - b| / \sigma` are sorted, and the factor is the one that the
    smallest ``ceil((n + 1) level)`` of them reach (Lei et al. 2018, Distribution-free predictive inference for
    regression, section 2.2), each device counting alike. On the other half, coverage is counted. No run of either half
    took part in the fit of the cost model; devices are split rather than runs, because the runs of one device
    resemble one another. Both halves are tried for the fit, and the wider factor is kept: few devices make a half, and
    an interval that is too wide misleads less than one that is too narrow.

    Parameters
    ----------
    results : iterable of CaseResult
    level : float
        Nominal coverage.

    Raises
    ------
    ValueError
        Fewer than two devices.
    """
    first, second = halves(results)
    return max((_fitted(first, second, level), _fitted(second, first, level)), key=lambda factors: factors.factor)


def _fitted(fitted: Half, tried: Half, level: float) -> IntervalFactors:
    """Factors from one half, with the coverage on the other."""
    errors = np.array([math.log(r.measured / r.predicted) for r in fitted.results])
    weights = _device_weights(fitted.results)
    centre = _weighted_median(errors, weights)
    scores = np.abs(errors - centre) / np.array([r.deviation for r in fitted.results])
    plain = IntervalFactors(
        level=level,
        factor=round(_weighted_quantile(scores, weights, level), 4),
        centre=round(centre, 4),
        fitted_count=len(fitted.results),
        coverage=0.0,
        tried_count=len(tried.results),
        fitted_on=", ".join(fitted.devices),
        tried_on=", ".join(tried.devices),
        sources=tuple(sorted({r.source for r in (*fitted.results, *tried.results)})),
    )
    return plain.model_copy(update={"coverage": round(coverage(tried.results, plain), 3)})


def coverage(results: Sequence[CaseResult], factors: IntervalFactors) -> float:
    """Share of runs inside their interval."""
    inside = [abs(math.log(r.measured / r.predicted) - factors.centre) <= factors.factor * r.deviation for r in results]
    return float(np.mean(inside)) if inside else 0.0


def halves(results: Iterable[CaseResult]) -> tuple[Half, Half]:
    """Two halves by device: devices in the order of their number of runs go to the smaller half in turn.

    Raises
    ------
    ValueError
        Fewer than two devices.
    """
    by_device: dict[str, list[CaseResult]] = {}
    for result in results:
        by_device.setdefault(result.device, []).append(result)
    if len(by_device) < 2:
        raise ValueError(f"intervals need runs of at least two devices, got {len(by_device)}")
    groups: tuple[list[str], list[str]] = ([], [])
    for position, device in enumerate(sorted(by_device, key=lambda d: (-len(by_device[d]), d))):
        groups[position % 2].append(device)
    first, second = (
        Half(devices=tuple(names), results=tuple(r for name in names for r in by_device[name])) for names in groups
    )
    return first, second


def write_factors(factors: IntervalFactors, path: Path) -> None:
    """Write factors as YAML."""
    path.write_text(yaml.safe_dump(factors.model_dump(mode="json"), sort_keys=False, width=110), encoding="utf-8")


def _device_weights(results: Sequence[CaseResult]) -> np.ndarray:
    """Weight of each run, so that every device counts alike."""
    count = Counter(r.device for r in results)
    return np.array([1 / count[r.device] for r in results])


def _weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    order = np.argsort(values)
    reached = np.cumsum(weights[order]) / weights.sum()
    return float(values[order][int(np.searchsorted(reached, 0.5 - 1e-9))])


def _weighted_quantile(values: np.ndarray, weights: np.ndarray, level: float) -> float:
    """Smallest value that `level` of the weight, and one run's weight more, does not exceed."""
    order = np.argsort(values)
    reached = np.cumsum(weights[order]) / (weights.sum() + weights.mean())
    position = min(int(np.searchsorted(reached, level)), len(values) - 1)
    return float(values[order][position])
