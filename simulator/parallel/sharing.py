"""What sharing a run among devices comes to: communication that shows, speed-up, energy of all."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from simulator.cost import KernelCosts
from simulator.schedule.timeline import StageTimeline, Timeline

__all__ = ["Sharing", "sharing_of"]

_COMMUNICATION = "communication"
#: Share of the time of messages that is the rounding of two sums of them. [1]
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """A run on several devices, all of which do as much and work all the time.

    Attributes
    ----------
    parallel : str
        What is split, over how many devices.
    devices, replicas : int
        In all, and groups of them that each run a workload of their own. [1]
    exposed, hidden : float
        Time of collectives that the device waits for, and that passes beside other kernels. [s]
    sent : float
        Least bytes that each device sends. [B]
    energy : float or None
        Of all devices, for the workloads of all replicas. [J]
    throughput : float
        Workloads in a second. [1/s]
    speed_up, efficiency : float or None
        Throughput over that of one device, and that over the number of devices; None where one device was not asked.
    """

    parallel: str
    devices: int
    replicas: int
    exposed: float
    hidden: float
    sent: float
    energy: float | None
    throughput: float
    speed_up: float | None = None
    efficiency: float | None = None

    def over(self, alone: float) -> Sharing:
        """With what one device by itself takes for a workload. [s]"""
        speed_up = alone * self.throughput
        return replace(self, speed_up=speed_up, efficiency=speed_up / self.devices)


def sharing_of(timeline: Timeline, costs: KernelCosts, energy: float | None) -> Sharing | None:
    """What the devices of a run share; None where there is one.

    Parameters
    ----------
    timeline : Timeline
    costs : KernelCosts
        Of its kernels on one accelerator.
    energy : float, optional
        Of one device. [J]
    """
    scheme = timeline.launches.execution.parallel
    if scheme.devices == 1:
        return None
    shown = sum(_exposed(stage) for stage in timeline.stages)
    alone = sum(_by_itself(stage, costs) for stage in timeline.stages)
    kernels = timeline.launches.kernels
    sent = kernels.numbers(lambda table: table.link_bytes) * kernels.count
    return Sharing(
        parallel=str(scheme),
        devices=scheme.devices,
        replicas=scheme.data,
        exposed=shown,
        hidden=alone - shown if alone - shown > _ROUNDING * alone else 0.0,
        sent=float(sent.sum()),
        energy=None if energy is None else energy * scheme.devices,
        throughput=scheme.data / timeline.latency if timeline.latency else 0.0,
    )


def _sends(stage: StageTimeline) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.array([name == _COMMUNICATION for name in stage.launches.categories], dtype=np.bool_)


def _exposed(stage: StageTimeline) -> float:
    return float(stage.execution[_sends(stage)].sum())


def _by_itself(stage: StageTimeline, costs: KernelCosts) -> float:
    rows = stage.launches.rows[:, _sends(stage)]
    return float(costs.time[rows, 0].sum() * stage.launches.launches_per_variant)
