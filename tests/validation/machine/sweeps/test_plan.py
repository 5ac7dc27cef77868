"""Order of measurement."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import pytest

pytest.importorskip("torch")

from tracer.graph import OpGraph
from tracer.storage.graph_file import load_graph
from validation.machine.sweeps import FAMILIES, planned_cases
from validation.machine.sweeps.plan import BUNDLE, bundled_graphs, valued_cases


@pytest.fixture(scope="module")
def graph() -> OpGraph:
    path = BUNDLE / "stable-diffusion.npz"
    if not path.exists():
        pytest.skip("the bundle has no graph of stable-diffusion")
    return load_graph(path)


def test_the_bundle_is_read_one_graph_a_file() -> None:
    assert len(list(bundled_graphs())) == len(list(BUNDLE.glob("*.npz")))


def test_calls_that_take_most_time_come_first(graph: OpGraph) -> None:
    values = valued_cases([graph])
    assert set(values) == set(FAMILIES)
    # Shares of one pipeline over at least the time to set a case up.
    assert sum(value for family in values.values() for value in family.values()) < 1 / 0.05
    best = max(values["convolution"], key=lambda case: values["convolution"][case])
    assert best.input_shapes[1][2:] == (3, 3)


def test_a_cut_off_leaves_all_families_both_sources_and_both_half_formats(graph: OpGraph) -> None:
    plan = planned_cases("full", [graph])
    first = plan[:240]
    assert set(Counter(family for family, _ in first)) == set(FAMILIES)
    assert {case.dtype for _, case in first} >= {"float16", "bfloat16"}
    of_graph = {case for cases in valued_cases([graph]).values() for case in cases}
    share = sum(case in of_graph for _, case in first) / len(first)
    assert 0.2 < share < 0.8
    assert len(plan) == len(set(plan))


def test_a_plan_is_the_same_each_time(graph: OpGraph) -> None:
    first, second = (list(islice(planned_cases("full", [graph]), 300)) for _ in range(2))
    assert first == second


def test_the_tiny_plan_has_no_workload() -> None:
    plan = planned_cases("tiny")
    assert 0 < len(plan) < 40
    assert {case.dtype for _, case in plan} == {"float32"}
