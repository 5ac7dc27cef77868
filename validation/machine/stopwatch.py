"""Time of a few calls on a device alone: a CUDA graph between two events, or a loop on a CPU.

Warm calls repeat on the same inputs, so that a large enough cache holds them. Cold calls have inputs of their own each,
and the cache is overwritten before every repetition.
"""

from __future__ import annotations

import gc
import math
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import torch

__all__ = ["CpuStopwatch", "CudaStopwatch", "Measurement", "Stopwatch", "measure", "stopwatch_for"]

Call = Callable[[], object]

#: One repetition lasts at least this long, so that reading the clock does not count. [s]
_SHORTEST = 2e-4
_MOST_CALLS = 32
_LEAST_REPEATS, _MOST_REPEATS = 3, 25
#: Most memory that the input sets of cold calls take together. [B]
_MOST_COLD_BYTES = 2**31
_CPU_FLUSH = 2**28


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """Time of one call.

    Attributes
    ----------
    median, spread : float
        Median, and half the distance between the quartiles, over the repetitions. [s]
    calls, repeats : int
        Calls in one repetition, and repetitions.
    """

    median: float
    spread: float
    calls: int
    repeats: int


class Stopwatch(Protocol):
    """A device's clock."""

    def prepare(self, calls: Sequence[Call], *, keep: bool) -> Call:
        """A function that makes all calls, with as little of the host in it as the device allows.

        With `keep`, results of all calls stay allocated, so that none is written where another was.
        """

    def elapsed(self, run: Call, *, flush: bool) -> float:
        """Time of one run on the device; with `flush`, the cache holds other data before. [s]"""


class CpuStopwatch:
    """Times a loop with the performance counter.

    Parameters
    ----------
    cache : int
        Size of the last-level cache. [B]
    """

    def __init__(self, cache: int = 2**25) -> None:
        """See the class."""
        # Beyond this size, overwriting the cache would take most of the time; a larger one keeps a rest.
        self._other = torch.ones(min(2 * cache, _CPU_FLUSH) // 4)

    def prepare(self, calls: Sequence[Call], *, keep: bool) -> Call:
        """A loop over the calls."""
        del keep

        def run() -> None:
            for call in calls:
                call()

        return run

    def elapsed(self, run: Call, *, flush: bool) -> float:
        """Elapsed time of the loop."""
        if flush:
            self._other.add_(1.0)
        start = time.perf_counter()
        run()
        return time.perf_counter() - start


class CudaStopwatch:
    """Times a replayed CUDA graph with events.

    Parameters
    ----------
    device : torch.device
    """

    #: Cycles that the device sleeps before warm repetitions, while the host queues them.
    _SLEEP = 200_000
    _WARMUP = 3

    def __init__(self, device: torch.device) -> None:
        """See the class."""
        self._device = device
        cache = int(getattr(torch.cuda.get_device_properties(device), "L2_cache_size", 2**26))
        self._other = torch.empty(max(4 * cache, 2**27), dtype=torch.uint8, device=device)
        self._start, self._end = (torch.cuda.Event(enable_timing=True) for _ in range(2))

    def prepare(self, calls: Sequence[Call], *, keep: bool) -> Call:
        """Replay of a graph of the calls; the first of them runs on a side stream before, as capture requires."""
        current = torch.cuda.current_stream(self._device)
        side = torch.cuda.Stream(self._device)
        side.wait_stream(current)
        with torch.cuda.stream(side):
            for _ in range(self._WARMUP):
                calls[0]()
        current.wait_stream(side)
        torch.cuda.synchronize(self._device)
        graph = torch.cuda.CUDAGraph()
        results: list[object] = []
        # torch.cuda.graph would empty the allocator's cache each time, which takes longer than most cases. Nothing may
        # be freed while calls are captured, so the garbage collector waits.
        with torch.cuda.stream(side), _no_collection():
            graph.capture_begin()
            try:
                for call in calls:
                    result = call()
                    if keep:
                        results.append(result)
            finally:
                graph.capture_end()
        torch.cuda.synchronize(self._device)

        def run() -> None:
            graph.replay()

        # The results live as long as the function that writes them.
        run.__dict__["results"] = results
        return run

    def elapsed(self, run: Call, *, flush: bool) -> float:
        """Time between two events; the device is kept busy before, so that both are queued when the first passes."""
        if flush:
            self._other.zero_()
        else:
            torch.cuda._sleep(self._SLEEP)
        self._start.record()
        run()
        self._end.record()
        torch.cuda.synchronize(self._device)
        return float(self._start.elapsed_time(self._end)) * 1e-3


@contextmanager
def _no_collection() -> Iterator[None]:
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def stopwatch_for(device: torch.device, *, cache: int = 2**25) -> Stopwatch:
    """Clock of a device; `cache` is the size of a CPU's last-level cache. [B]"""
    return CudaStopwatch(device) if device.type == "cuda" else CpuStopwatch(cache)


def measure(
    stopwatch: Stopwatch, make: Callable[[], Call], *, cold: bool, nbytes: int, budget: float = 0.03
) -> Measurement:
    """Median time of one call.

    Parameters
    ----------
    stopwatch : Stopwatch
    make : callable
        Makes inputs and returns the call on them; used once for warm calls, several times for cold ones.
    cold : bool
        Whether inputs come from memory instead of from the cache.
    nbytes : int
        Memory of one set of inputs and results. [B]
    budget : float
        Time to spend on repetitions, beyond which only the least number of them is made. [s]
    """
    call = make()
    once = _estimate(stopwatch, call)
    count = min(max(math.ceil(_SHORTEST / max(once, 1e-7)), 1), _MOST_CALLS)
    if cold:
        count = min(count, max(_MOST_COLD_BYTES // max(nbytes, 1), 1))
    calls = [call, *(make() for _ in range(count - 1))] if cold else [call] * count
    run = stopwatch.prepare(calls, keep=cold)
    stopwatch.elapsed(run, flush=cold)
    repeats = min(max(int(budget / max(once * count, 1e-7)), _LEAST_REPEATS), _MOST_REPEATS)
    times = sorted(stopwatch.elapsed(run, flush=cold) / count for _ in range(repeats))
    low, high = times[len(times) // 4], times[(3 * len(times)) // 4]
    return Measurement(median=statistics.median(times), spread=(high - low) / 2, calls=count, repeats=repeats)


def _estimate(stopwatch: Stopwatch, call: Call) -> float:
    """Time of one call after a first one; the second of two, since the first loads code. [s]"""
    single = stopwatch.prepare([call], keep=False)
    stopwatch.elapsed(single, flush=False)
    return stopwatch.elapsed(single, flush=False)
