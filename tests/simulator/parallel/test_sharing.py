"""What sharing a run comes to."""

from __future__ import annotations

import pytest

from hw_specs import load_accelerator
from simulator.execution import Execution
from simulator.parallel.scheme import Scheme
from simulator.simulation import simulate

_PART = load_accelerator("H100-SXM5-80GB")


def _run(graph, part=_PART, **splits):
    return simulate(graph, part, Execution(parallel=Scheme(**splits))).report


def test_one_device_shares_nothing(tokens):
    assert _run(tokens).sharing is None


def test_replicas_keep_the_latency_and_multiply_the_rest(tokens):
    one, four = _run(tokens), _run(tokens, data=4)
    assert four.latency == one.latency
    shared = four.sharing.over(one.latency)
    assert shared.throughput == pytest.approx(4 / one.latency)
    assert (shared.speed_up, shared.efficiency) == pytest.approx((4.0, 1.0))
    assert shared.energy == pytest.approx(4 * one.energy.energy)
    assert (shared.exposed, shared.sent) == (0.0, 0.0)


def test_keys_on_their_way_pass_beside_attention(tokens):
    ring = _run(tokens, ring=4).sharing
    assert ring.hidden > 0
    assert ring.exposed >= 0
    assert _run(tokens, ulysses=4).sharing.hidden == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("splits", [{"ulysses": 4}, {"ring": 4}, {"tensor": 4}, {"cfg": 2}])
def test_more_bandwidth_of_links_never_costs_time(tokens, splits):
    links = {name: link.model_copy(update={"bandwidth": 2 * link.bandwidth}) for name, link in _PART.links.items()}
    faster = _PART.model_copy(update={"links": links})
    assert _run(tokens, faster, **splits).latency <= _run(tokens, **splits).latency


def test_memory_of_a_device_never_grows_with_more_of_them(tokens):
    peaks = [_run(tokens, tensor=n).peak_memory for n in (1, 2, 4)]
    assert peaks == sorted(peaks, reverse=True)
