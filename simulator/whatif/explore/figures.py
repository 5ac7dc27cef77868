"""Figures that move while a number of the accelerator is dragged: a lowered run on a variant and on upgrades of it.

Kernels of the variant, and of the variant with twice of each resource, are timed in one computation. Latency, interval
and energy are those of :func:`simulator.simulate`, gains those of :func:`simulator.profile.upgrades.upgrades`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from hw_specs.overrides import with_followers
from hw_specs.price import price_terms
from simulator.cost import HardwareColumns, hardware_columns, kernel_times
from simulator.cost.model import BoostTimes
from simulator.hosts.costs import host_costs, host_of
from simulator.lowering.graphs.positions import positions_of
from simulator.profile.kernels import Ceiling, ceilings_of
from simulator.profile.upgrades import TRIED, faster_host, upgraded
from simulator.schedule.stage import Issue
from simulator.schedule.throughput import throughput_of
from simulator.schedule.timeline import issues_of
from simulator.variants import CostedVariants, VariantRun
from simulator.whatif.setups import Setup
from tracer.graph import OpGraph
from tracer.library.frame_rates import frame_rate_of

__all__ = ["Figures", "LoweredDesign"]

FloatArray = NDArray[np.float64]

_LINK, _POWER = 1 + TRIED.index("link"), 1 + TRIED.index("power")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What is known of a design at once; None, or NaN, where nothing says it.

    Attributes
    ----------
    latency, low, high : float
        With the ends of its 80 % interval. [s]
    energy : float
        Of the run on all devices. [J]
    outputs : float
        Of all devices. [1/s]
    throughput : mapping of str to float
        In the units of those who use it, of one replica (:func:`simulator.schedule.throughput.throughput_of`).
    peak_memory, capacity : float
        [B]
    fits : bool
    stages, categories : mapping of str to float
        Latency by part. [s]
    gains : mapping of str to float
        Speed-up with twice of each resource, and with a host twice as fast. [1]
    times : ndarray, shape (num_kernels,)
        Of one launch of each distinct kernel. [s]
    ceilings : list of Ceiling
    price : float or None
        Of the accelerator, where its file has one. [its currency]
    """

    latency: float
    low: float
    high: float
    energy: float
    outputs: float
    throughput: Mapping[str, float]
    peak_memory: float
    capacity: float
    fits: bool
    stages: Mapping[str, float]
    categories: Mapping[str, float]
    gains: Mapping[str, float]
    times: FloatArray
    ceilings: list[Ceiling]
    price: float | None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LoweredDesign:
    """A lowered workload that waits for numbers of its accelerator.

    Attributes
    ----------
    run : VariantRun
        Of the accelerator as it is, or of a variant with other values of the numbers that are changed.
    present : mapping of str to float
        Numbers of the accelerator as it is, by path. [SI]
    faster : tuple of Issue
        What a host that is twice as fast does in each stage.
    """

    run: VariantRun
    present: Mapping[str, float]
    faster: tuple[Issue, ...]

    @classmethod
    def of(cls, setup: Setup, graph: OpGraph, present: Mapping[str, float]) -> Self:
        """Of a setup whose accelerator is changed or as it is. Raises as :func:`simulator.simulate`."""
        part, pool = setup.accelerator, setup.calibrations
        run = VariantRun.of(graph, part, setup.execution, pool, host=setup.host, many=True)
        issuing = host_costs(host_of(part, pool, setup.host), part)
        return cls(run=run, present=present, faster=issues_of(run.launches, faster_host(issuing)))

    def numbers(self, chosen: Mapping[str, float]) -> dict[str, float]:
        """All numbers of the accelerator with some of them changed, by path, those that follow included."""
        return with_followers(self.present, chosen)

    def outcomes(self, tried: Sequence[Mapping[str, float]]) -> dict[str, FloatArray]:
        """Figures of :data:`simulator.variants.FIGURES` with numbers changed in some ways, each shape (len(tried),)."""
        every, count = [self.numbers(each) for each in tried], len(tried)
        numbers = {path: np.array([each[path] for each in every]) for path in every[0]}
        columns = self.run.columns.columns(numbers, count)
        costs = kernel_times(self.run.kernels, columns.at_boost())
        found = self.run.costed(columns, BoostTimes(costs.time, costs.draw), self.run.issues)
        return self.run.outcome(found, self.run.apart(numbers)) | self.run.memory(numbers, count)

    def figures(self, chosen: Mapping[str, float]) -> Figures:
        """Figures with some numbers of the accelerator changed; none of them, where it is as it is."""
        numbers = self.numbers(chosen)
        columns = upgraded(self._hardware(numbers if chosen else {}))
        boost = self._boost(columns)
        found = self.run.costed(columns, boost, self.run.issues)
        known = self.run.outcome(found, self.run.apart(numbers)) | self.run.memory(numbers, len(columns))
        first = {name: float(values[0]) for name, values in known.items()}
        stages, categories = self._parts(found, "by_stage"), self._parts(found, "by_category")
        graph = self.run.launches.graph
        return Figures(
            latency=first["latency"],
            low=first["latency_low"],
            high=first["latency_high"],
            energy=first["energy"],
            outputs=first["throughput"],
            throughput=throughput_of(graph, first["latency"], stages, frame_rate_of(graph)),
            peak_memory=first["peak_memory"],
            capacity=numbers["memory.dram.capacity"],
            fits=bool(first["fits"]),
            stages=stages,
            categories=categories,
            gains=self._gains(found, columns, boost),
            times=found.times[:, 0],
            ceilings=ceilings_of(self.run.kernels, found.hardware, self.run.accelerator),
            price=self._price(numbers),
        )

    def _hardware(self, numbers: Mapping[str, float]) -> HardwareColumns:
        """Columns of the accelerator as it is, or of a variant with all of these numbers."""
        if not numbers:
            return hardware_columns([self.run.accelerator], self.run.calibrations)
        return self.run.columns.columns({path: np.array([value]) for path, value in numbers.items()}, 1)

    def _boost(self, columns: HardwareColumns) -> BoostTimes:
        """Times at the boost clock, where more power changes nothing, nor do links that one device does not use."""
        place = np.arange(len(columns))
        place[_POWER] = 0
        if self.run.launches.execution.parallel.devices == 1:
            place[_LINK] = 0
        kept, at = np.unique(place, return_inverse=True)
        costs = kernel_times(self.run.kernels, columns.select(kept).at_boost()).at(columns=at)
        return BoostTimes(costs.time, costs.draw)

    def _gains(self, found: CostedVariants, columns: HardwareColumns, boost: BoostTimes) -> dict[str, float]:
        """Speed-ups, the largest first; none is below 1."""
        base, *others = found.elapsed().tolist()
        one = slice(1)
        first = BoostTimes(boost.time[:, one], type(boost.draw)(*(values[:, one] for values in boost.draw)))
        host = self.run.costed(columns.select(np.zeros(1, dtype=np.int64)), first, self.faster)
        latencies = dict(zip(TRIED, others, strict=True)) | {"host": float(host.elapsed()[0])}
        gains = {name: base / min(latency, base) if latency > 0 else 1.0 for name, latency in latencies.items()}
        return dict(sorted(gains.items(), key=lambda item: -item[1]))

    def _parts(self, found: CostedVariants, view: str) -> dict[str, float]:
        """Latency of each part of a view. [s]"""
        elapsed = np.concatenate([run.execution[:, 0] + run.waiting[:, 0] for run in found.runs])
        parts = positions_of(self.run.launches).views[view]
        return {name: float(elapsed[at].sum()) for name, at in parts.items()}

    def _price(self, numbers: Mapping[str, Any]) -> float | None:
        part = self.run.accelerator
        if part.price is None:
            return None
        return part.price.base + sum(c * float(numbers[path]) for path, c in price_terms(part).items())
