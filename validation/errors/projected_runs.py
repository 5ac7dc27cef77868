"""Sums of operator calls that were measured on two devices, each projected from one to the other.

A sum stands for a trace: some calls, each with a count, on a device whose times are known. It is projected as
:mod:`simulator.projection.projection` does, and held against the same sum on the other device. The target is
predicted twice, with the calibration that was fitted on it and as if it had never been measured.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw_specs import CalibrationPool
from simulator.cost import kernel_times
from simulator.projection.carried import carried_over, scatter_between
from simulator.uncertainty.components import ErrorComponents, accelerator_correlation, ratio_variance
from simulator.uncertainty.deviation import summed_components
from tracer.operators import COLLECTIVES, kind_of
from validation.measured.tables import MeasuredKernels
from validation.measured.timing import NO_OVERHEAD, timings_of, with_timing

__all__ = ["ProjectedRun", "projected_runs"]

FloatArray = NDArray[np.float64]
_Key = tuple[str, str, str, str, str]
#: Calls of which the way of timing adds more than this share say more of it than of the device.
_MOST_ADDED = 0.25
_FEWEST_CALLS = 40
#: Distinct calls of a sum; traces of models have some dozens, of which a few take most of the time.
_SIZES = (4, 48)
#: Deviation of the logarithm of the share of a call.
_UNEVEN = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectedRun:
    """One sum of calls. Times in seconds.

    Attributes
    ----------
    source, target : str
        Accelerators.
    calls : int
        Distinct calls.
    measured_source, measured, projected : float
        The sum on the source and on the target, and what the combined projection says of the target.
    variance : float
        Of the logarithm of the ratio of both predictions, as an interval knows it. [1]
    alike : bool
        Whether both accelerators are of one architecture.
    withheld : bool
        Whether the target was predicted as if it had never been measured.
    """

    source: str
    target: str
    calls: int
    measured_source: float
    measured: float
    projected: float
    variance: float
    alike: bool
    withheld: bool

    @property
    def error(self) -> float:
        """Logarithm of projected over measured time. [1]"""
        return math.log(self.projected / self.measured)


def projected_runs(
    tables: Sequence[MeasuredKernels], calibrations: CalibrationPool, *, runs: int = 12, seed: int = 1
) -> list[ProjectedRun]:
    """So many sums for each pair of tables that have enough calls in common, each with and without its calibration."""
    known = [_Costed(table, calibrations) for table in tables]
    unseen = [_Costed(table, _without(calibrations, table)) for table in tables]
    random = np.random.default_rng(seed)
    result = []
    for source, target in itertools.permutations(range(len(tables)), 2):
        keys = sorted(known[source].calls.keys() & known[target].calls.keys())
        if tables[source].accelerator.name == tables[target].accelerator.name or len(keys) < _FEWEST_CALLS:
            continue
        for chosen in _mixtures(keys, runs, random):
            weights = np.exp(_UNEVEN * random.standard_normal(len(chosen)))
            rows = [[known[each].calls[key] for key in chosen] for each in (source, target)]
            for on_target, withheld in ((known[target], False), (unseen[target], True)):
                result.append(_projected(known[source], on_target, rows, weights, withheld=withheld))
    return result


def _mixtures(keys: Sequence[_Key], runs: int, random: np.random.Generator) -> Iterator[list[_Key]]:
    """Distinct calls of some operators, as often of one operator as of another."""
    by_operator: defaultdict[tuple[str, str], list[_Key]] = defaultdict(list)
    for key in keys:
        by_operator[key[1], key[2]].append(key)
    groups = list(by_operator.values())
    for _ in range(runs):
        some = [group for group in groups if random.random() < 0.7] or groups
        size = round(math.exp(random.uniform(*np.log(_SIZES))))
        picked = [some[random.integers(len(some))] for _ in range(size)]
        yield sorted({group[random.integers(len(group))] for group in picked})


def _projected(
    source: _Costed, target: _Costed, rows: Sequence[list[int]], weights: FloatArray, *, withheld: bool
) -> ProjectedRun:
    here, there = rows
    measured = source.latency[here]
    counts = weights / measured
    scatter = scatter_between(source.accelerator, target.accelerator)
    projected = target.predicted[there] * carried_over(measured / source.predicted[here], scatter)
    alike = accelerator_correlation(target.calibrations)
    errors = source.errors(here, counts), target.errors(there, counts)
    return ProjectedRun(
        source=source.accelerator.name,
        target=target.accelerator.name,
        calls=len(here),
        measured_source=float(counts @ measured),
        measured=float(counts @ target.latency[there]),
        projected=float(counts @ projected),
        variance=ratio_variance(*errors, accelerators_alike=alike),
        alike=scatter == 0,
        withheld=withheld,
    )


class _Costed:
    """A table with its predictions."""

    def __init__(self, table: MeasuredKernels, calibrations: CalibrationPool) -> None:
        self.accelerator = table.accelerator
        self.calibrations = calibrations
        self.latency = table.latency
        self._table = table
        self._kernel_time = kernel_times(table.kernels, table.hardware(calibrations)).time[:, 0]
        timings = timings_of(calibrations, table.accelerator.name)
        timing = [timings.get(way, NO_OVERHEAD) for way in zip(table.source, table.op, strict=True)]
        alone = table.per_row(self._kernel_time)
        self.predicted = with_timing(
            alone, floor=np.array([t.floor for t in timing]), offset=np.array([t.offset for t in timing])
        )
        self.calls = _calls(table, alone >= (1.0 - _MOST_ADDED) * self.predicted)

    def errors(self, rows: Sequence[int], counts: FloatArray) -> ErrorComponents:
        """What the error of the sum of some rows is made of."""
        count = np.zeros(len(self._table))
        count[rows] = counts
        kernels = self._table.kernels.with_count(count[self._table.row])
        return summed_components(kernels, self._kernel_time, self.accelerator, self.calibrations)


def _calls(table: MeasuredKernels, usable: NDArray[np.bool_]) -> Mapping[_Key, int]:
    """Row of each call that a table has once, and that runs on one device."""
    keys = list(zip(table.source, table.op, table.dtype, table.shapes, table.attributes, strict=True))
    times = Counter(keys)
    return {
        key: row
        for row, key in enumerate(keys)
        if usable[row] and times[key] == 1 and kind_of(key[1]) not in COLLECTIVES
    }


def _without(calibrations: CalibrationPool, table: MeasuredKernels) -> CalibrationPool:
    """Calibrations that were not fitted on a device."""
    name = table.accelerator.name
    return calibrations.without({c.name for c in calibrations.calibrations if name in c.accelerators})
