"""Host and device on one clock: a host thread issues launches, a device stream executes them in order.

A kernel starts when the one before it has ended and its own launch has arrived. Where the host is slower than the
device, the device waits: that time is counted with the kernel it waited for, as launch-bound.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.host import HostCosts, call_times
from simulator.lowering import Launches, StageLaunches

__all__ = ["Span", "StageTimeline", "Timeline", "schedule"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One kernel on the device.

    Attributes
    ----------
    name : str
        Kernel.
    category : str
    call : int
        Operator call in its stage.
    launched, start, duration : float
        When the host had issued it, when it started, how long it ran; from the start of the stage's run. [s]
    """

    name: str
    category: str
    call: int
    launched: float
    start: float
    duration: float


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StageTimeline:
    """Device time of one stage over all its repeats.

    Attributes
    ----------
    launches : StageLaunches
    execution : ndarray, shape (num_launches,)
        Time that each launch executes, summed over repeats. [s]
    waiting : ndarray, shape (num_launches,)
        Time that the device idles before each launch, summed over repeats. [s]
    first_start, first_end, first_launched : ndarray, shape (num_launches,)
        Of the first repeat, from the start of that repeat on the host. [s]
    """

    launches: StageLaunches
    execution: FloatArray
    waiting: FloatArray
    first_launched: FloatArray
    first_start: FloatArray
    first_end: FloatArray

    @property
    def latency(self) -> float:
        """Elapsed time of all repeats. [s]"""
        return float(self.execution.sum() + self.waiting.sum())


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Timeline:
    """All stages, one after another."""

    launches: Launches
    stages: tuple[StageTimeline, ...]

    @property
    def latency(self) -> float:
        """Elapsed time of the whole run. [s]"""
        return sum(stage.latency for stage in self.stages)

    def spans(self, stage: StageTimeline) -> Iterator[Span]:
        """Kernels of the first repeat of a stage, in order."""
        rows = stage.launches.rows[0]
        for i, (row, call) in enumerate(zip(rows, stage.launches.calls, strict=True)):
            yield Span(
                name=self.launches.table.name[row],
                category=stage.launches.categories[i],
                call=int(call),
                launched=float(stage.first_launched[i]),
                start=float(stage.first_start[i]),
                duration=float(stage.first_end[i] - stage.first_start[i]),
            )


def schedule(launches: Launches, times: FloatArray, host: HostCosts | None) -> Timeline:
    """Timeline of a lowered graph.

    Parameters
    ----------
    launches : Launches
    times : ndarray, shape (num_kernels,)
        Execution time of each kernel. [s]
    host : HostCosts, optional
        Without one, kernels follow one another with nothing between them: the device alone.
    """
    clock = _Clock()
    stages = [_schedule_stage(launches, stage, times, host, clock) for stage in launches.stages]
    return Timeline(launches=launches, stages=tuple(stages))


@dataclass(slots=True)
class _Clock:
    """When the host is free, and when the device is."""

    host: float = 0.0
    device: float = 0.0


def _schedule_stage(
    launches: Launches, stage: StageLaunches, times: FloatArray, host: HostCosts | None, clock: _Clock
) -> StageTimeline:
    num_launches = stage.rows.shape[1]
    if host is None:
        issue, delay, gap = np.zeros(num_launches), 0.0, 0.0
    else:
        issue, delay, gap = call_times(launches.graph, stage, host), host.delay, host.gap
    execution, waiting = np.zeros(num_launches), np.zeros(num_launches)
    first: Sequence[FloatArray] = ()
    host_busy = float(issue[-1]) if num_launches else 0.0
    for repeat, weight in _repeats(stage):
        duration = times[stage.rows[repeat]]
        before = clock.device
        end = _ends(clock.host + issue + delay, duration, gap, before)
        start = end - duration
        idle = start - np.concatenate(([before], end[:-1]))
        if not first:
            first = (issue, start - clock.host, end - clock.host)
        execution += duration * weight
        waiting += idle * weight
        clock.host += host_busy * weight
        clock.device = (float(end[-1]) if num_launches else before) + (weight - 1) * float(duration.sum() + idle.sum())
    launched, start, end = first
    return StageTimeline(
        launches=stage,
        execution=execution,
        waiting=waiting,
        first_launched=launched,
        first_start=start,
        first_end=end,
    )


# Repeats that are alike settle into a steady state once the host or the device has become the slower one.
_SETTLING_REPEATS = 3


def _repeats(stage: StageLaunches) -> Iterator[tuple[int, int]]:
    """(variant, weight) of each repeat to schedule; alike repeats after the settled one are counted with it."""
    if len(stage.rows) > 1:
        yield from ((variant, 1) for variant in range(len(stage.rows)))
        return
    total = stage.stage.repeats
    settled = min(total, _SETTLING_REPEATS)
    yield from ((0, 1) for _ in range(settled - 1))
    yield 0, total - settled + 1


def _ends(arrival: FloatArray, duration: FloatArray, gap: float, device_free: float) -> FloatArray:
    r"""End of each kernel.

    .. math:: e_i = \max(a_i, e_{i-1} + g) + t_i

    in closed form: with :math:`S_i` the sum of :math:`t + g` up to i,
    :math:`e_i = S_i + \max(e_0, \max_{j \le i} (a_j - g - S_{j-1}))`.
    """
    total = np.cumsum(duration + gap)
    ready = np.maximum.accumulate(arrival - gap - (total - duration - gap))
    ends: FloatArray = total + np.maximum(device_free, ready)
    return ends
