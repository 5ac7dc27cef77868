"""One stage of a run on some accelerators at once: what executes, what waits, and where the device waits for the host.

Every array of launches has shape (num_launches, num_accelerators), those of a whole run (num_accelerators,).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.hosts.costs import call_times, runs_ahead
from simulator.hosts.host import HostCosts
from simulator.lowering import Launches, StageLaunches

__all__ = ["SETTLED", "Issue", "StageRun", "Waits", "issue_of", "repeats_of_variants", "run_stage"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Rounding of sums of durations; a change of the lag below it is none. [s]
SETTLED = 1e-13


@dataclass(frozen=True, slots=True, eq=False)
class Issue:
    """What the host does in one run of a stage: when it launches, from the start of the run. [s]"""

    launched: FloatArray
    delay: float
    gap: float
    reads_back: bool = False

    @property
    def busy(self) -> float:
        """Host time of the run. [s]"""
        return float(self.launched[-1]) if len(self.launched) else 0.0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StageRun:
    """Device time of all repeats of a stage.

    Attributes
    ----------
    execution, waiting : ndarray, shape (num_launches, num_accelerators)
        Time that each launch executes, and that the device idles before it, summed over repeats. [s]
    first_start, first_end : ndarray, shape (num_launches, num_accelerators)
        Of the first repeat, from its start on the host. [s]
    """

    execution: FloatArray
    waiting: FloatArray
    first_start: FloatArray
    first_end: FloatArray

    def elapsed(self) -> FloatArray:
        """Time of all repeats, shape (num_accelerators,). [s]"""
        total: FloatArray = self.execution.sum(axis=0) + self.waiting.sum(axis=0)
        return total


class Waits:
    """Where the repeats of a stage wait for the host: up to the last wait of `each` repeat, or of all together."""

    def __init__(self, shape: tuple[int, int], *, each: bool) -> None:
        """Of launches and accelerators, before any repeat."""
        self._each = each
        self._repeats = np.zeros(shape[1], dtype=np.int64)
        self._counts = np.zeros((2, *shape))  # repeats in which a launch is waited for or before one that is

    def add(self, waits: NDArray[np.bool_], alike: IntArray) -> None:
        """Repeats that follow those so far, each of which waits at some launches."""
        if waits.any():
            ahead = _last(waits) - np.arange(len(waits))[:, None]
            last = np.stack((ahead >= 0, ahead > 0))
            of_all = np.where(waits.any(axis=0) & (alike > 0), self._repeats + alike - 1 + last, self._counts)
            self._counts = self._counts + alike * last if self._each else of_all
        self._repeats += alike

    def shares(self, ahead: int) -> FloatArray:
        """Share of the repeats in which each launch comes at least so many, 0 or 1, before the last wait."""
        share: FloatArray = self._counts[ahead] / np.maximum(self._repeats, 1)
        return share


def _last(waits: NDArray[np.bool_]) -> IntArray:
    """Position of the last launch that is waited for, -1 where none is."""
    last: IntArray = np.where(waits.any(axis=0), len(waits) - 1 - waits[::-1].argmax(axis=0), -1)
    return last


@functools.lru_cache(maxsize=64)
def issue_of(launches: Launches, stage: StageLaunches, host: HostCosts | None, *, reads_back: bool) -> Issue:
    """What the host does in one run of a stage; nothing takes it time where there is none. The last few are kept."""
    if host is None:
        return Issue(np.zeros(stage.rows.shape[1]), 0.0, 0.0)
    waits = reads_back and stage.stage.repeats > 1 and not runs_ahead(launches.graph, stage)
    return Issue(call_times(launches.graph, stage, host), host.delay, host.gap, waits)


def run_stage(
    stage: StageLaunches, times: FloatArray, issue: Issue, lag: FloatArray, waits: Waits | None = None
) -> tuple[StageRun, FloatArray]:
    """Run of all repeats of a stage.

    Parameters
    ----------
    stage : StageLaunches
    times : ndarray, shape (num_kernels, num_accelerators)
        Execution time of each kernel. [s]
    issue : Issue
    lag : ndarray, shape (num_accelerators,)
        By how much the device is behind the host (positive) or idle (negative) as the stage begins. [s]
    waits : Waits, optional
        Is told where each repeat waits for the host.

    Returns
    -------
    StageRun, ndarray
        The second is the lag as the stage ends. It is all that one repeat hands on to the next.
    """
    shape = (stage.rows.shape[1], times.shape[1])
    execution, waiting = np.zeros(shape), np.zeros(shape)
    first: tuple[FloatArray, FloatArray] | None = None
    for rows, repeats in zip(stage.rows, repeats_of_variants(stage), strict=True):
        duration, remaining = stage.shown(times[rows]), np.full(shape[1], repeats, dtype=np.int64)
        while remaining.any():
            start, end = _run(issue, duration, lag)
            idle = np.maximum(start - np.concatenate((lag[None, :], end))[: shape[0]], 0.0)
            first = first or (start, end)
            lag_after = _lag_after(issue, lag, end)
            alike = _num_alike(issue, duration, lag, lag_after, remaining)
            execution += duration * alike
            waiting += idle * alike
            if waits is not None:
                waits.add(idle > issue.gap + SETTLED, alike)
            remaining -= alike
            lag = lag + (lag_after - lag) * alike
    start, end = first or (np.zeros(shape), np.zeros(shape))
    return StageRun(execution=execution, waiting=waiting, first_start=start, first_end=end), lag


def repeats_of_variants(stage: StageLaunches) -> list[int]:
    """Repeats of each of the ways in which kernels follow one another: all of the only one, or one of each."""
    return [stage.stage.repeats] if len(stage.rows) == 1 else [1] * len(stage.rows)


def _lag_after(issue: Issue, lag: FloatArray, end: FloatArray) -> FloatArray:
    """Lag at the end of a repeat: none where the host waits for the device."""
    if issue.reads_back:
        return np.zeros_like(lag)
    behind: FloatArray = (end[-1] if len(end) else lag) - issue.busy
    return behind


def _num_alike(
    issue: Issue, duration: FloatArray, lag: FloatArray, lag_after: FloatArray, remaining: IntArray
) -> IntArray:
    """How many of the remaining repeats, the one just scheduled included, go just as it did.

    All, where the lag stays or the device falls further behind. Where the host is slower but the device still has a
    backlog, as many as never wait for the host.
    """
    change = lag_after - lag
    settled = np.abs(change) <= SETTLED * np.maximum(1.0, np.abs(lag))
    one = np.minimum(remaining, 1)
    if issue.reads_back or settled.all():
        return np.where(settled, remaining, one)
    backlog = lag - _ready(issue, duration).max(axis=0, initial=-np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        kept = np.where(change > 0, np.inf, backlog / -change)
    more = np.where(backlog < 0, 0.0, np.fmin(np.floor(kept), remaining))
    return np.where(settled, remaining, np.minimum(remaining, 1 + more.astype(np.int64)))


def _run(issue: Issue, duration: FloatArray, device_free: FloatArray) -> tuple[FloatArray, FloatArray]:
    r"""Start and end of each kernel of one run, from its start on the host.

    .. math:: e_i = \max(a_i, e_{i-1} + g) + t_i

    in closed form: with :math:`S_i` the sum of :math:`t + g` up to i,
    :math:`e_i = S_i + \max(e_0, \max_{j \le i} (a_j - g - S_{j-1}))`.
    """
    ready = np.maximum.accumulate(_ready(issue, duration), axis=0)
    end = np.cumsum(duration + issue.gap, axis=0) + np.maximum(device_free, ready)
    return end - duration, end


def _ready(issue: Issue, duration: FloatArray) -> FloatArray:
    """Device time before the run from which on a kernel's launch is no longer waited for, for each kernel. [s]"""
    step = duration + issue.gap
    issued = issue.launched + issue.delay - issue.gap
    ready: FloatArray = issued[:, None] - (np.cumsum(step, axis=0) - step)
    return ready
