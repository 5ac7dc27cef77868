import pytest

from simulator.cost.collective import collective_cost
from simulator.kernels import Implementation, KernelFamily


def _cost(table, hardware, implementation, ranks):
    kernel = table(family=KernelFamily.COLLECTIVE, implementation=implementation, m=8e8, n=ranks)
    return collective_cost("collective", kernel, hardware()).time[0, 0]


def test_ring_by_hand(table, hardware):
    # 7/8 of 800 MB at 70 % of 100 GB/s, three doubling steps.
    gather = _cost(table, hardware, Implementation.ALL_GATHER, 8.0)
    assert gather == pytest.approx(6e-6 + 3 * 1.5e-6 + 7e8 / 7e10)


def test_all_reduce_sends_twice(table, hardware):
    reduce = _cost(table, hardware, Implementation.ALL_REDUCE, 8.0)
    assert reduce == pytest.approx(6e-6 + 6 * 1.5e-6 + 14e8 / 7e10)


def test_one_rank_sends_nothing(table, hardware):
    assert _cost(table, hardware, Implementation.ALL_REDUCE, 1.0) == pytest.approx(6e-6)
