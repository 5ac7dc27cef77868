"""Conformal factors of pipeline intervals, from published runs, and the coverage that they reach on unseen devices."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from hw_specs.output import write_text
from simulator.uncertainty.intervals import (
    BasisCoverage,
    ClassCoverage,
    ClassFactor,
    ClassFactors,
    IntervalFactors,
    Standing,
)
from simulator.uncertainty.projections import ProjectionFactors
from simulator.uncertainty.ratios import RatioFactors
from simulator.uncertainty.relatives import Relatives
from validation.published.errors import CaseResult

__all__ = ["class_factors", "fit_factor", "fit_intervals", "source_scatter", "weighted_quantile", "write_factors"]

FloatArray = NDArray[np.float64]


def fit_intervals(results: Iterable[CaseResult], *, level: float = 0.8) -> IntervalFactors:
    """Factor of all devices, factors without each of them, and the coverage of each device by the one without it.

    Whoever asks for an interval has a device of his own: what must hold is coverage of the next *device*, and the runs
    of one device resemble one another. So the fit takes each device alike (:func:`fit_factor`), and coverage is counted
    by leaving out the device of a run and its workload: what is counted is an interval for an accelerator and a
    workload of which the factor knows nothing. The factor that ships is the one of all runs.

    Parameters
    ----------
    results : iterable of CaseResult
    level : float
        Nominal coverage.

    Raises
    ------
    ValueError
        Too few devices for a finite factor when one of them is left out.
    """
    by_device = _by_device(results)
    fewest = math.ceil(level / (1 - level) - 1e-9) + 1
    if len(by_device) < fewest:
        raise ValueError(f"intervals need runs of at least {fewest} devices, got {len(by_device)}")
    whole = fit_factor(by_device, level)
    without = {
        device: fit_factor({name: runs for name, runs in by_device.items() if name != device}, level)
        for device in by_device
    }
    held = _held(by_device, level)
    shares = np.array([np.mean([held[id(run)] for run in runs]) for runs in by_device.values()])
    return IntervalFactors(
        factor=whole.factor,
        scatter=whole.scatter,
        by_class=whole.by_class,
        level=level,
        coverage=round(float(shares.mean()), 3),
        coverage_error=round(float(shares.std(ddof=1) / math.sqrt(len(shares))), 3),
        count=sum(len(runs) for runs in by_device.values()),
        devices=tuple(by_device),
        without={device: _of_its_own(factors, by_device[device]) for device, factors in without.items()},
        by_basis=_by_basis(by_device, without, held),
        classes=tuple(_classes(by_device, without, held)),
        sources=tuple(sorted({r.source for runs in by_device.values() for r in runs})),
    )


def fit_factor(by_device: Mapping[str, Sequence[CaseResult]], level: float) -> ClassFactors:
    r"""Hierarchical conformal factor, and those of classes (:func:`class_factors`).

    The scores :math:`|\log(\mathrm{measured}/\mathrm{predicted})| / \sqrt{\sigma^2 + \tau^2}` of `K` devices with
    :math:`n_k` runs each get the weights :math:`1 / ((K + 1) n_k)`; the rest of the weight, the next device's, lies at
    infinity. The factor is the smallest score that `level` of the weight does not exceed. Where devices are
    exchangeable, the interval then holds a run of the next one with at least that probability (Lee, Barber and Willett
    2023, Distribution-free inference with hierarchical data, theorem 1; Dunn, Wasserman and Ramdas 2022).
    """
    scatter = source_scatter(run for runs in by_device.values() for run in runs)
    scores, weights = [], []
    for runs in by_device.values():
        for run in runs:
            scores.append(abs(_log_error(run)) / math.hypot(run.deviation, scatter))
            weights.append(1 / ((len(by_device) + 1) * len(runs)))
    return ClassFactors(
        factor=round(weighted_quantile(np.array(scores), np.array(weights), level), 4),
        scatter=round(scatter, 4),
        by_class=class_factors(by_device, scatter, level),
    )


#: What tells classes, from the widest on: each is a part of the one before it.
_NESTED = (("maker",), ("maker", "way"), ("maker", "way", "family"))

#: Devices that the class around a class counts for beside its own. [1]
_KINSHIP = 3.0


def class_factors(
    by_device: Mapping[str, Sequence[CaseResult]], scatter: float, level: float
) -> tuple[ClassFactor, ...]:
    r"""Factor of each class, from the widest to the narrowest.

    It is the quantile of a mixture: the scores of the class by :math:`K / (K + \kappa)`, and those of the class around
    it, itself such a mixture, by the rest, where `K` devices are of the class. So a class of one device is hardly told
    from the wider one, and one of many stands by itself (shrinkage of an empirical distribution, as in hierarchical
    Bayes with a Dirichlet process of concentration :math:`\kappa` around the parent). The `n` runs of one device
    resemble one another, but are not the same: together they count :math:`\sqrt n`. Nothing lies at infinity for the
    device to come: what such factors hold is counted, on devices and workloads that they had not seen.
    """
    runs = [run for own in by_device.values() for run in own]
    scores = {id(run): abs(_log_error(run)) / math.hypot(run.deviation, scatter) for run in runs}
    mixtures: dict[tuple[str, ...], tuple[FloatArray, FloatArray]] = {(): _mixture(runs, scores)}
    found = []
    for names in _NESTED:
        for key in sorted({_values(run, names) for run in runs}):
            own = [run for run in runs if _values(run, names) == key]
            mixtures[key] = _mixture(own, scores, around=mixtures[key[:-1]])
            factor = weighted_quantile(*mixtures[key], level)
            found.append(ClassFactor.model_validate({**dict(zip(names, key, strict=True)), "factor": round(factor, 4)}))
    return tuple(found)


def _mixture(
    runs: Sequence[CaseResult], scores: Mapping[int, float], around: tuple[FloatArray, FloatArray] | None = None
) -> tuple[FloatArray, FloatArray]:
    """Scores of some runs with weights that add up to 1, and those of the class around them."""
    counts = Counter(run.device for run in runs)
    own = np.array([scores[id(run)] for run in runs])
    weights = np.array([counts[run.device] ** -0.5 for run in runs])
    weights /= weights.sum()
    if around is None:
        return own, weights
    share = len(counts) / (len(counts) + _KINSHIP)
    return np.concatenate([own, around[0]]), np.concatenate([share * weights, (1.0 - share) * around[1]])


def _values(run: CaseResult, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(getattr(run, name) for name in names)


def _standing(run: CaseResult) -> Standing:
    return Standing(family=run.family, maker=run.maker, basis=run.basis, way=run.way)


def _of_its_own(factors: ClassFactors, runs: Sequence[CaseResult]) -> ClassFactors:
    """Factors without the classes that none of some runs is of."""
    kept = [each for each in factors.by_class if any(each.holds(_standing(run)) for run in runs)]
    return factors.model_copy(update={"by_class": tuple(kept)})


def source_scatter(results: Iterable[CaseResult]) -> float:
    """Standard deviation of ``log(measured / predicted)`` among runs that a prediction cannot tell apart.

    Those are runs of one model on one device, with the same execution, dtype, batch and prediction per run: what
    differs is who ran it, with which versions. Pooled over such groups. [1]
    """
    groups: defaultdict[tuple[str, ...], list[float]] = defaultdict(list)
    for r in results:
        key = (r.model, r.device, r.execution, r.dtype, str(r.batch), f"{r.predicted:.3g}")
        groups[key].append(_log_error(r))
    squares = sum(float(np.var(group) * len(group)) for group in groups.values())
    freedom = sum(len(group) - 1 for group in groups.values())
    return math.sqrt(squares / freedom) if freedom else 0.0


def write_factors(factors: IntervalFactors | RatioFactors | ProjectionFactors | Relatives, path: Path) -> None:
    """Write factors as YAML."""
    write_text(path, yaml.safe_dump(factors.model_dump(mode="json"), sort_keys=False, width=110))


def weighted_quantile(values: FloatArray, weights: FloatArray, level: float) -> float:
    """Smallest value that `level` of the weight does not exceed; infinite where the weight does not suffice."""
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    position = int(np.searchsorted(reached, level - 1e-9))
    return float(values[order][position]) if position < len(values) else math.inf


def _by_device(results: Iterable[CaseResult]) -> dict[str, list[CaseResult]]:
    """Runs of each device, from the one with most."""
    found: defaultdict[str, list[CaseResult]] = defaultdict(list)
    for result in results:
        found[result.device].append(result)
    return {name: found[name] for name in sorted(found, key=lambda name: (-len(found[name]), name))}


def _log_error(run: CaseResult) -> float:
    return math.log(run.measured / run.predicted)


def _inside(run: CaseResult, factors: ClassFactors) -> bool:
    return abs(_log_error(run)) <= factors.of(_standing(run)).half_width(run.deviation)


def _held(by_device: Mapping[str, Sequence[CaseResult]], level: float) -> dict[int, bool]:
    """Whether each run is inside an interval whose factor saw neither its device nor its workload, by identity."""
    factors: dict[tuple[str, str], ClassFactors] = {}
    for device, runs in by_device.items():
        for model in {run.model for run in runs}:
            factors[device, model] = fit_factor(_others(by_device, device, model), level)
    return {id(run): _inside(run, factors[device, run.model]) for device, runs in by_device.items() for run in runs}


def _others(by_device: Mapping[str, Sequence[CaseResult]], device: str, model: str) -> dict[str, list[CaseResult]]:
    """Runs of other devices and workloads; where too few devices have any, those of other devices."""
    rest = {name: [run for run in runs if run.model != model] for name, runs in by_device.items() if name != device}
    kept = {name: runs for name, runs in rest.items() if runs}
    if len(kept) >= len(by_device) // 2:
        return kept
    return {name: list(runs) for name, runs in by_device.items() if name != device}


_Groups = Mapping[str, Sequence[CaseResult]]

#: Fewest accelerators that the coverage of a class is quoted from.
_FEWEST = 3


def _classes(
    by_device: _Groups, without: Mapping[str, ClassFactors], held: Mapping[int, bool]
) -> Iterator[ClassCoverage]:
    """Coverage of each class of enough accelerators, from the narrowest to the widest."""
    for names in (("family", "maker", "basis"), ("family", "maker"), ("maker", "basis"), ("maker",)):
        found: defaultdict[tuple[str, ...], dict[str, list[CaseResult]]] = defaultdict(dict)
        for device, runs in by_device.items():
            for run in runs:
                key = tuple(getattr(run, name) for name in names)
                found[key].setdefault(device, []).append(run)
        for key, groups in sorted(found.items()):
            if len(groups) >= _FEWEST:
                counted = _basis_coverage(groups, without, held)
                yield ClassCoverage.model_validate({**counted.model_dump(), **dict(zip(names, key, strict=True))})


def _by_basis(
    by_device: _Groups, without: Mapping[str, ClassFactors], held: Mapping[int, bool]
) -> dict[str, BasisCoverage]:
    """Coverage and width by what most of a run's kernels rest on."""
    found: defaultdict[str, dict[str, list[CaseResult]]] = defaultdict(dict)
    for device, runs in by_device.items():
        for run in runs:
            found[run.basis].setdefault(device, []).append(run)
    return {basis: _basis_coverage(groups, without, held) for basis, groups in sorted(found.items())}


def _basis_coverage(groups: _Groups, without: Mapping[str, ClassFactors], held: Mapping[int, bool]) -> BasisCoverage:
    shares = [np.mean([held[id(run)] for run in runs]) for runs in groups.values()]
    widths = [
        np.mean([without[device].of(_standing(r)).half_width(r.deviation) for r in runs])
        for device, runs in groups.items()
    ]
    return BasisCoverage(
        coverage=round(float(np.mean(shares)), 3),
        devices=len(groups),
        runs=sum(len(runs) for runs in groups.values()),
        half_width=round(float(np.mean(widths)), 3),
    )
