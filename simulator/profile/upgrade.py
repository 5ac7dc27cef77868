"""What more of one resource would bring to a run."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Upgrade"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """A run on an accelerator that has more of one thing.

    Attributes
    ----------
    resource : str
        As in :class:`simulator.report.BoundShares`.
    factor : float
    latency : float
        Of the run with it. [s]
    speed_up : float
        Of the run over it. [1]
    """

    resource: str
    factor: float
    latency: float
    speed_up: float
