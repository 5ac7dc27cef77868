"""A timeline in pieces: each launch position's latency, and what of it is held back by which resource."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.cost import RESOURCES
from simulator.lowering.graphs.positions import Positions, chosen_rows, positions_of

from .timeline import StageTimeline, Timeline

__all__ = ["BoundShares", "Pieces", "bound_of", "bound_shares"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundShares:
    """Shares of the total latency by what holds it back, which is what would shorten it; they add up to 1.

    One per cent more of a resource shortens the latency by its share of a per cent.

    Attributes
    ----------
    compute : float
        Arithmetic units and the cores' clock.
    memory : float
        Bandwidth of DRAM and caches.
    host : float
        All up to the last launch that the device waits for: kernels before it could be faster without effect.
    power : float
        The power limit, under which a faster clock gains nothing.
    launch : float
        Gaps between kernels, and the shortest time that a kernel takes.
    occupancy : float
        Too few blocks, or blocks with too few instructions or bytes in flight, to keep the cores busy.
    link : float
        Links to other accelerators, and to the host where weights come from there.
    """

    compute: float
    memory: float
    launch: float
    host: float = 0.0
    power: float = 0.0
    occupancy: float = 0.0
    link: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """Every launch position of every stage, repeats summed: what the views group. Times in seconds, waiting included.

    ``bound`` has the latency by what holds it back, shape (num_positions, num_resources + 1): resources and the host.
    """

    positions: Positions
    latency: FloatArray
    bound: FloatArray

    @classmethod
    def of(cls, timeline: Timeline, shares: FloatArray, depth: int = 3) -> Pieces:
        """Pieces of a timeline, given shares of each kernel's time (:class:`simulator.cost.Gains`)."""
        return cls(
            positions_of(timeline.launches, depth),
            np.concatenate([s.execution + s.waiting for s in timeline.stages]),
            np.concatenate([_bound_times(s, shares) for s in timeline.stages]),
        )


def _bound_times(stage: StageTimeline, shares: FloatArray) -> FloatArray:
    """Time of each launch position by what holds it back, :data:`RESOURCES` and the host, repeats summed. [s]

    Where a position grows, its execution is split by the bounds of some of its repeats in equal parts.
    """
    transfers = np.zeros_like(stage.waiting) if stage.transfers is None else stage.transfers
    waiting = stage.waiting - transfers
    shown, gaps = stage.execution * (1.0 - stage.hidden), waiting * (1.0 - stage.waiting_for_host)
    by_resource = shares[chosen_rows(stage.launches)].mean(axis=0) * shown[:, None]
    by_resource[:, RESOURCES.index("launch")] += gaps
    by_resource[:, RESOURCES.index("link")] += transfers
    return np.column_stack((by_resource, stage.execution - shown + waiting - gaps))


def bound_of(timeline: Timeline, shares: FloatArray) -> BoundShares:
    """What holds a whole run back, given shares of each kernel's time (:class:`simulator.cost.Gains`)."""
    return bound_shares(np.concatenate([_bound_times(s, shares) for s in timeline.stages]), timeline.latency)


def bound_shares(bound: FloatArray, total: float) -> BoundShares:
    """Shares of a total of the times of some pieces by what holds them back, shape (num_pieces, num_resources + 1)."""
    times = zip((*RESOURCES, "host"), bound.sum(axis=0).tolist(), strict=True)
    return BoundShares(**{name: time / total if total else 0.0 for name, time in times})
