"""What a simulation found: totals, and the same total seen by stage, category, module and bound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hw_specs import Accelerator
from hw_specs.inheritance.lineage import line_of
from hw_specs.listing.traits import assumptions
from simulator.energy.run import EnergyEstimate
from simulator.hosts.host import Host
from simulator.parallel.sharing import Sharing, sharing_of
from simulator.schedule.device_memory import DeviceMemory, device_memory
from simulator.schedule.pieces import BoundShares, Pieces, bound_shares
from simulator.schedule.throughput import throughput_of
from simulator.schedule.timeline import Timeline
from simulator.uncertainty.deviation import RunDeviation
from simulator.uncertainty.intervals import Interval, Standing, interval_ends
from tracer.graph import OpGraph

from .cost import BASES, CoreSteps, Gains, KernelCosts
from .kernels import KernelTables
from .lowering import Launches
from .lowering.graphs.positions import VIEWS
from .lowering.quantization import QuantizedWeights
from .views.frames import report_frame, report_html

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Ends",
    "Entry",
    "Report",
    "Unmodelled",
    "ends_of",
    "main_basis",
    "make_report",
]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Part of a total.

    Attributes
    ----------
    latency : float
        Elapsed time, waiting for the host included. [s]
    flops : float
        Adds and multiplies of products, convolutions and attention: what counters of FLOPs count. [FLOP]
    bytes : float
        Compulsory traffic of the kernels. [B]
    share : float
        Part of the total latency, 0 to 1.
    """

    latency: float
    flops: float
    bytes: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """Ends of an 80 % interval. [s]"""

    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmodelled:
    """An operator that has no formula: its time is missing from the total.

    Attributes
    ----------
    operator : str
    calls : int
        In the whole run.
    share : float
        Part of all calls that should launch something.
    """

    operator: str
    calls: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Result of one simulation. All quantities in SI units.

    ``host`` is name, kind, year and processor of what drives the accelerator, None where the time is a bound.
    ``basis`` has the share of latency by what its kernels' times rest on; ``vector_flops`` and ``special_ops`` are the
    arithmetic that `flops` leaves out. ``part_intervals`` has the 80 % interval of each latency of each view, made as
    that of the total: name of the view to name of the part to ends, ``by_stage`` and so on; empty where the fidelity is
    a bound. ``memory`` is what is in use where it is most, by what holds it; ``throughput`` has outputs in the units of
    those who use them, by name. ``core_steps`` says what 1 % of the cores changes, ``assumptions`` what stands in for
    what nobody states of the accelerator's architecture, ``remarks`` which parts run otherwise than was asked for,
    ``quantized`` what a scheme of quantisation has changed. Where several devices share the work, all is of one of
    them, and ``sharing`` says what that comes to; None for one device. ``unmeasured`` is the share of the time in
    kernels for which no part of the accelerator's ``line`` was measured.
    """

    model: str
    accelerator: str
    workload: dict[str, Any]
    execution: dict[str, Any]
    fidelity: str
    host: dict[str, Any] | None
    latency: float
    interval: Interval | None
    energy: EnergyEstimate | None
    flops: float
    bytes: float
    vector_flops: float
    special_ops: float
    parameters: int
    memory: DeviceMemory
    throughput: dict[str, float]
    memory_capacity: int
    by_stage: dict[str, Entry]
    by_category: dict[str, Entry]
    by_module: dict[str, Entry]
    bound: BoundShares
    bound_by_category: dict[str, BoundShares]
    basis: dict[str, float]
    components: dict[str, int]
    launches: float
    unmodelled: tuple[Unmodelled, ...]
    sources: tuple[str, ...]
    assumptions: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    core_steps: CoreSteps | None = None
    quantized: QuantizedWeights | None = None
    repeats: dict[str, int] = field(default_factory=dict)
    part_intervals: dict[str, dict[str, Ends]] = field(default_factory=dict)
    sharing: Sharing | None = None
    unmeasured: float = 0.0
    line: str = ""

    @property
    def peak_memory(self) -> int:
        """Memory of the device where it is most, all included. [B]"""
        return self.memory.total

    @property
    def fits(self) -> bool:
        """Whether the accelerator's memory holds it."""
        return self.peak_memory <= self.memory_capacity

    def to_dict(self) -> dict[str, Any]:
        """Plain form for JSON."""
        plain = asdict(self)
        energy = None if self.energy is None else self.energy.to_dict()
        return {**plain, "peak_memory": self.peak_memory, "fits": self.fits, "energy": energy}

    def to_pandas(self, by: str = "stage") -> pd.DataFrame:
        """Parts of the run by ``stage``, ``category`` or ``module`` (:func:`simulator.views.frames.report_frame`)."""
        return report_frame(self, by)

    def _repr_html_(self) -> str:
        """The report in a notebook."""
        return report_html(self)


