import pytest

from simulator.cost.families import group_cost
from simulator.kernels import Collective, CollectiveAlgorithm


def _cost(table, hardware, algorithm, ranks):
    kernel = table(Collective, algorithm=algorithm, message_bytes=8e8, num_ranks=ranks)
    part = hardware().with_parameters({"collective.pipeline": 0.0, "collective.contention": 0.0})
    return group_cost("collective", kernel, part).time[0, 0]


def test_ring_by_hand(table, hardware):
    # 7/8 of 800 MB at 70 % of 100 GB/s, three doubling steps.
    gather = _cost(table, hardware, CollectiveAlgorithm.ALL_GATHER, 8.0)
    assert gather == pytest.approx(6e-6 + 3 * 1.5e-6 + 7e8 / 7e10)


def test_all_reduce_sends_twice(table, hardware):
    reduce = _cost(table, hardware, CollectiveAlgorithm.ALL_REDUCE, 8.0)
    assert reduce == pytest.approx(6e-6 + 6 * 1.5e-6 + 14e8 / 7e10)


def test_one_rank_sends_nothing(table, hardware):
    assert _cost(table, hardware, CollectiveAlgorithm.ALL_REDUCE, 1.0) == pytest.approx(6e-6)


def test_long_messages_fill_a_pipeline_and_shared_links_are_contended(table, hardware):
    kernel = table(Collective, algorithm=CollectiveAlgorithm.ALL_GATHER, message_bytes=8e8, num_ranks=8.0)
    part = hardware().with_parameters(
        {"collective.pipeline": 1e-4, "collective.chunk": 7e8 / 9, "collective.contention": 1.0}
    )
    time = group_cost("collective", kernel, part).time[0, 0]
    assert time == pytest.approx(6e-6 + 3 * 1.5e-6 + 4 * 7e8 / 7e10 + 0.9e-4)
