from dataclasses import replace

import numpy as np
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


def _direct(table, hardware, domain=8.0, **columns):
    kernel = table(Collective, algorithm=CollectiveAlgorithm.ALL_REDUCE, direct=1.0, **columns)
    part = hardware().with_parameters({"collective.pipeline": 0.0, "collective.contention": 0.0})
    return group_cost("collective", kernel, replace(part, link_domain=np.array([domain]))).time[0, 0]


def test_ranks_that_read_one_another_take_one_pass_or_two(table, hardware):
    # Links of 100 GB/s to 70 %. Seven messages of 7 kB in one pass; 7/4 of 4 MB in two, which wait once more.
    assert _direct(table, hardware, message_bytes=7e3, num_ranks=8.0) == pytest.approx(5e-6 + 49e3 / 7e10)
    assert _direct(table, hardware, message_bytes=4e6, num_ranks=8.0) == pytest.approx(10e-6 + 7e6 / 7e10)


def test_a_library_sends_what_is_too_long_or_too_far(table, hardware):
    for columns in ({"message_bytes": 8e8, "num_ranks": 8.0}, {"message_bytes": 7e3, "num_ranks": 16.0}):
        kernel = table(Collective, algorithm=CollectiveAlgorithm.ALL_REDUCE, **columns)
        part = hardware().with_parameters({"collective.pipeline": 0.0, "collective.contention": 0.0})
        assert _direct(table, hardware, 16.0, **columns) == group_cost("collective", kernel, part).time[0, 0]


def test_cards_without_links_of_their_own_leave_sums_to_a_library(table, hardware):
    sent = {"message_bytes": 7e3, "num_ranks": 2.0}
    assert _direct(table, hardware, np.inf, **sent) == pytest.approx(6e-6 + 2 * 1.5e-6 + 7e3 / 7e10)
