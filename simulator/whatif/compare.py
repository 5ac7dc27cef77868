"""Many runs side by side: latency, energy and memory of each, and its ratio to the first with its interval."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from hw_specs import price_of
from simulator.comparison import Speedup, speedup_between
from simulator.cost.model import Fidelity
from simulator.lowering import compiled_remarks
from simulator.report import Report
from simulator.schedule.pieces import BoundShares
from simulator.simulation import Simulation
from simulator.uncertainty.unchecked import unchecked_remarks
from simulator.views.frames import frame_of

from .setups import Setup

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ComparedRun", "Ends", "SideBySide", "UncertainOrder", "compare_setups", "overlap_of"]

#: Ends of an 80 % interval.
Ends = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRun:
    """One run beside others. ``None`` of an interval: of a bound from the datasheet.

    Attributes
    ----------
    model, accelerator : str
    settings : mapping
        What differs among the runs that are compared, beside model and accelerator.
    latency : float
        [s]
    interval : (float, float), optional
        80 % interval of the latency. [s]
    ratio : float
        Latency of the first run of all over this one: how many times as fast it is. [1]
    ratio_interval : (float, float), optional
        In which errors that both runs share cancel. [1]
    energy : float, optional
        None where nothing says what the part draws. [J]
    peak_memory : int
        [B]
    fits : bool
        Whether the accelerator has that much memory.
    cost : float, optional
        Of the accelerator, in the currency of its price; None where it has none.
    gain : Speedup
        Against the first run of the same model.
    faster : float, optional
        Probability that it is faster than that run
        (:meth:`~simulator.uncertainty.ratios.RatioInterval.probability_above`).
    overlap : float, optional
        Of the intervals of both (:func:`overlap_of`). [1]
    report : Report
        All else.
    """

    model: str
    accelerator: str
    settings: Mapping[str, object]
    latency: float
    interval: Ends | None
    ratio: float
    ratio_interval: Ends | None
    energy: float | None
    peak_memory: int
    fits: bool
    cost: float | None
    gain: Speedup
    faster: float | None
    overlap: float | None
    report: Report

    @property
    def bounds(self) -> Mapping[str, BoundShares]:
        """What holds each category back."""
        return self.report.bound_by_category

    def to_dict(self) -> dict[str, Any]:
        """Plain form for JSON."""
        return {
            "model": self.model,
            "accelerator": self.accelerator,
            "settings": dict(self.settings),
            "latency": self.latency,
            "interval": self.interval,
            "ratio": self.ratio,
            "ratio_interval": self.ratio_interval,
            "faster": self.faster,
            "overlap": self.overlap,
            "unmeasured": self.report.unmeasured,
            "energy": self.energy,
            "peak_memory": self.peak_memory,
            "fits": self.fits,
            "cost": self.cost,
            "bound_by_category": {name: asdict(shares) for name, shares in self.bounds.items()},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class UncertainOrder:
    """Two runs of one model that are neighbours by latency, and of which either may be the faster one.

    ``faster`` and ``slower`` are positions among the runs, as predicted; ``speedup`` is of the first over the second,
    ``probability`` that it is above 1, and ``overlap`` of the intervals of both latencies.
    """

    faster: int
    slower: int
    speedup: Speedup
    probability: float
    overlap: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SideBySide:
    """Runs in the order in which they were asked for, pairs whose order is not certain, and other remarks."""

    runs: tuple[ComparedRun, ...]
    uncertain: tuple[UncertainOrder, ...]
    remarks: tuple[str, ...] = ()

    def to_list(self) -> list[dict[str, Any]]:
        """Plain form for JSON."""
        return [run.to_dict() for run in self.runs]

    def to_pandas(self) -> pd.DataFrame:
        """A row for each run (:func:`simulator.views.frames.frame_of`)."""
        return frame_of(self.to_list())


def compare_setups(
    setups: Sequence[Setup], *, fidelity: Fidelity = "calibrated", progress: Callable[[str], None] | None = None
) -> SideBySide:
    """Simulate some setups and set them side by side.

    Parameters
    ----------
    setups : sequence of Setup
        One at least; the first is what the others are compared with.
    fidelity : {"calibrated", "roofline"}
    progress : callable, optional
        Called with the model of each run that was simulated.

    Raises
    ------
    UnsupportedFormatError, ExecutionError
        An accelerator cannot run a setup.
    """
    simulations = list(_simulated(setups, fidelity, progress))
    firsts = {setup.model: simulation for setup, simulation in reversed(list(zip(setups, simulations, strict=True)))}
    differing = _differing(setups)
    runs = tuple(
        _compared(simulation, {name: setup.chosen.get(name) for name in differing}, simulations[0], firsts[setup.model])
        for setup, simulation in zip(setups, simulations, strict=True)
    )
    said = [setup.remark for setup in setups if setup.remark]
    said += [line for each in simulations for line in unchecked_remarks(each.launches.graph.workload)]
    said += [line for each in simulations for line in compiled_remarks(each.accelerator, each.launches.kernels)]
    remarks = tuple(dict.fromkeys(said))
    return SideBySide(runs=runs, uncertain=tuple(_uncertain(setups, simulations)), remarks=remarks)


def overlap_of(one: Ends, other: Ends) -> float:
    """Share that two intervals have in common of what both cover together, on a logarithmic scale. [1]

    Errors that both runs share move both intervals: their ratio may be certain where they overlap.
    """
    common = math.log(min(one[1], other[1]) / max(one[0], other[0]))
    together = math.log(max(one[1], other[1]) / min(one[0], other[0]))
    return max(common, 0.0) / together if together > 0 else 1.0


def _simulated(
    setups: Sequence[Setup], fidelity: Fidelity, progress: Callable[[str], None] | None
) -> Iterator[Simulation]:
    for setup in setups:
        yield setup.simulated(fidelity)
        if progress is not None:
            progress(setup.model)


def _differing(setups: Sequence[Setup]) -> list[str]:
    names = dict.fromkeys(name for setup in setups for name in setup.chosen)
    return [name for name in names if len({str(setup.chosen.get(name)) for setup in setups}) > 1]


def _compared(
    run: Simulation, settings: Mapping[str, object], first: Simulation, first_of_model: Simulation
) -> ComparedRun:
    report, against, gain = run.report, speedup_between(run, first), speedup_between(run, first_of_model)
    return ComparedRun(
        model=report.model,
        accelerator=report.accelerator,
        settings=settings,
        latency=report.latency,
        interval=_interval(run),
        ratio=against.ratio,
        ratio_interval=_ends(against),
        energy=_energy(report),
        peak_memory=report.peak_memory,
        fits=report.fits,
        cost=price_of(run.accelerator),
        gain=gain,
        faster=None if gain.interval is None else gain.interval.probability_above(),
        overlap=_overlap(run, first_of_model),
        report=report,
    )


def _interval(run: Simulation) -> Ends | None:
    found = run.report.interval
    return None if found is None else (found.low, found.high)


def _overlap(run: Simulation, other: Simulation) -> float | None:
    one, two = _interval(run), _interval(other)
    return None if one is None or two is None else overlap_of(one, two)


def _energy(report: Report) -> float | None:
    """Energy of all devices of a run; None where it is not known. [J]"""
    if report.sharing is not None:
        return report.sharing.energy
    return None if report.energy is None else report.energy.energy


def _ends(speedup: Speedup) -> Ends | None:
    return None if speedup.interval is None else (speedup.interval.low, speedup.interval.high)


def _uncertain(setups: Sequence[Setup], simulations: Sequence[Simulation]) -> Iterator[UncertainOrder]:
    """Neighbours by latency among the runs of one model whose ratio may be on either side of 1."""
    for model in dict.fromkeys(setup.model for setup in setups):
        places = [at for at, setup in enumerate(setups) if setup.model == model]
        places.sort(key=lambda at: simulations[at].report.latency)
        for faster, slower in pairwise(places):
            speedup = speedup_between(simulations[faster], simulations[slower])
            if speedup.interval is not None and speedup.interval.low < 1.0 < speedup.interval.high:
                yield UncertainOrder(
                    faster=faster,
                    slower=slower,
                    speedup=speedup,
                    probability=speedup.interval.probability_above(),
                    overlap=_overlap(simulations[faster], simulations[slower]) or 0.0,
                )
