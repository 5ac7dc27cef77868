import numpy as np
import pytest

from simulator.cost.mechanisms import (
    cache_hit_rate,
    hit_rate,
    overlapped,
    power_limited,
    power_slowdown,
    throttle_factor,
)


def test_united_is_a_p_norm():
    three, four = np.array([3.0]), np.array([4.0])
    assert overlapped((three, four), np.array([2.0])) == pytest.approx(5.0)
    assert overlapped((three, four), np.array([1.0])) == pytest.approx(7.0)
    assert overlapped((three, four), np.array([60.0])) == pytest.approx(4.0, rel=1e-6)


def test_united_of_nothing_is_nothing():
    assert overlapped((np.zeros(1), np.zeros(1)), np.array([2.0])) == pytest.approx(0.0, abs=1e-20)


def test_throttle_acts_after_its_time_constant():
    slow = np.array([0.5])
    assert throttle_factor(np.array([0.0]), slowdown=slow, time=np.array([1e-3])) == 1.0
    assert throttle_factor(np.array([1e-3]), slowdown=slow, time=np.array([1e-3])) == pytest.approx(
        1 + 0.5 * (1 - np.exp(-1))
    )
    assert throttle_factor(np.array([1.0]), slowdown=slow, time=np.array([1e-3])) == pytest.approx(1.5)


def test_power_pays_for_a_rate():
    # 8.1 TFLOP/s at 17.6 pJ are 143 W on a board of 70 W; 14 TFLOP/s are 246 W on one of 250 W.
    slow = power_slowdown(np.array([8.1e12, 14e12, 1e15]), energy=np.array(17.6e-12), power=np.array([70, 250, np.nan]))
    assert slow == pytest.approx([8.1 * 17.6 / 70 - 1, 0.0, 0.0])


def test_a_cache_keeps_what_fits():
    capacity = np.array([40e6])
    assert hit_rate(np.array([30e6]), capacity) == 1.0
    assert hit_rate(np.array([40e6]), capacity) == pytest.approx(0.5)
    assert hit_rate(np.array([50e6]), capacity) == 0.0


def test_only_touched_bytes_are_resident(table):
    half = table(bytes_read=8e6, bytes_written=8e6, resident_bytes=4e6)
    assert cache_hit_rate(half, np.array([40e6, 1e6])).tolist() == [[0.5, 0.0]]


def test_power_limit_stretches_work_to_what_is_paid_for():
    busy, tau = np.array([1e-3]), np.array([1e-3])
    assert power_limited(busy, np.array([3e-3]), onset=np.array([1e-9])) == pytest.approx(3e-3)
    assert power_limited(busy, np.array([3e-3]), onset=tau) == pytest.approx(1e-3 + 2e-3 * (1 - np.exp(-1)))
    assert power_limited(busy, np.array([0.5e-3]), onset=tau) == 1e-3
    assert power_limited(busy, np.array([np.nan]), onset=tau) == 1e-3


def test_power_limited_work_is_never_slower_on_a_faster_part():
    # The energy stays, the time at the boost clock halves.
    onset, paid = np.array([1e-3]), np.array([2e-3])
    times = [float(power_limited(np.array([t]), paid, onset=onset)[0]) for t in (4e-3, 2e-3, 1e-3, 0.5e-3, 0.1e-3)]
    assert times == sorted(times, reverse=True)