def make_report(
    timeline: Timeline,
    costs: KernelCosts,
    accelerator: Accelerator,
    basis: NDArray[np.int64],
    gains: Gains,
    *,
    fidelity: str,
    interval: Interval | None = None,
    deviation: RunDeviation | None = None,
    standing: Standing | None = None,
    energy: EnergyEstimate | None = None,
    host: Host | None = None,
    remarks: Sequence[str] = (),
    frame_rate: float | None = None,
    module_depth: int = 3,
) -> Report:
    """Views of a timeline.

    Parameters
    ----------
    timeline, accelerator, fidelity
    costs, basis, gains
        Of this accelerator alone; the second of shape (num_kernels,), codes into :data:`simulator.cost.BASES`.
    interval, energy, deviation, standing : optional
        Of the whole run; intervals of parts of the latency are made from the last two.
    host : Host, optional
        None where the time is that of the device alone.
    remarks : sequence of str
        What is said beside those of the launches.
    frame_rate : float, optional
        At which a video plays. [1/s]
    module_depth : int
        Parts of a module path that ``by_module`` keeps.
    """
    launches, graph = timeline.launches, timeline.launches.graph
    pieces, total, table = Pieces.of(timeline, gains.shares, module_depth), timeline.latency, launches.kernels
    entries: dict[str, Any] = {view: _entries(pieces, view, total) for view in VIEWS}
    return Report(
        **_subject(graph, accelerator),
        **_way_of_running(launches, remarks),
        **_totals(table),
        fidelity=fidelity,
        host=None if host is None else host.to_dict(),
        latency=total,
        interval=interval,
        energy=energy,
        flops=float(pieces.positions.flops.sum()),
        throughput=throughput_of(graph, total, {n: e.latency for n, e in entries["by_stage"].items()}, frame_rate),
        memory=device_memory(graph, launches.execution, accelerator),
        bound=bound_shares(pieces.bound, total),
        bound_by_category=_bounds_by_category(pieces),
        basis=_basis_shares(table.count * costs.time[:, 0], basis),
        launches=float(table.count.sum()),
        sharing=sharing_of(timeline, costs, None if energy is None else energy.energy),
        unmodelled=_unmodelled(launches.unmodelled, graph, float(table.count.sum())),
        core_steps=gains.steps,
        **({} if deviation is None else _uncertainty(pieces, deviation, standing)),
        **entries,
    )


def _subject(graph: OpGraph, accelerator: Accelerator) -> dict[str, Any]:
    """What a report says of the workload and of the accelerator themselves."""
    return {
        "model": graph.name,
        "accelerator": accelerator.name,
        "line": line_of(accelerator.traits),
        "memory_capacity": round(accelerator.memory.dram.capacity),
        "workload": asdict(graph.workload),
        "parameters": graph.num_parameters,
        "components": {c.name: c.num_parameters for c in graph.components},
        "sources": tuple(dict.fromkeys((*graph.sources, *accelerator.sources))),
        "assumptions": tuple(filter(None, (assumptions(accelerator.traits),))),
        "repeats": {s.name: s.repeats for s in graph.stages},
    }


def _way_of_running(launches: Launches, remarks: Sequence[str]) -> dict[str, Any]:
    """What a report says of how the workload was run."""
    return {
        "execution": launches.execution.to_dict(),
        "remarks": (*launches.remarks, *remarks),
        "quantized": launches.quantized,
    }


def _totals(kernels: KernelTables) -> dict[str, Any]:
    """Work of all launches by name of the field."""
    names = ("bytes", "vector_flops", "special_ops")
    return {name: float((getattr(kernels, name) * kernels.count).sum()) for name in names}


def _entries(pieces: Pieces, view: str, total: float) -> dict[str, Entry]:
    work = pieces.positions.work[view]
    latencies = {name: float(pieces.latency[at].sum()) for name, at in pieces.positions.views[view].items()}
    return {
        name: Entry(
            latency=latency,
            flops=work[name][0],
            bytes=work[name][1],
            share=latency / total if total else 0.0,
        )
        for name, latency in latencies.items()
    }


def _uncertainty(pieces: Pieces, deviation: RunDeviation, standing: Standing | None) -> dict[str, Any]:
    ends = {view: ends_of(pieces, pieces.positions.views[view], deviation, standing) for view in VIEWS}
    return {"part_intervals": ends, "unmeasured": deviation.unmeasured_share}


def ends_of(
    pieces: Pieces, parts: Mapping[str, NDArray[np.int64]], deviation: RunDeviation, standing: Standing | None
) -> dict[str, Ends]:
    """80 % intervals of the latencies of some parts, given the positions of each."""
    latency = np.array([pieces.latency[at].sum() for at in parts.values()])
    low, high = interval_ends(latency, deviation.relative_of(parts.values()), standing)
    ends = zip(parts, low.tolist(), high.tolist(), strict=True)
    return {name: Ends(low=least, high=most) for name, least, most in ends}


def _bounds_by_category(pieces: Pieces) -> dict[str, BoundShares]:
    return {
        name: bound_shares(pieces.bound[at], float(pieces.latency[at].sum()))
        for name, at in pieces.positions.views["by_category"].items()
    }


def _basis_shares(time: FloatArray, codes: NDArray[np.int64]) -> dict[str, float]:
    total = float(time.sum())
    shares = {name: float(time[codes == code].sum()) for code, name in enumerate(BASES)}
    return {name: value / total if total else 0.0 for name, value in shares.items()}


def main_basis(time: FloatArray, codes: NDArray[np.int64]) -> str:
    """What most of some kernels' time rests on."""
    shares = _basis_shares(time, codes)
    return max(shares, key=lambda name: shares[name])


def _unmodelled(missing: Mapping[str, int], graph: OpGraph, launches: float) -> tuple[Unmodelled, ...]:
    calls = launches + sum(missing.values())
    return tuple(Unmodelled(operator=name, calls=count, share=count / calls) for name, count in sorted(missing.items()))
