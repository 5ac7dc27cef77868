import numpy as np
import pytest

from simulator.cost.mechanisms import cache_hit_rate, hit_rate, overlapped


def test_united_is_a_p_norm():
    three, four = np.array([3.0]), np.array([4.0])
    assert overlapped((three, four), np.array([2.0])) == pytest.approx(5.0)
    assert overlapped((three, four), np.array([1.0])) == pytest.approx(7.0)
    assert overlapped((three, four), np.array([60.0])) == pytest.approx(4.0, rel=1e-6)


def test_united_of_nothing_is_nothing():
    assert overlapped((np.zeros(1), np.zeros(1)), np.array([2.0])) == pytest.approx(0.0, abs=1e-20)


def test_a_cache_keeps_what_fits():
    capacity = np.array([40e6])
    assert hit_rate(np.array([30e6]), capacity) == 1.0
    assert hit_rate(np.array([40e6]), capacity) == pytest.approx(0.5)
    assert hit_rate(np.array([50e6]), capacity) == 0.0


def test_only_touched_bytes_are_resident(table):
    half = table(bytes_read=8e6, bytes_written=8e6, resident_bytes=4e6)
    assert cache_hit_rate(half, np.array([40e6, 1e6])).tolist() == [[0.5, 0.0]]
