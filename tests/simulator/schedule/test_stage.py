"""A stage on several accelerators at once, beside each of them alone; test_timeline.py holds those against a loop."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.execution import Execution
from simulator.hosts.catalogue import load_host
from simulator.lowering import Launches, lower
from simulator.schedule.stage import Waits
from simulator.schedule.timeline import issues_of, schedule, stage_runs
from tracer.graph import Op, TensorSpec

_EAGER = load_host().costs["eager"]


def _call(number: int, *, grown: bool = False) -> Op:
    tensor = TensorSpec((number + 1, 3 if grown else 2), "float16", (), 0)
    return Op("aten::silu", (tensor,), (tensor,))


def _launches(make_graph, repeats: list[int], *, grows: bool = False) -> Launches:
    graph = make_graph([_call(i) for i in range(3)], grown=[_call(i, grown=True) for i in range(3)] if grows else None)
    (stage,) = graph.stages
    stages = tuple(replace(stage, name=f"stage {i}", repeats=n) for i, n in enumerate(repeats))
    return lower(replace(graph, stages=stages), Execution())


@given(
    seed=st.integers(0, 10**6),
    repeats=st.lists(st.integers(1, 40), min_size=1, max_size=3),
    grows=st.booleans(),
    hosted=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_accelerators_do_not_mind_one_another(seed, repeats, grows, hosted, make_graph):
    launches = _launches(make_graph, repeats, grows=grows)
    times = 10.0 ** np.random.default_rng(seed).uniform(-6.5, -3, (len(launches.kernels), 5))
    host = _EAGER if hosted else None
    runs = stage_runs(launches, times, issues_of(launches, host))
    for at in range(5):
        alone = schedule(launches, times[:, at], host)
        for run, stage in zip(runs, alone.stages, strict=True):
            np.testing.assert_allclose(run.execution[:, at], stage.execution, rtol=1e-13)
            np.testing.assert_allclose(run.waiting[:, at], stage.waiting, rtol=1e-12, atol=1e-15)
            assert run.elapsed()[at] == pytest.approx(stage.latency, rel=1e-13)


def test_waits_are_counted_up_to_the_last_of_each_repeat():
    """Of two accelerators the first waits at its second launch in 2 of 4 repeats, the other never."""
    waits = Waits((3, 2), each=True)
    waits.add(np.array([[False, False], [True, False], [False, False]]), np.array([2, 2]))
    waits.add(np.zeros((3, 2), dtype=bool), np.array([2, 2]))
    assert waits.shares(0).T.tolist() == [[0.5, 0.5, 0.0], [0.0, 0.0, 0.0]]
    assert waits.shares(1).T.tolist() == [[0.5, 0.0, 0.0], [0.0, 0.0, 0.0]]


def test_waits_hide_all_repeats_before_the_last_one_that_waits():
    waits = Waits((2, 2), each=False)
    waits.add(np.zeros((2, 2), dtype=bool), np.array([3, 1]))
    waits.add(np.array([[True, True], [False, False]]), np.array([1, 0]))
    # The second has no repeat left when the first waits.
    assert waits.shares(0).T.tolist() == [[1.0, 0.75], [0.0, 0.0]]
