"""Host and device on one clock, against a plain simulation of every launch of every repeat."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.execution import Execution
from simulator.hosts.catalogue import load_host
from simulator.hosts.costs import call_times
from simulator.hosts.host import HostCosts
from simulator.lowering import Launches, lower
from simulator.schedule.timeline import Timeline, schedule
from tracer.graph import Op, OpGraph, TensorSpec

_FREE = HostCosts(
    view=0,
    operator=0,
    row_wise=0,
    product=0,
    convolution=0,
    attention=0,
    launch=0,
    module=0,
    stage=0,
    delay=0,
    gap=0,
)
_EAGER = load_host().costs["eager"]
_TIMES = st.floats(0, 1e-3)
_COSTS = st.builds(
    lambda operator, launch, stage, delay, gap: replace(
        _FREE, operator=operator, launch=launch, stage=stage, delay=delay, gap=gap
    ),
    *[st.floats(0, 3e-4)] * 5,
)


def _call(number: int, *, grown: bool = False) -> Op:
    tensor = TensorSpec((number + 1, 3 if grown else 2), "float16", (), 0)
    return Op("aten::silu", (tensor,), (tensor,))


def _launches(make_graph, repeats: list[int], calls: int = 3, *, grows: bool = False) -> Launches:
    """Lowered graph with one stage for each number of repeats; launch i of each is row i of the table."""
    ops = [_call(i) for i in range(calls)]
    grown = [_call(i, grown=True) for i in range(calls)] if grows else None
    graph: OpGraph = make_graph(ops, grown=grown)
    (stage,) = graph.stages
    stages = tuple(replace(stage, name=f"stage {i}", repeats=n) for i, n in enumerate(repeats))
    return lower(replace(graph, stages=stages), Execution())


def _simulated(
    launches: Launches, times: np.ndarray, host: HostCosts, *, reads_back: bool
) -> list[tuple[np.ndarray, np.ndarray]]:
    """(execution, waiting) of every launch, summed over repeats, by a loop over all of them."""
    host_now = device = 0.0
    result = []
    for stage in launches.stages:
        execution, waiting = np.zeros(len(stage.calls)), np.zeros(len(stage.calls))
        issued = call_times(launches.graph, stage, host)
        for repeat in range(stage.stage.repeats):
            rows = stage.rows[repeat % len(stage.rows)]
            for i, row in enumerate(rows):
                start = max(host_now + issued[i] + host.delay, device + host.gap)
                execution[i] += times[row]
                waiting[i] += start - device
                device = start + times[row]
            host_now = device if reads_back and stage.stage.repeats > 1 else host_now + issued[-1]
        result.append((execution, waiting))
    return result


def _check(launches: Launches, times: np.ndarray, host: HostCosts, *, reads_back: bool = False) -> Timeline:
    timeline = schedule(launches, times, host, reads_back=reads_back)
    plain = _simulated(launches, times, host, reads_back=reads_back)
    for stage, (execution, waiting) in zip(timeline.stages, plain, strict=True):
        np.testing.assert_allclose(stage.execution, execution, rtol=1e-9, atol=1e-15)
        np.testing.assert_allclose(stage.waiting, waiting, rtol=1e-6, atol=1e-11)
        assert (stage.waiting >= 0).all()
    return timeline


@given(
    times=st.lists(_TIMES, min_size=3, max_size=3),
    host=_COSTS,
    repeats=st.lists(st.integers(1, 60), min_size=1, max_size=3),
    reads_back=st.booleans(),
)
@settings(max_examples=200)
def test_any_stages_agree_with_a_plain_loop(times, host, repeats, reads_back, make_graph):
    _check(_launches(make_graph, repeats), np.array(times), host, reads_back=reads_back)


@given(seed=st.integers(0, 10**6), host=_COSTS, repeats=st.integers(2, 30), reads_back=st.booleans())
@settings(max_examples=50)
def test_growing_stages_agree_with_a_plain_loop(seed, host, repeats, reads_back, make_graph):
    launches = _launches(make_graph, [repeats, 2], grows=True)
    times = np.random.default_rng(seed).uniform(0, 1e-3, len(launches.kernels))
    _check(launches, times, host, reads_back=reads_back)


@pytest.mark.parametrize("excess", [-1e-6, -1e-9, 0.0, 1e-9, 1e-6])
def test_a_host_and_a_device_that_are_almost_as_fast(excess, make_graph):
    """Whoever is slower by a little takes many repeats to fall behind."""
    host = replace(_FREE, operator=1e-4, delay=2e-5, gap=1e-6)
    times = np.full(3, 1e-4 - 1e-6) + excess / 3
    _check(_launches(make_graph, [500]), times, host)


@pytest.mark.parametrize("backlog", [1, 7, 300])
def test_a_backlog_is_worked_off_over_as_many_repeats_as_it_takes(backlog, make_graph):
    """After a stage that only the device is busy with, the host is ahead of it for a while."""
    launches = _launches(make_graph, [1, 400], calls=2)
    heavy, light = 1e-4 * backlog, 1e-5
    times = np.array([heavy, light])
    _check(launches, times, replace(_FREE, operator=1e-4))


def test_bound_by_the_device(make_graph):
    """Launches come faster than kernels end: the device never waits but for the first."""
    host = replace(_FREE, operator=1e-6, stage=5e-6, delay=2e-6)
    timeline = _check(_launches(make_graph, [10]), np.full(3, 1e-3), host)
    assert timeline.stages[0].waiting.sum() == pytest.approx(5e-6 + 1e-6 + 2e-6)
    assert timeline.latency == pytest.approx(10 * 3e-3 + 8e-6)


def test_gaps_of_a_busy_device(make_graph):
    timeline = _check(_launches(make_graph, [10]), np.full(3, 1e-3), replace(_FREE, gap=1e-6))
    assert timeline.latency == pytest.approx(30 * (1e-3 + 1e-6))


def test_bound_by_the_host(make_graph):
    """Kernels end before the next launch: elapsed is the host's time, and the last kernel."""
    host = replace(_FREE, operator=1e-3, stage=2e-3, delay=1e-6)
    timeline = _check(_launches(make_graph, [10]), np.full(3, 1e-5), host)
    assert timeline.latency == pytest.approx(10 * (2e-3 + 3e-3) + 1e-6 + 1e-5)


