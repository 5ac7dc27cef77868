"""Timing of calls: how often, on which inputs, and what is reported."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

torch = pytest.importorskip("torch")

from validation.machine.stopwatch import CpuStopwatch, CudaStopwatch, measure, stopwatch_for  # noqa: E402

Call = Callable[[], object]


class _Fake:
    """A clock on which every call takes the times given, in turn."""

    def __init__(self, *times: float) -> None:
        self.times = times
        self.elapses = 0
        self.flushes = 0
        self.prepared: list[tuple[int, int, bool]] = []

    def prepare(self, calls: Sequence[Call], *, keep: bool) -> Call:
        self.prepared.append((len(calls), len({id(call) for call in calls}), keep))
        return lambda: len(calls)

    def elapsed(self, run: Call, *, flush: bool) -> float:
        self.elapses += 1
        self.flushes += flush
        return int(str(run())) * self.times[self.elapses % len(self.times)]


def _make() -> Call:
    return lambda: None


def test_short_calls_are_repeated_and_share_inputs_when_warm() -> None:
    clock = _Fake(2e-5)
    found = measure(clock, _make, cold=False, nbytes=8)
    # 0.2 ms of 20 us.
    assert clock.prepared == [(1, 1, False), (10, 1, False)]
    assert (found.calls, found.median) == (10, pytest.approx(2e-5))
    assert found.spread == pytest.approx(0.0)
    assert clock.flushes == 0


def test_cold_calls_have_inputs_of_their_own_and_a_flushed_cache() -> None:
    clock = _Fake(2e-5)
    found = measure(clock, _make, cold=True, nbytes=8)
    assert clock.prepared[-1] == (10, 10, True)
    # One run to warm up, and every repetition.
    assert clock.flushes == found.repeats + 1


def test_input_sets_are_as_many_as_memory_allows() -> None:
    clock = _Fake(1e-6)
    assert measure(clock, _make, cold=True, nbytes=2**30).calls == 2
    assert measure(clock, _make, cold=True, nbytes=2**40).calls == 1
    assert measure(clock, _make, cold=False, nbytes=2**40).calls == 32


def test_long_calls_run_once_a_repetition_and_a_few_times() -> None:
    clock = _Fake(2.0)
    found = measure(clock, _make, cold=False, nbytes=8)
    assert (found.calls, found.repeats, found.median) == (1, 3, 2.0)


def test_the_median_is_robust_and_the_spread_is_half_the_quartile_distance() -> None:
    clock = _Fake(1.0, 9.0, 1.0, 3.0)
    found = measure(clock, _make, cold=False, nbytes=8, budget=1000.0)
    assert found.repeats == 25
    assert 1.0 <= found.median <= 3.0
    assert found.spread == pytest.approx(1.0, abs=3.1)


def test_the_clock_of_a_cpu() -> None:
    clock = stopwatch_for(torch.device("cpu"), cache=2**16)
    assert isinstance(clock, CpuStopwatch)
    ran: list[int] = []
    run = clock.prepare([lambda: ran.append(1), lambda: ran.append(2)], keep=True)
    assert clock.elapsed(run, flush=True) > 0
    assert ran == [1, 2]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_the_clock_of_a_cuda_device() -> None:
    device = torch.device("cuda", 0)
    clock = stopwatch_for(device)
    assert isinstance(clock, CudaStopwatch)

    def make() -> Call:
        x = torch.randn(2**20, device=device)
        return lambda: x + 1

    for cold in (False, True):
        found = measure(clock, make, cold=cold, nbytes=2**23)
        assert 1e-7 < found.median < 1e-2
