"""Host and device on one clock: a host thread issues launches, a device stream executes them in order.

A kernel starts when the one before it has ended and its own launch has arrived. Where the host is slower than the
device, the device waits: that time is counted with the kernel it waited for. Up to the last launch that it waits for,
the time of a run is the host's: kernels before it could be faster and nothing would come of it.

Between two repeats of a stage the pipeline reads something back from the device, for which the host waits: schedulers
of diffusers look the step's time up in tables of the host (``alphas_cumprod[timestep]`` of PNDM and DDIM; ``(timesteps
== timestep).nonzero().item()`` of Euler until 0.19), and ``generate`` of transformers asks whether all sequences have
ended. What the host does before the first launch of a repeat is then not hidden behind the one before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simulator.hosts.costs import call_times
from simulator.hosts.host import HostCosts
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
    waiting_for_host, hidden : ndarray, shape (num_launches,)
        Share of the repeats in which the device waits for the host at this launch or a later one, and at a later one,
        of this stage or another. Of the former, idle time before the launch is the host's and no gap of the device;
        in the latter a faster kernel would only make the device wait longer. [1]
    first_start, first_end, first_launched : ndarray, shape (num_launches,)
        Of the first repeat, from the start of that repeat on the host. [s]
    reads_back : bool
        Whether the host waits for the device after each repeat.
    """

    launches: StageLaunches
    execution: FloatArray
    waiting: FloatArray
    waiting_for_host: FloatArray
    hidden: FloatArray
    first_launched: FloatArray
    first_start: FloatArray
    first_end: FloatArray
    reads_back: bool

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
                name=self.launches.kernels.name[row],
                category=stage.launches.categories[i],
                call=int(call),
                launched=float(stage.first_launched[i]),
                start=float(stage.first_start[i]),
                duration=float(stage.first_end[i] - stage.first_start[i]),
            )


def schedule(
    launches: Launches,
    times: FloatArray,
    host: HostCosts | Mapping[str, HostCosts] | None,
    *,
    reads_back: bool = True,
) -> Timeline:
    """Timeline of a lowered graph.

    Parameters
    ----------
    launches : Launches
    times : ndarray, shape (num_kernels,)
        Execution time of each kernel. [s]
    host : HostCosts or mapping of str to HostCosts, optional
        Of all stages, or by execution mode. Without one, kernels follow one another with nothing between them: the
        device alone.
    reads_back : bool
        Whether pipelines read something back from the device after each repeat of a stage.
    """
    lag = 0.0
    stages = []
    for stage in launches.stages:
        costs = host[stage.mode] if isinstance(host, Mapping) else host
        timeline, lag = _schedule_stage(stage, times, _issue(launches, stage, costs, reads_back=reads_back), lag)
        stages.append(timeline)
    return Timeline(launches=launches, stages=_up_to_the_last_wait(stages))


def _up_to_the_last_wait(stages: Sequence[StageTimeline]) -> tuple[StageTimeline, ...]:
    """Stages in which all that comes before a later stage waits for the host counts as bound by it."""
    return tuple(
        _all_hidden(stage) if not stage.reads_back and _is_waited_for(stages[at + 1 :]) else stage
        for at, stage in enumerate(stages)
    )


def _is_waited_for(later: Sequence[StageTimeline]) -> bool:
    """Whether the device waits for the host in some stages, before the host waits for the device."""
    for stage in later:
        if stage.waiting_for_host.any():
            return True
        if stage.reads_back:
            break
    return False


def _all_hidden(stage: StageTimeline) -> StageTimeline:
    every = np.ones_like(stage.execution)
    return replace(stage, waiting_for_host=every, hidden=every)


@dataclass(frozen=True, slots=True, eq=False)
class _Issue:
    """What the host does in one run of a stage: when it launches, from the start of the run. [s]"""

    launched: FloatArray
    delay: float
    gap: float
    reads_back: bool = False

    @property
    def busy(self) -> float:
        """Host time of the run. [s]"""
        return float(self.launched[-1]) if len(self.launched) else 0.0


def _issue(launches: Launches, stage: StageLaunches, host: HostCosts | None, *, reads_back: bool) -> _Issue:
    if host is None:
        return _Issue(np.zeros(stage.rows.shape[1]), 0.0, 0.0)
    waits = reads_back and stage.stage.repeats > 1
    return _Issue(call_times(launches.graph, stage, host), host.delay, host.gap, waits)


