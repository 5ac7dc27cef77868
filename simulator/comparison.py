"""Two simulations set against each other: the ratio of their times, whole and part by part, with its interval."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hw_specs import Accelerator
from hw_specs.hypothetical.distance import distance
from simulator.schedule.pieces import Pieces
from simulator.uncertainty.components import ErrorComponents, accelerator_correlation, changed_share, ratio_variance
from simulator.uncertainty.deviation import RunDeviation, run_deviation
from simulator.uncertainty.ratios import RatioInterval, ratio_interval

from .profile.parts import positions_by
from .report import Entry
from .simulation import Simulation

__all__ = [
    "Comparison",
    "Speedup",
    "changes_between",
    "compare",
    "compare_by",
    "speedup_between",
    "speedup_of_variant",
]

#: Launch positions of some part of a run, None for all of it; and those of each part of a view.
Chosen = NDArray[np.int64] | None
Positions = Mapping[str, NDArray[np.int64]]


# A part whose kernels differ by less is not touched by what changed between the runs: the rest of the run may move its
# clock by as much. [1]
_UNTOUCHED = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Speedup:
    """How many times as fast a run or a part of it is as in the reference.

    Attributes
    ----------
    latency, reference : float
        [s]
    ratio : float
        ``reference / latency``. [1]
    interval : RatioInterval, optional
        None where a fidelity is a bound.
    """

    latency: float
    reference: float
    ratio: float
    interval: RatioInterval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A run against a reference.

    Attributes
    ----------
    model : str
    accelerator, reference : str
    changes : tuple of str
        Kinds of change between them (:func:`changes_between`).
    whole : Speedup
    by_stage, by_category : mapping
        Of the parts that both have.
    """

    model: str
    accelerator: str
    reference: str
    changes: tuple[str, ...]
    whole: Speedup
    by_stage: Mapping[str, Speedup]
    by_category: Mapping[str, Speedup]

    def to_dict(self) -> dict[str, Any]:
        """Plain form for JSON."""
        return asdict(self)


def compare(run: Simulation, reference: Simulation) -> Comparison:
    """How many times as fast one simulated run is as another, the reference.

    Errors that both share cancel: those of the same kernels on the same accelerator, and of the host.

    Parameters
    ----------
    run, reference : Simulation
        Of any two workloads, accelerators and executions; parts are compared where their names agree.
    """
    pair = _pair(run, reference)
    one, two = run.report, reference.report
    return Comparison(
        model=one.model,
        accelerator=run.accelerator.name,
        reference=reference.accelerator.name,
        changes=pair.changes,
        whole=pair.whole(),
        by_stage=dict(pair.parts(one.by_stage, two.by_stage, _stages)),
        by_category=dict(pair.parts(one.by_category, two.by_category, _categories)),
    )


def compare_by(run: Simulation, reference: Simulation, key: str) -> dict[str, Speedup]:
    """The same for the parts by a key that both runs have, the one that takes longest in either first.

    Parameters
    ----------
    run, reference : Simulation
    key : str
        Of :data:`simulator.profile.parts.KEYS`.

    Raises
    ------
    ValueError
        There is no such key.
    """
    pair = _pair(run, reference)
    mine, theirs = (positions_by(each.launches, key) for each in (run, reference))
    times, others = (Pieces.of(each.timeline, each.gains.shares).latency for each in (run, reference))
    found = {
        name: pair.speedup(float(times[at].sum()), float(others[theirs[name]].sum()), at, theirs[name])
        for name, at in mine.items()
        if name in theirs
    }
    return dict(sorted(found.items(), key=lambda item: -max(item[1].latency, item[1].reference)))


def speedup_between(run: Simulation, reference: Simulation) -> Speedup:
    """The whole of :func:`compare` alone."""
    return _pair(run, reference).whole()


def speedup_of_variant(
    latency: float,
    reference: float,
    errors: tuple[ErrorComponents, ErrorComponents],
    *,
    changes: tuple[str, ...] = (),
    distance: float = 0.0,
) -> Speedup:
    """Speed-up of a run on a variant of a part over the run on another one, given what the errors of both are made of.

    Parameters
    ----------
    latency, reference : float
        [s]
    errors : tuple of ErrorComponents
        Of both, in the same order, by the residuals of the part.
    changes : tuple of str
        Kinds of change beside that of the variant.
    distance : float
        Between the variants (:mod:`hw_specs.hypothetical.distance`). [1]
    """
    variance = ratio_variance(*errors, accelerators_alike=1.0, one_host="host" not in changes)
    ratio = reference / latency if latency else 1.0
    interval = ratio_interval(ratio, variance, changes, distance=distance)
    return Speedup(latency=latency, reference=reference, ratio=ratio, interval=interval)