def test_up_to_the_last_wait_a_run_is_bound_by_the_host(make_graph):
    """Ten repeats that wait, and a stage after them whose first kernel alone does."""
    host = replace(_FREE, operator=1e-3)
    waits = schedule(_launches(make_graph, [10]), np.full(3, 1e-5), host, reads_back=False).stages[0]
    assert waits.waiting_for_host == pytest.approx([1, 1, 1])
    assert waits.hidden == pytest.approx([1, 1, 0.9])  # the last kernel of all ends the run
    busy = schedule(_launches(make_graph, [10]), np.full(3, 5e-3), host, reads_back=False).stages[0]
    assert busy.waiting_for_host == pytest.approx([0.1, 0, 0])
    assert busy.hidden == pytest.approx([0, 0, 0])


def test_a_later_wait_makes_all_before_the_hosts(make_graph):
    launches = _launches(make_graph, [1, 400], calls=2)
    timeline = schedule(launches, np.array([2e-5, 1e-5]), replace(_FREE, operator=1e-4), reads_back=False)
    assert [stage.waiting_for_host.min() for stage in timeline.stages] == pytest.approx([1, 1])
    assert [stage.hidden.min() for stage in timeline.stages] == pytest.approx([1, 399 / 400])


def test_every_stage_has_the_host_costs_of_its_mode(make_graph):
    launches = _launches(make_graph, [1, 1])
    launches = replace(launches, stages=(launches.stages[0], replace(launches.stages[1], mode="compiled")))
    by_mode = {"eager": replace(_FREE, operator=1e-3), "compiled": replace(_FREE, operator=1e-5)}
    eager, compiled = schedule(launches, np.full(3, 1e-6), by_mode).stages
    assert eager.latency == pytest.approx(3e-3 + 1e-6)
    assert compiled.latency == pytest.approx(3e-5)