def _schedule_stage(stage: StageLaunches, times: FloatArray, issue: _Issue, lag: float) -> tuple[StageTimeline, float]:
    """Timeline of all repeats of a stage.

    `lag` is by how much the device is behind the host (positive) or idle (negative) as the stage begins; the second
    result is the lag as it ends. It is all that one repeat hands on to the next.
    """
    num_launches = stage.rows.shape[1]
    execution, waiting = np.zeros(num_launches), np.zeros(num_launches)
    waits = _Waits(num_launches, each=issue.reads_back)
    first: tuple[FloatArray, FloatArray] | None = None
    for rows, repeats in zip(stage.rows, _repeats_of_variants(stage), strict=True):
        duration, remaining = times[rows], repeats
        while remaining:
            start, end = _run(issue, duration, lag)
            idle = np.maximum(start - np.concatenate(([lag], end))[:num_launches], 0.0)
            first = first or (start, end)
            lag_after = 0.0 if issue.reads_back else (float(end[-1]) if num_launches else lag) - issue.busy
            alike = _num_alike(issue, duration, lag, lag_after, remaining)
            execution += duration * alike
            waiting += idle * alike
            waits.add(idle > issue.gap + _SETTLED, alike)
            remaining -= alike
            lag += (lag_after - lag) * alike
    start, end = first or (np.zeros(num_launches), np.zeros(num_launches))
    timeline = StageTimeline(
        launches=stage,
        execution=execution,
        waiting=waiting,
        waiting_for_host=waits.shares(0),
        hidden=waits.shares(1),
        first_launched=issue.launched,
        first_start=start,
        first_end=end,
        reads_back=issue.reads_back,
    )
    return timeline, lag


class _Waits:
    """Where the repeats of a stage wait for the host: up to the last wait of `each` repeat, or of all together."""

    def __init__(self, num_launches: int, *, each: bool) -> None:
        self._each = each
        self._repeats = 0
        self._counts = np.zeros((2, num_launches))  # repeats in which a launch is waited for or before one that is

    def add(self, waits: NDArray[np.bool_], alike: int) -> None:
        """Repeats that follow those so far, each of which waits at some launches."""
        if waits.any():
            ahead = np.flatnonzero(waits)[-1] - np.arange(len(waits))
            last = np.stack((ahead >= 0, ahead > 0))
            self._counts = self._counts + alike * last if self._each else self._repeats + alike - 1 + last
        self._repeats += alike

    def shares(self, ahead: int) -> FloatArray:
        """Share of the repeats in which each launch comes at least so many, 0 or 1, before the last wait."""
        share: FloatArray = self._counts[ahead] / max(self._repeats, 1)
        return share


def _repeats_of_variants(stage: StageLaunches) -> list[int]:
    return [stage.stage.repeats] if len(stage.rows) == 1 else [1] * len(stage.rows)


def _num_alike(issue: _Issue, duration: FloatArray, lag: float, lag_after: float, remaining: int) -> int:
    """How many of the remaining repeats, the one just scheduled included, go just as it did.

    All, where the lag stays or the device falls further behind. Where the host is slower but the device still has a
    backlog, as many as never wait for the host.
    """
    change = lag_after - lag
    if abs(change) <= _SETTLED * max(1.0, abs(lag)):
        return remaining
    if issue.reads_back:
        return 1
    backlog = lag - float(_ready(issue, duration).max())
    if backlog < 0:
        return 1
    return remaining if change > 0 else min(remaining, 1 + int(backlog / -change))


# Rounding of sums of durations; a change of the lag below it is none. [s]
_SETTLED = 1e-13


def _run(issue: _Issue, duration: FloatArray, device_free: float) -> tuple[FloatArray, FloatArray]:
    r"""Start and end of each kernel of one run, from its start on the host.

    .. math:: e_i = \max(a_i, e_{i-1} + g) + t_i

    in closed form: with :math:`S_i` the sum of :math:`t + g` up to i,
    :math:`e_i = S_i + \max(e_0, \max_{j \le i} (a_j - g - S_{j-1}))`.
    """
    ready = np.maximum.accumulate(_ready(issue, duration))
    end = np.cumsum(duration + issue.gap) + np.maximum(device_free, ready)
    return end - duration, end


def _ready(issue: _Issue, duration: FloatArray) -> FloatArray:
    """Device time before the run from which on a kernel's launch is no longer waited for, for each kernel. [s]"""
    step = duration + issue.gap
    ready: FloatArray = issue.launched + issue.delay - issue.gap - (np.cumsum(step) - step)
    return ready
