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

from simulator.hosts.host import HostCosts
from simulator.lowering import Launches, StageLaunches

from .stage import Issue, StageRun, Waits, issue_of, run_stage

__all__ = ["Span", "StageTimeline", "Timeline", "issues_of", "schedule", "stage_runs"]

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
    transfers : ndarray, shape (num_launches,), optional
        Part of `waiting` in which weights come from the host. [s]
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
    transfers: FloatArray | None = None

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
    lag = np.zeros(1)
    stages = []
    for stage, issue in zip(launches.stages, issues_of(launches, host, reads_back=reads_back), strict=True):
        timeline, lag = _schedule_stage(stage, times, issue, lag)
        stages.append(timeline)
    return Timeline(launches=launches, stages=_up_to_the_last_wait(stages))


def issues_of(
    launches: Launches, host: HostCosts | Mapping[str, HostCosts] | None, *, reads_back: bool = True
) -> tuple[Issue, ...]:
    """What the host does in each stage. Parameters are those of :func:`schedule`."""
    return tuple(
        issue_of(launches, stage, host[stage.mode] if isinstance(host, Mapping) else host, reads_back=reads_back)
        for stage in launches.stages
    )


def stage_runs(launches: Launches, times: FloatArray, issues: Sequence[Issue]) -> list[StageRun]:
    """Stages of a lowered graph on some accelerators at once, one after another.

    Parameters
    ----------
    launches : Launches
    times : ndarray, shape (num_kernels, num_accelerators)
        Execution time of each kernel. [s]
    issues : sequence of Issue
        What the host does in each stage (:func:`issues_of`).
    """
    lag, runs = np.zeros(times.shape[1]), []
    for stage, issue in zip(launches.stages, issues, strict=True):
        run, lag = run_stage(stage, times, issue, lag)
        runs.append(run)
    return runs


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


def _schedule_stage(
    stage: StageLaunches, times: FloatArray, issue: Issue, lag: FloatArray
) -> tuple[StageTimeline, FloatArray]:
    """Timeline of all repeats of a stage on one accelerator, and the lag as it ends."""
    waits = Waits((stage.rows.shape[1], 1), each=issue.reads_back)
    run, lag = run_stage(stage, times[:, None], issue, lag, waits)
    timeline = StageTimeline(
        launches=stage,
        execution=run.execution[:, 0],
        waiting=run.waiting[:, 0],
        waiting_for_host=waits.shares(0)[:, 0],
        hidden=waits.shares(1)[:, 0],
        first_launched=issue.launched,
        first_start=run.first_start[:, 0],
        first_end=run.first_end[:, 0],
        reads_back=issue.reads_back,
    )
    return timeline, lag
