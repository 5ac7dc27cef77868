"""Parts of a predicted run by any key: by stage, category, operator, module or distinct kernel."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import KernelTables
from simulator.lowering import Launches
from simulator.lowering.graphs.launches import StageLaunches
from simulator.lowering.graphs.positions import positions_of
from simulator.report import Ends, ends_of
from simulator.schedule.pieces import BoundShares, Pieces, bound_shares
from simulator.simulation import Simulation

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["KEYS", "Part", "kernel_labels", "parts_frame", "parts_of", "positions_by"]

#: What parts can be told apart by.
KEYS = ("stage", "category", "operator", "module", "kernel")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Part of a run.

    Attributes
    ----------
    name : str
    latency : float
        Waiting for the host included. [s]
    interval : Ends, optional
        80 % interval of it; None where the fidelity is a bound.
    share : float
        Of the whole run. [1]
    launches : float
        Kernels launched in the whole run.
    flops : float
        Of products, convolutions and attention. [FLOP]
    bytes : float
        Compulsory traffic. [B]
    bound : BoundShares
        Shares of its own latency.
    """

    name: str
    latency: float
    interval: Ends | None
    share: float
    launches: float
    flops: float
    bytes: float
    bound: BoundShares

    def to_dict(self) -> dict[str, Any]:
        """Plain form, in SI units: ends of the interval (None without) and shares of resources beside the rest."""
        names = ("share", "launches", "flops", "bytes")
        ends = {"low": None, "high": None} if self.interval is None else asdict(self.interval)
        rest = {name: getattr(self, name) for name in names}
        return {"name": self.name, "latency": self.latency, **ends, **rest, **asdict(self.bound)}


def parts_of(simulation: Simulation, key: str) -> list[Part]:
    """Parts of a run by a key, the one that takes longest first; they add up to the whole.

    Parameters
    ----------
    simulation : Simulation
    key : str
        Of :data:`KEYS`.

    Raises
    ------
    ValueError
        There is no such key.
    """
    pieces, total = Pieces.of(simulation.timeline, simulation.gains.shares), simulation.report.latency
    positions = positions_by(simulation.launches, key)
    launches = _launches(simulation.launches)
    ends: Mapping[str, Ends] = {}
    if simulation.deviation is not None:
        ends = ends_of(pieces, positions, simulation.deviation, simulation.standing)
    latencies = {name: float(pieces.latency[at].sum()) for name, at in positions.items()}
    found = [
        Part(
            name=name,
            latency=latencies[name],
            interval=ends.get(name),
            share=latencies[name] / total if total else 0.0,
            launches=float(launches[at].sum()),
            flops=float(pieces.positions.flops[at].sum()),
            bytes=float(pieces.positions.bytes[at].sum()),
            bound=bound_shares(pieces.bound[at], latencies[name]),
        )
        for name, at in positions.items()
    ]
    return sorted(found, key=lambda part: -part.latency)


def parts_frame(parts: Sequence[Part], by: str) -> pd.DataFrame:
    """Parts of a run, one row each, with what holds each back as shares of its time.

    Returns
    -------
    pandas.DataFrame
        By name: `latency`, `low`, `high` [s], `share`, `launches` [1], `flops` [FLOP], `bytes` [B], and the share of
        each resource [1]. The ends are NaN where the fidelity is a bound.

    Raises
    ------
    ModuleNotFoundError
        pandas is not installed.
    """
    import pandas as pd

    frame = pd.DataFrame([part.to_dict() for part in parts]).set_index("name")
    frame.index.name = by
    return frame


def positions_by(launches: Launches, key: str) -> Mapping[str, NDArray[np.int64]]:
    """Launch positions of all stages in order, of each part by a key.

    Raises
    ------
    ValueError
        There is no such key.
    """
    if key not in KEYS:
        raise ValueError(f"by {key!r}: one of {', '.join(KEYS)}")
    if key == "operator":
        return _grouped(name for stage in launches.stages for name in _operators(launches, stage))
    if key == "kernel":
        labels = kernel_labels(launches.kernels)
        return _grouped(name for stage in launches.stages for name in _kernels(labels, stage))
    return positions_of(launches).views[f"by_{key}"]


def kernel_labels(kernels: KernelTables) -> list[str]:
    """Name, number format and extents other than 1 of every distinct kernel: ``gemm fp16 m=4096 n=320``."""
    found = [f"{name} {form}".rstrip() for name, form in zip(kernels.name, kernels.number_format, strict=True)]
    for family, rows in kernels:
        for extent, values in family.extents().items():
            for row, value in zip(rows.tolist(), np.broadcast_to(values, rows.shape).tolist(), strict=True):
                found[row] += f" {extent}={value:.12g}" if value not in (0, 1) else ""
    return found


def _operators(launches: Launches, stage: StageLaunches) -> list[str]:
    names = [operator.name for operator in launches.graph.operators]
    return [names[operator] for operator in stage.stage.operators[stage.calls].tolist()]


def _kernels(labels: Sequence[str], stage: StageLaunches) -> Iterator[str]:
    """Label of each launch; of one whose kernel grows, that of the middle repeat."""
    grows = (stage.rows != stage.rows[0]).any(axis=0).tolist()
    for row, growing in zip(stage.rows[len(stage.rows) // 2].tolist(), grows, strict=True):
        yield f"{labels[row]} (grows)" if growing else labels[row]


def _launches(launches: Launches) -> NDArray[np.float64]:
    """How often each position launches in the whole run."""
    counts = [np.full(len(stage.calls), float(stage.stage.repeats)) for stage in launches.stages]
    return np.concatenate([*counts, np.zeros(0)])


def _grouped(names: Iterable[str]) -> Mapping[str, NDArray[np.int64]]:
    found: defaultdict[str, list[int]] = defaultdict(list)
    for position, name in enumerate(names):
        found[name].append(position)
    return {name: np.array(at, dtype=np.int64) for name, at in found.items()}
