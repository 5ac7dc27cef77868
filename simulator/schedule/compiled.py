"""Stages of a run on very many accelerators, as compiled code: kernel by kernel, accelerator by accelerator.

What :mod:`simulator.schedule.stage` gives in closed form for arrays is computed here as it comes about; results differ
by rounding. It needs numba, which ``roofcast[fast]`` brings; without it the import fails.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from simulator.lowering import Launches

from .stage import SETTLED, Issue, StageRun, repeats_of_variants

__all__ = ["stage_runs"]

FloatArray = NDArray[np.float64]

_compiled: Callable[[Any], Any] = numba.njit(nogil=True, cache=True, error_model="numpy")


def stage_runs(launches: Launches, times: FloatArray, issues: Sequence[Issue]) -> list[StageRun]:
    """As :func:`simulator.schedule.timeline.stage_runs`, without the first repeat of each stage."""
    lag, runs, by_accelerator = np.zeros(times.shape[1]), [], np.ascontiguousarray(times.T)
    nothing = np.zeros((0, times.shape[1]))
    for stage, issue in zip(launches.stages, issues, strict=True):
        arrived = issue.launched + issue.delay
        repeats = np.array(repeats_of_variants(stage))
        execution, waiting, lag = _stage(
            np.ascontiguousarray(stage.rows),
            repeats,
            by_accelerator,
            arrived,
            issue.gap,
            issue.busy,
            issue.reads_back,
            lag,
        )
        runs.append(StageRun(execution=execution.T, waiting=waiting.T, first_start=nothing, first_end=nothing))
    return runs


@_compiled
def _stage(
    rows: Any, repeats: Any, times: Any, arrived: Any, gap: float, busy: float, reads_back: bool, lag: Any
) -> Any:
    """Execution and waiting, shape (num_accelerators, num_launches), and the lag as the stage ends."""
    shape = (len(times), rows.shape[1])
    execution, waiting, behind = np.zeros(shape), np.zeros(shape), lag.copy()
    idle = np.empty(shape[1])
    for a in range(shape[0]):
        for variant in range(len(rows)):
            remaining = repeats[variant]
            while remaining > 0:
                end, backlog = _repeat(rows[variant], times[a], arrived, gap, behind[a], idle)
                after = 0.0 if reads_back else end - busy
                alike = _alike(behind[a], after, backlog, remaining, reads_back)
                for i in range(shape[1]):
                    execution[a, i] += times[a, rows[variant, i]] * alike
                    waiting[a, i] += idle[i] * alike
                remaining -= alike
                behind[a] += (after - behind[a]) * alike
    return execution, waiting, behind


@_compiled
def _repeat(rows: Any, times: Any, arrived: Any, gap: float, lag: float, idle: Any) -> Any:
    """End of one repeat, and the least by which the device is behind the host in it; what it waits goes to `idle`."""
    end, backlog, passed = lag, np.inf, 0.0
    for i in range(len(rows)):
        time = times[rows[i]]
        begin = max(end + gap, arrived[i])
        backlog = min(backlog, lag - (arrived[i] - gap - passed))
        passed += time + gap
        idle[i] = max(begin - end, 0.0)
        end = begin + time
    return end, backlog


@_compiled
def _alike(lag: float, after: float, backlog: float, remaining: int, reads_back: bool) -> int:
    """How many repeats go just as the one before them did, that one included."""
    change = after - lag
    if abs(change) <= SETTLED * max(1.0, abs(lag)):
        return remaining
    if reads_back or backlog < 0.0:
        return 1
    kept = np.inf if change > 0.0 else np.floor(backlog / -change)
    return remaining if kept >= remaining else min(remaining, 1 + int(kept))