def test_the_device_alone(make_graph):
    launches = _launches(make_graph, [7, 3])
    timeline = schedule(launches, np.array([1e-3, 2e-3, 3e-3]), None)
    assert timeline.latency == pytest.approx(10 * 6e-3)
    assert all((s.waiting == 0).all() for s in timeline.stages)
    assert timeline.stages[0].execution == pytest.approx([7e-3, 14e-3, 21e-3])


def test_latency_is_the_sum_of_stages_and_of_launches(make_graph):
    timeline = schedule(_launches(make_graph, [7, 3]), np.array([1e-3, 1e-5, 3e-6]), _EAGER)
    assert timeline.latency == sum(s.latency for s in timeline.stages)
    for stage in timeline.stages:
        assert stage.latency == pytest.approx(stage.execution.sum() + stage.waiting.sum())


def test_spans_are_those_of_the_first_repeat(make_graph):
    launches = _launches(make_graph, [4])
    host = replace(_FREE, operator=1e-4, delay=1e-5)
    timeline = schedule(launches, np.array([1e-3, 1e-5, 1e-5]), host)
    spans = list(timeline.spans(timeline.stages[0]))
    assert [s.name for s in spans] == ["silu"] * 3
    assert [s.call for s in spans] == [0, 1, 2]
    assert [s.launched for s in spans] == pytest.approx([1e-4, 2e-4, 3e-4])
    assert [s.start for s in spans] == pytest.approx([1.1e-4, 1.11e-3, 1.12e-3])
    assert [s.duration for s in spans] == pytest.approx([1e-3, 1e-5, 1e-5])


def test_a_stage_that_launches_nothing(make_graph):
    tensor = TensorSpec((4,), "float16", (), 0)
    graph = make_graph([Op("aten::view", (tensor,), (tensor,))], repeats=3)
    timeline = schedule(lower(graph, Execution()), np.zeros(0), _EAGER)
    assert timeline.latency == 0
    assert list(timeline.spans(timeline.stages[0])) == []


@pytest.mark.parametrize("reads_back", [False, True])
def test_many_repeats_take_no_longer_to_schedule(reads_back, make_graph):
    launches = _launches(make_graph, [10**12])
    timeline = schedule(launches, np.full(3, 1e-3), _EAGER, reads_back=reads_back)
    assert timeline.latency == pytest.approx(10**12 * 3 * (1e-3 + _EAGER.gap), rel=0.3 if reads_back else 1e-6)


def test_what_a_host_does_between_repeats_shows_where_it_waits_for_the_device(make_graph):
    """Each of ten repeats begins with the pipeline's own code, 5 ms, and one launch, then runs for 3 ms."""
    host = replace(_FREE, operator=1e-6, stage=5e-3, delay=2e-6)
    timeline = _check(_launches(make_graph, [10]), np.full(3, 1e-3), host, reads_back=True)
    assert timeline.latency == pytest.approx(10 * (5e-3 + 1e-6 + 2e-6 + 3e-3))
    (stage,) = timeline.stages
    assert stage.waiting_for_host == pytest.approx([1, 0, 0])
    assert stage.hidden == pytest.approx([0, 0, 0])


def test_a_stage_that_reads_back_ends_what_the_host_hides(make_graph):
    host = replace(_FREE, operator=1e-3)
    timeline = schedule(_launches(make_graph, [1, 5, 1]), np.full(3, 1e-5), host)
    assert [stage.hidden.tolist() for stage in timeline.stages] == [[1, 1, 1], [1, 1, 0], [1, 1, 0]]