def _pair(run: Simulation, reference: Simulation) -> _Pair:
    return _Pair(run=run, reference=reference, changes=changes_between(run, reference))


def changes_between(run: Simulation, reference: Simulation) -> tuple[str, ...]:
    """Kinds of change between two runs: those of published pairs, ``software``, ``host`` and ``other``."""
    one, two = run.report, reference.report
    named = {"attention": "attention", "mode": "execution", "quantize": "quantization", "software": "software"}
    settings = {"batch": "batch", "height": "resolution", "width": "resolution", "dtype": "number format"}
    found = ["accelerator"] if run.accelerator != reference.accelerator else []
    found += [named.get(name, "other") for name in one.execution if one.execution[name] != two.execution.get(name)]
    found += [settings.get(name, "other") for name in one.workload if one.workload[name] != two.workload.get(name)]
    found += ["host"] if one.host != two.host else []
    found += ["other"] if one.model != two.model else []
    return tuple(dict.fromkeys(found))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """Two runs whose parts are compared."""

    run: Simulation
    reference: Simulation
    changes: tuple[str, ...]

    def whole(self) -> Speedup:
        return self.speedup(self.run.report.latency, self.reference.report.latency, None, None)

    def parts(
        self, mine: Mapping[str, Entry], theirs: Mapping[str, Entry], positions: Callable[[Simulation], Positions]
    ) -> Iterator[tuple[str, Speedup]]:
        """Parts of a view that both have, given the launch positions of each of its parts."""
        own, others = positions(self.run), positions(self.reference)
        for name in mine:
            if name in theirs:
                yield name, self.speedup(mine[name].latency, theirs[name].latency, own[name], others[name])

    def speedup(self, latency: float, reference: float, mine: Chosen, theirs: Chosen) -> Speedup:
        ratio = reference / latency if latency else 1.0
        return Speedup(latency=latency, reference=reference, ratio=ratio, interval=self._interval(ratio, mine, theirs))

    def _interval(self, ratio: float, mine: Chosen, theirs: Chosen) -> RatioInterval | None:
        mine_of, theirs_of = (self._deviation(each) for each in (self.run, self.reference))
        if mine_of is None or theirs_of is None:
            return None
        changes = tuple(each for each in self.changes if each != "accelerator" or not self.variants)
        alike = accelerator_correlation(self.run.calibrations) if "accelerator" in changes else 1.0
        first, second = mine_of.components(mine), theirs_of.components(theirs)
        if changed_share(first, second) < _UNTOUCHED:
            changes = ()
        one_host = "host" not in changes
        variance = ratio_variance(first, second, accelerators_alike=alike, one_host=one_host)
        return ratio_interval(ratio, variance, changes, distance=self._distance())

    @property
    def variants(self) -> bool:
        """Whether one part is behind both runs."""
        return _product(self.run) == _product(self.reference)

    def _deviation(self, run: Simulation) -> RunDeviation | None:
        """Deviation of a run; a variant beside another one of its part is off as the part is."""
        return _deviation_of_product(run) if self.variants else run.deviation

    def _distance(self) -> float:
        one, two = self.run.accelerator, self.reference.accelerator
        if self.variants:
            return distance(one, two)
        return math.hypot(distance(one, _product(self.run)), distance(two, _product(self.reference)))


def _product(run: Simulation) -> Accelerator:
    return run.accelerator.product or run.accelerator


@functools.lru_cache(maxsize=8)
def _deviation_of_product(run: Simulation) -> RunDeviation | None:
    product = _product(run)
    if product is run.accelerator or run.deviation is None:
        return run.deviation
    return run_deviation(run.timeline, run.kernels, run.costs.time[:, 0], product, run.calibrations)


def _stages(simulation: Simulation) -> Positions:
    return {s.launches.stage.name: simulation.positions_of(s.launches.stage.name) for s in simulation.timeline.stages}


def _categories(simulation: Simulation) -> Positions:
    names = np.array([name for s in simulation.timeline.stages for name in s.launches.categories])
    return {name: np.flatnonzero(names == name) for name in dict.fromkeys(names.tolist())}
